"""The blocks of a picture: where they stand, how high, in which colours."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from senga.image import Image
from senga.job import Job
from senga.ops import banded, luma

from .extrude import FOCUS


@dataclass(frozen=True)
class Blocks:
    """What is asked for.

    Attributes:
        size: width of a square, in pixels of the picture.
        depth: of the highest, in pixels of the settings.
        heights: by chance, or by lightness.
        solid_faces: faces have one colour.
        mask_incomplete: squares that the border of the picture cuts stay flat.
        seed: of the heights by chance.
    """

    size: float
    depth: float
    heights: Literal["random", "level"]
    solid_faces: bool
    mask_incomplete: bool
    seed: int


@dataclass(frozen=True)
class Scene:
    """The blocks of a picture.

    Attributes:
        middle: (x, y) of the centre of the whole picture, in pixels of this one.
        size: width of a square, in pixels.
        first: (column, row) of the first square of ``depth``, counted from the one right and below of the centre.
        depth: (rows, columns) of each square, as ζ of its face.
        colour: (rows, columns, 3) mean colours.
        solid: (rows, columns) whether a face has one colour.
    """

    middle: tuple[float, float]
    size: float
    first: tuple[int, int]
    depth: Any
    colour: Any
    solid: Any

    @cached_property
    def highest(self) -> np.float32:
        """ζ of the highest face."""
        return np.float32(self.depth.max(initial=0))


def scene(blocks: Blocks, image: Image, job: Job) -> Scene:
    """The blocks of a picture, or of a part of one: they are those of the whole."""
    full, size = job.full_size or (image.height, image.width), blocks.size
    middle = full[1] / 2 - job.offset[1], full[0] / 2 - job.offset[0]
    lengths = image.width, image.height
    first = [math.floor(-place / size) for place in middle]
    last = [math.ceil((length - place) / size) for length, place in zip(lengths, middle, strict=True)]
    edges = [
        np.clip(np.floor(place + size * np.arange(start, stop + 1) + 0.5), 0, length).astype(np.int64)
        for place, start, stop, length in zip(middle, first, last, lengths, strict=True)
    ]
    colour = _means(image, edges[0], edges[1], job)
    rise = _rises(blocks, colour, full, first) * blocks.depth
    solid = np.full(rise.shape, blocks.solid_faces)
    if blocks.mask_incomplete:
        solid &= (complete := _complete(rise.shape, full, size, first))
        rise = np.where(complete, rise, 0)
    zeta = (rise / (FOCUS + rise)).astype(np.float32)
    return Scene(middle, size, (first[0], first[1]), zeta, colour, solid)


def _means(image: Image, x: Any, y: Any, job: Job) -> Any:
    """Mean colours of the squares between these columns and rows."""
    result = np.zeros((len(y) - 1, len(x) - 1, 3), np.float32)
    counts = np.maximum(np.diff(x), 1)[:, None]

    def mean(rows: slice) -> None:
        for row in range(rows.start, rows.stop):
            top = min(y[row], image.height - 1)
            strip = banded.samples(image.pixels[top : max(y[row + 1], top + 1)]).mean(axis=0, dtype=np.float64)
            sums = np.concatenate([np.zeros((1, 3)), np.cumsum(strip, axis=0)])
            result[row] = (sums[x[1:]] - sums[x[:-1]]) / counts

    per_row = max(1, image.height * image.width // len(result))
    banded.each_band(mean, banded.parts_of(len(result), per_row), job)
    return result


def _rises(blocks: Blocks, colour: Any, full: tuple[int, int], first: list[int]) -> Any:
    """The share of the depth by which each square rises, in 0..1; the same in any part of a picture."""
    if blocks.heights == "level":
        return luma(colour)
    columns, rows = (math.floor(-length / 2 / blocks.size) for length in (full[1], full[0]))
    wide = math.ceil(full[1] / 2 / blocks.size) - columns + 1
    high = math.ceil(full[0] / 2 / blocks.size) - rows + 1
    chance = Job().rng(blocks.seed).random((high, wide), np.float32)
    down = np.clip(np.arange(colour.shape[0]) + first[1] - rows, 0, high - 1)
    right = np.clip(np.arange(colour.shape[1]) + first[0] - columns, 0, wide - 1)
    return chance[down][:, right]


def _complete(shape: tuple[int, ...], full: tuple[int, int], size: float, first: list[int]) -> Any:
    """Which squares lie wholly in the picture."""

    def inside(count: int, start: int, length: int) -> Any:
        place = np.arange(start, start + count)
        return (place * size >= -length / 2 - 1e-6) & ((place + 1) * size <= length / 2 + 1e-6)

    return np.logical_and.outer(inside(shape[0], first[1], full[0]), inside(shape[1], first[0], full[1]))
