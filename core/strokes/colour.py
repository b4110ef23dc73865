"""Coloured pencils: the drawing keeps its light and dark, the photograph gives the colours."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.image import Image, to_depth
from senga.job import Job
from senga.ops.lightness import LUMA
from senga.ops.rows import bands

from .bank import PAPER

Grey = NDArray[np.uint8]
Colours = NDArray[np.uint8]
Plane = NDArray[np.float32]

_COVERAGE = np.clip((PAPER - np.arange(256)) / 28, 0, 1).astype(np.float32)
"""How much of its colour a grey has: paper none, strokes that are a little darker all."""
_BLACK, _DARK = 10, 50
"""Between these lumas, from dark to black, a photograph's colours are mostly noise, and fade."""
_LIFT = 1.4
"""How much more colour a place may get that is drawn lighter than it is."""


def soft_colours(image: Image, unit: float) -> Colours:
    """The colours of a picture as (H, W, 3) uint8, blurred by about ``unit`` pixels: a pencil has one colour."""
    size = max(1, round(image.width / unit)), max(1, round(image.height / unit))
    pixels = np.ascontiguousarray(to_depth(image.pixels, np.uint8))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (image.width, image.height), interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


def paint(drawing: Grey, colours: Colours, saturation: float, job: Job | None = None) -> Colours:
    """Draw with coloured pencils, in strips; see ``Palette``.

    Args:
        drawing: (H, W) uint8, the grey drawing.
        colours: (H, W, 3) uint8, the photograph.
        saturation: 1 is as colourful as the photograph.
        job: told of the progress.
    """
    painted = np.empty_like(colours)
    for rows in bands(len(drawing)):
        if job is not None:
            job.progress(rows.start / len(drawing), "Colouring")
        painted[rows] = Palette.of(colours[rows], saturation).paint(drawing[rows])
    return painted


@dataclass(frozen=True, eq=False)
class Palette:
    """The pencils for every pixel: what painting needs to know of a photograph, as (H, W) planes.

    The luma stays that of the drawing. Colours that do not fit into the range at that luma are made paler instead of
    being cut off channel by channel, which would change their hue.

    Attributes:
        chroma: red, green and blue less the luma.
        amount: how much chroma a place gets per grey of its drawing.
        most: the most it gets.
        above: how much chroma there is room for per grey up to white.
        below: how much per grey down to black.
    """

    chroma: tuple[Plane, ...]
    amount: Plane
    most: Plane
    above: Plane
    below: Plane

    @classmethod
    def of(cls, colours: Colours, saturation: float) -> Palette:
        """The pencils for (H, W, 3) colours."""
        channels = [colours[:, :, index].astype(np.float32) for index in range(3)]
        luma = sum(weight * channel for weight, channel in zip(LUMA, channels, strict=True))
        chroma = tuple(channel - luma for channel in channels)
        most = np.float32(saturation) * np.clip((luma - _BLACK) / (_DARK - _BLACK), 0, 1)
        highest, lowest = (reduce(choose, chroma) for choose in (np.maximum, np.minimum))
        return cls(
            chroma,
            most / np.maximum(luma, 1),
            most * np.float32(_LIFT),
            1 / np.maximum(highest, np.float32(1e-3)),
            1 / np.maximum(-lowest, np.float32(1e-3)),
        )

    def paint(self, drawing: Grey) -> Colours:
        """The (H, W) drawing in colour, (H, W, 3)."""
        grey, share = drawing.astype(np.float32), self.share(drawing)
        painted = np.empty((*drawing.shape, 3), np.uint8)
        grey += np.float32(0.5)
        for index, chroma in enumerate(self.chroma):
            painted[:, :, index] = np.minimum(grey + share * chroma, 255)
        return painted

    def share(self, drawing: Grey) -> Plane:
        """How much of the chroma each place of an (H, W) drawing gets."""
        grey = drawing.astype(np.float32)
        share = np.minimum(grey * self.amount, self.most)
        share *= cv2.LUT(drawing, _COVERAGE)
        np.minimum(share, grey * self.below, out=share)
        return np.minimum(share, (255 - grey) * self.above, out=share)
