"""From a line drawing and hints to flat colours under the lines, at full size."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.image import Image, Layer, as_rgb, to_depth
from senga.job import Job
from senga.ops import banded, bands, regions

from .drawing import Drawing, drawing_of
from .filling import Numbers, filled
from .flats import flats_of
from .hints import Palette, check_points, marks_of, palette_of

if TYPE_CHECKING:
    from . import Colorize

_HALO = 8
"""Pixels of the working size beyond a band that bringing colours up looks at."""


def painted(image: Image, act: Colorize, job: Job) -> Image:
    """The coloured drawing, with its layers if they are asked for.

    Raises:
        SengaError: there are no lines, or no hints.
    """
    check_points(act.points, act.colours)
    drawing = drawing_of(image, act.gap, act.faintest_line, job.part(0, 0.5))
    hints = act.picture("hints") if act.mode == "hints" else None
    palette, numbers = _coloured(drawing, hints, act, job)
    whole = _enlarged(drawing, numbers, hints, palette, job.part(0.6, 0.85))
    return _laid_under(image, drawing, palette.colours, whole, act.separate_layers, job.part(0.85, 1))


def _coloured(drawing: Drawing, hints: Image | None, act: Colorize, job: Job) -> tuple[Palette, Numbers]:
    """The colours, and which of them every pixel of the working size gets."""
    if act.mode == "flats":
        return flats_of(drawing, act.seed)
    job.progress(0.5, "Spreading colours")
    palette = palette_of(hints, act.colours)
    height, width = drawing.ink.shape
    marks = marks_of(hints, act.points, palette, (height, width), drawing.factor, job)
    smallest = act.smallest_region**2 * drawing.ink.size / 1e6 / drawing.factor**2
    return palette, filled(drawing, marks, act.overshoot, smallest, spreads=act.without_hint == "neighbour")


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


def _laid_under(
    image: Image, drawing: Drawing, colours: NDArray[np.uint8], numbers: Numbers, in_layers: bool, job: Job
) -> Image:
    """The lines over flat colours."""
    result = np.empty_like(image.pixels, order="C")
    flats = np.empty((*numbers.shape, 3), np.uint8)

    def one(rows: slice) -> None:
        flats[rows] = colours[numbers[rows]]
        below = banded.samples(flats[rows])
        lines = banded.samples(image.pixels[rows])
        if drawing.on_paper:
            lines = below * lines
        if job.alpha is not None:
            lines = below + (lines - below) * to_depth(job.alpha[rows], np.float32)[:, :, None]
        banded.stored(lines, result[rows])

    banded.each_band(one, banded.parts_of(*numbers.shape), job)
    made = image.with_pixels(result)
    if not in_layers:
        return made
    return Image(made.pixels, None, made.grey, made.info, _layers(image, drawing, flats, numbers > 0, job))


def _layers(image: Image, drawing: Drawing, flats: Any, is_coloured: Any, job: Job) -> tuple[Layer, ...]:
    white = as_rgb(np.broadcast_to(np.uint8(255), is_coloured.shape))
    lines = Image(image.pixels, job.alpha, image.grey)
    mode: Any = "multiply" if drawing.on_paper else "normal"
    return (
        Layer("Paper", Image(white)),
        Layer("Flat colours", Image(flats, np.where(is_coloured, 255, 0).astype(np.uint8))),
        Layer("Lines", lines, mode, is_source=True),
    )
