"""A finished drawing taken apart: paper, colours, strokes and outlines, each a layer of colour with alpha.

Every layer is laid on as it is, in normal mode, so that painting programs agree about them: strokes and outlines are
black ink, the colours are washes below them. What 8 bits round in one layer, the next one above makes good.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.image import Image, Layer, as_rgb
from senga.job import Job
from senga.ops.rows import bands

from . import paper
from .colour import Palette
from .render import Drawing
from .settings import PencilSettings

Bytes = NDArray[np.uint8]
Plane = NDArray[Any]

_SLACK = 8
"""How far, in 255ths, the alpha of an outline may depart from its own to make good what the layers below lack."""


@dataclass(frozen=True, eq=False)
class Wash:
    """What coloured pencils add.

    Attributes:
        colours: (H, W, 3) uint8, see ``colour.soft_colours``.
        saturation: as ``Palette.of`` takes it.
    """

    colours: Bytes
    saturation: float


def layers_of(
    drawing: Drawing, flat: Bytes, settings: PencilSettings, wash: Wash | None = None, job: Job | None = None
) -> tuple[Layer, ...]:
    """The layers of a drawing from the bottom up: paper, colours if there are any, strokes, outlines if there are any.

    Args:
        drawing: as it was drawn.
        flat: (H, W) or (H, W, 3) uint8, what became of it: coloured, on aged paper; the layers make this picture, with
            a tolerance of 1.
        settings: what the painter chose.
        wash: of coloured pencils.
        job: told of the progress.
    """
    size = drawing.shading.shape
    blank = np.asarray(cv2.LUT(paper.blank((size[0], size[1]), settings.seed), drawing.curve), np.uint8)
    sheet = paper.age(blank, settings.aged, settings.seed) if settings.aged > 0 else blank
    colours = None if wash is None else np.empty((*size, 4), np.uint8)
    strokes, outlines = np.empty(size, np.uint8), np.zeros(size, np.uint8)
    for rows in bands(size[0]):
        if job is not None:
            job.progress(rows.start / size[0], "Taking the layers apart")
        ground = as_rgb(sheet[rows]).astype(np.float32)
        tone = cv2.LUT(drawing.shading[rows], drawing.curve) / np.maximum(blank[rows], 1).astype(np.float32)
        line = np.ones_like(tone) if drawing.outlines is None else drawing.outlines[rows] / np.float32(255)
        goal = as_rgb(flat[rows]).astype(np.float32)
        if wash is not None and colours is not None:
            palette = Palette.of(wash.colours[rows], wash.saturation)
            ground, tone, line = _washed(
                ground, tone, line, drawing.result[rows], blank[rows], goal, palette, colours[rows]
            )
        strokes[rows], outlines[rows] = _inked(ground, tone, line, goal)
    return tuple(_named(sheet, colours, strokes, None if drawing.outlines is None else outlines))


def _named(sheet: Bytes, colours: Bytes | None, strokes: Bytes, outlines: Bytes | None) -> Any:
    black = np.broadcast_to(np.uint8(0), (*strokes.shape, 3))
    yield Layer("Paper", Image(as_rgb(sheet)))
    if colours is not None:
        yield Layer("Colours", Image(colours[:, :, :3], colours[:, :, 3]))
    yield Layer("Strokes", Image(black, strokes))
    if outlines is not None:
        yield Layer("Outlines", Image(black, outlines))


def _washed(
    ground: Plane, tone: Plane, line: Plane, grey: Bytes, blank: Bytes, flat: Plane, palette: Palette, wash: Bytes
) -> tuple[Plane, Plane, Plane]:
    """Lay the colours on: fills ``wash`` (h, w, 4), gives the ground with them and the lighter tones and lines above.

    Coloured pencils are lighter in their strongest channel than a grey pencil. That much is taken from the strokes and
    the outlines, from each in proportion to its darkness; what remains is the hue, which the wash holds.
    """
    share = palette.share(grey)
    tint = np.dstack([grey + share * chroma for chroma in palette.chroma]) + np.float32(1e-3)  # black has no hue
    strongest = tint.max(axis=2)
    light, dark = strongest / np.maximum(blank, 1), np.log(np.clip(tone * line, 1e-3, 1))
    left = np.log(np.clip(light, 1e-3, 1))
    power = np.clip(np.divide(left, dark, out=np.ones_like(dark), where=dark < -1e-3), 0, 1)
    tone, line = tone**power, line**power
    hue = ground * tint * (np.maximum(light, 1) / strongest)[:, :, None]
    exact = np.clip(flat / np.maximum(tone * line, 1e-3)[:, :, None], hue - 1, hue + 1)
    wanted = np.clip(np.where(share[:, :, None] > 0, exact, hue), 0, 255)
    darker, lighter = 1 - wanted / np.maximum(ground, 1), (wanted - ground) / np.maximum(255 - ground, 1)
    wash[:, :, 3] = np.ceil(255 * np.clip(np.maximum(darker, lighter).max(axis=2), 0, 1) - 1e-3)
    cover = wash[:, :, 3:] / np.float32(255)
    ink = np.divide(wanted - ground * (1 - cover), cover, out=np.zeros_like(wanted), where=cover > 0)
    wash[:, :, :3] = np.clip(np.rint(ink), 0, 255)
    return ground + (wash[:, :, :3] - ground) * cover, tone, line


def _inked(ground: Plane, tone: Plane, line: Plane, flat: Plane) -> tuple[Bytes, Bytes]:
    """The alphas of black strokes and outlines, which together darken the ground to the flat picture."""
    free, clean = line >= 1, ground * tone[:, :, None]
    exact = np.clip(flat / np.maximum(line, 1e-3)[:, :, None], clean - 1, clean + 1)
    strokes = _cover(ground, np.where(free[:, :, None], flat, exact))
    below = ground * (1 - strokes[:, :, None] / np.float32(255))
    own = np.rint(255 * (1 - line))
    outlines = np.clip(_cover(below, flat), own - _SLACK, own + _SLACK)
    return strokes, np.where(free, 0, outlines.clip(0, 255)).astype(np.uint8)


def _cover(below: Plane, wanted: Plane) -> Bytes:
    """The alpha of black that brings (h, w, 3) colours nearest to others."""
    share = (below * wanted).sum(axis=2) / np.maximum((below * below).sum(axis=2), 1e-3)
    return np.asarray(np.rint(255 * np.clip(1 - share, 0, 1)), np.uint8)
