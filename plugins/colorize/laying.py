"""From colours at the working size to the coloured drawing: at full size, up to the lines and below them, in layers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.image import Image, Layer, as_rgb, to_depth
from senga.job import Job
from senga.ops import banded, bands, regions

from . import shading as shades_of
from .colouring import Colouring, Numbers
from .drawing import Drawing
from .hints import Palette

_HALO = 8
"""Pixels of the working size beyond a band that bringing colours up looks at."""


def laid(
    image: Image, drawing: Drawing, made: Colouring, job: Job, *, hints: Image | None = None, shading: float = 1.0,
    in_layers: bool = False,
) -> Image:  # fmt: skip
    """The drawing with colours below its lines, at full size.

    Args:
        image: the lines.
        drawing: what is known of them.
        made: the colours, at the working size.
        job: threads, progress and cancel; its alpha is that of the lines.
        hints: the picture that the palette's codes are from, whose pixels are kept exactly.
        shading: how strong shades are, 0..1.
        in_layers: give paper, flat colours, shades and lines as layers, too.
    """
    whole = _enlarged(drawing, made.numbers, hints, made.palette, job.part(0, 0.5))
    shades = _shades(drawing, made, whole, shading, job.part(0.5, 0.7))
    flats = np.empty((*whole.shape, 3), np.uint8)
    _filled(flats, made.palette.colours, whole, job.part(0.7, 0.8))
    result = _laid_under(image, drawing, flats, shades, job.part(0.8, 1))
    if not in_layers:
        return result
    layers = _layers(image, drawing, flats, whole > 0, shades, job)
    return Image(result.pixels, None, result.grey, result.info, layers)


def laid_in_turn(
    image: Image, drawing: Drawing, numbers: Numbers, several: NDArray[np.uint8], job: Job
) -> Iterator[Image]:
    """The drawing with one flat colouring after the other, which have their regions in common.

    Args:
        image: the lines.
        drawing: what is known of them.
        numbers: (h, w) regions, below lines too.
        several: (K, N + 1, 3) the colours of regions in each.
        job: as for ``laid``.
    """
    made = Colouring.of(several[0][1:], np.asarray(numbers, np.int32))
    whole = _enlarged(drawing, made.numbers, None, made.palette, job.part(0, 0.3))
    flats = np.empty((*whole.shape, 3), np.uint8)
    for number, colours in enumerate(several):
        part = job.part(0.3 + 0.7 * number / len(several), 0.3 + 0.7 * (number + 1) / len(several))
        _filled(flats, colours, whole, part.part(0, 0.4))
        yield _laid_under(image, drawing, flats, None, part.part(0.4, 1))


def _filled(flats: Any, colours: NDArray[np.uint8], whole: Numbers, job: Job) -> None:
    """Puts the colour of every pixel in."""

    def one(rows: slice) -> None:
        np.take(colours, whole[rows], axis=0, out=flats[rows], mode="clip")

    banded.each_band(one, banded.parts_of(*whole.shape), job)


def _enlarged(drawing: Drawing, numbers: Numbers, hints: Image | None, palette: Palette, job: Job) -> Numbers:
    """(H, W) numbers of colours: at the working size they are known but for the rims of lines, where they spread."""
    if drawing.factor == 1:
        return numbers
    result = np.empty(drawing.ink.shape, np.int32)
    rows_each = drawing.factor * max(1, round(math.sqrt(banded.SAMPLES) / drawing.factor))
    parts = list(bands(len(result), rows_each))

    def one(rows: slice) -> None:
        result[rows] = _band(drawing, numbers, hints, palette, rows)

    banded.each_band(one, parts, job)
    return result


def _band(drawing: Drawing, numbers: Numbers, hints: Image | None, palette: Palette, rows: slice) -> Numbers:
    factor, (height, width) = drawing.factor, drawing.ink.shape
    top = max(0, rows.start - _HALO * factor)
    bottom = min(height, rows.stop + _HALO * factor)
    small = numbers[top // factor : -(-bottom // factor)]
    large = _repeated(np.where(_is_sure(small), small + 1, 0), factor)[: bottom - top, :width]
    guess = _repeated(small + 1, factor)[: bottom - top, :width]
    free = drawing.ink[top:bottom] < drawing.level
    if hints is not None:
        is_hint = palette.marks(hints, slice(top, bottom)) + 1 == guess
        large = np.where(is_hint & (guess > 1), guess, large)
    spread = regions.flooded(np.where(free, large, 0).astype(np.int32), free)
    spread = np.where(spread > 0, spread, np.where(free, guess, 0))
    found = spread.reshape(-1)[regions.nearest(free)] if free.any() else guess
    return np.asarray(found[rows.start - top : rows.stop - top] - 1)


def _is_sure(numbers: Numbers) -> Any:
    """Where a pixel and those around it have the same colour."""
    values = numbers.astype(np.float32)
    ones = np.ones((3, 3), np.uint8)
    return np.asarray(cv2.erode(values, ones) == cv2.dilate(values, ones))


def _repeated(values: Any, factor: int) -> Numbers:
    return np.repeat(np.repeat(values, factor, axis=0), factor, axis=1)


def _shades(drawing: Drawing, made: Colouring, whole: Numbers, strength: float, job: Job) -> NDArray[np.uint8] | None:
    """(H, W) by how much colours are darkened, 255 not at all; None where nothing is."""
    if made.shade is None or strength == 0:
        return None
    result, soft = np.empty(whole.shape, np.uint8), 1 - np.float32(strength) * (1 - made.shade)

    def one(rows: slice) -> None:
        values = shades_of.enlarged(soft, made.numbers, whole, rows, drawing.factor)
        banded.stored(np.where(whole[rows] > 0, values, np.float32(1)), result[rows])

    banded.each_band(one, banded.parts_of(*whole.shape), job)
    return result


def _laid_under(image: Image, drawing: Drawing, flats: Any, shades: NDArray[np.uint8] | None, job: Job) -> Image:
    """The lines over flat colours and their shades."""
    result = np.empty_like(image.pixels, order="C")

    def one(rows: slice) -> None:
        below = banded.samples(flats[rows])
        if shades is not None:
            below = below * banded.samples(shades[rows])[:, :, None]
        lines = banded.samples(image.pixels[rows])
        if drawing.on_paper:
            lines = below * lines
        if job.alpha is not None:
            lines = below + (lines - below) * to_depth(job.alpha[rows], np.float32)[:, :, None]
        banded.stored(lines, result[rows])

    banded.each_band(one, banded.parts_of(*flats.shape[:2]), job)
    return image.with_pixels(result)


def _layers(
    image: Image, drawing: Drawing, flats: Any, is_coloured: Any, shades: NDArray[np.uint8] | None, job: Job
) -> tuple[Layer, ...]:
    white = as_rgb(np.broadcast_to(np.uint8(255), is_coloured.shape))
    lines = Image(image.pixels, job.alpha, image.grey)
    mode: Any = "multiply" if drawing.on_paper else "normal"
    return (
        Layer("Paper", Image(white)),
        Layer("Flat colours", Image(flats, np.where(is_coloured, 255, 0).astype(np.uint8))),
        *([] if shades is None else [Layer("Shading", Image(as_rgb(shades)), "multiply")]),
        Layer("Lines", lines, mode, is_source=True),
    )
