"""The picture as a field of blocks or pyramids that rise towards the eye.

The picture is cut into squares of ``size`` from its centre O. The face of a block of depth d is its square, seen
larger: p' = O + (p - O) · (1 + d / F), F = 500 pixels of the settings. Instead of painting blocks over each other, each
pixel p' follows its ray down: with the depth ζ in 0..1, z = F ζ / (1 - ζ), it passes over the place
p = O + (p' - O)(1 - ζ), and shows the first block, face or side, that it meets. So it costs little that sizes are
small, and nothing is hidden wrongly. Sides of blocks show the edge of their square, shaded by where they look:
1 up, 0.85 and 0.7 sideways, 0.55 down. The four faces of a pyramid go from the sides of its square to the point above
its middle; they have the mean colour of the square, shaded alike.

Depths are ``depth`` times the mean lightness of the square, or times a random share. At depth 0 blocks are the picture
itself; with solid faces, a mosaic of mean colours.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from senga import hookimpl
from senga.filter import Filter, setting
from senga.image import Image
from senga.job import Job
from senga.settings import Seed

from .sizes import Sized

FOCUS = 500.0
"""Depth at which a face is twice as large, in pixels of the settings."""


class Extrude(Sized, Filter):
    """Raise the picture towards the eye, cut into blocks or pyramids."""

    name: ClassVar[str] = "extrude"
    title: ClassVar[str] = "Extrude"
    summary: ClassVar[str] = "The picture as blocks or pyramids that rise towards the eye."
    group: ClassVar[str] = "Distortion"
    keywords: ClassVar[tuple[str, ...]] = ("blocks", "pyramids", "cubes", "3D", "mosaic")

    shape: Literal["blocks", "pyramids"] = setting("blocks", "What the picture is cut into.")
    size: int = setting(30, "Width of a block.", ge=2, le=255, unit="px")
    depth: int = setting(
        30, "How far the highest blocks rise; 0 leaves the picture, or its mosaic, flat.", ge=0, le=255, unit="px"
    )
    heights: Literal["random", "level"] = setting(
        "random",
        "Each block rises by chance, or as far as it is light.",
        labels={"random": "By chance", "level": "By lightness"},
    )
    solid_faces: bool = setting(False, "Paint the face of each block in one colour.")
    mask_incomplete: bool = setting(False, "Leave out blocks that the border of the picture cuts.")
    seed: Seed = setting(1, "Another number makes other heights.")

    def __call__(self, image: Image, job: Job) -> Image:
        """The blocks."""
        from senga.ops import banded

        job.progress(0.0, "Raising blocks")
        solid = self.solid_faces and self.shape == "blocks"
        if self.depth == 0 and not solid:
            return image
        scale = self.pixels_of(image, job)
        scene = _scene(self, image, scale, job.part(0, 0.15))
        march = _Blocks if self.shape == "blocks" else _Pyramids
        result = np.empty_like(image.pixels, order="C")
        fine = 2 if scene.size >= 4 and image.height * image.width <= _FINE else 1

        def drawn(rows: slice) -> None:
            banded.stored(march(scene, fine).seen(rows, image.pixels), result[rows])

        parts = banded.parts_of(image.height, image.width, size=150_000 // fine**2)
        banded.each_band(drawn, parts, job.part(0.15, 1))
        return image.with_pixels(result)

    def reach(self, height: int, width: int) -> int:
        """The farthest that a face is moved from its square, and the size of a square."""
        scale = self.farthest(height, width)
        farthest = math.hypot(height, width) / 2
        moved = farthest * (1 - 1 / (1 + self.depth / FOCUS))
        return math.ceil(moved + 2 * self.size * scale) + 4


_FINE = 4_000_000
"""Pixels up to which a picture is drawn twice as large and reduced, so that edges are smooth."""


@dataclass(frozen=True)
class _Scene:
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


def _scene(act: Extrude, image: Image, scale: float, job: Job) -> _Scene:
    full = job.full_size or (image.height, image.width)
    size = max(2.0, act.size * scale)
    middle = full[1] / 2 - job.offset[1], full[0] / 2 - job.offset[0]
    lengths = image.width, image.height
    first = [math.floor(-place / size) for place in middle]
    last = [math.ceil((length - place) / size) for length, place in zip(lengths, middle, strict=True)]
    edges = [
        np.clip(np.floor(place + size * np.arange(start, stop + 1) + 0.5), 0, length).astype(np.int64)
        for place, start, stop, length in zip(middle, first, last, lengths, strict=True)
    ]
    colour = _means(image, edges[0], edges[1], job)
    rise = _rises(act, colour, full, size, first) * act.depth
    solid = np.full(rise.shape, act.solid_faces)
    if act.mask_incomplete:
        solid &= (complete := _complete(rise.shape, full, size, first))
        rise = np.where(complete, rise, 0)
    zeta = (rise / (FOCUS + rise)).astype(np.float32)
    return _Scene(middle, size, (first[0], first[1]), zeta, colour, solid)


def _means(image: Image, x: Any, y: Any, job: Job) -> Any:
    """Mean colours of the squares between these columns and rows."""
    from senga.ops import banded

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


def _rises(act: Extrude, colour: Any, full: tuple[int, int], size: float, first: list[int]) -> Any:
    """The share of the depth by which each square rises, in 0..1; the same in any part of a picture."""
    from senga.ops import luma

    if act.heights == "level":
        return luma(colour)
    columns, rows = (math.floor(-length / 2 / size) for length in (full[1], full[0]))
    wide = math.ceil(full[1] / 2 / size) - columns + 1
    high = math.ceil(full[0] / 2 / size) - rows + 1
    chance = Job().rng(act.seed).random((high, wide), np.float32)
    down = np.clip(np.arange(colour.shape[0]) + first[1] - rows, 0, high - 1)
    right = np.clip(np.arange(colour.shape[1]) + first[0] - columns, 0, wide - 1)
    return chance[down][:, right]


def _complete(shape: tuple[int, ...], full: tuple[int, int], size: float, first: list[int]) -> Any:
    """Which squares lie wholly in the picture."""

    def inside(count: int, start: int, length: int) -> Any:
        place = np.arange(start, start + count)
        return (place * size >= -length / 2 - 1e-6) & ((place + 1) * size <= length / 2 + 1e-6)

    return np.logical_and.outer(inside(shape[0], first[1], full[0]), inside(shape[1], first[0], full[1]))


class _March:
    """Rays of the pixels of a band, all a step at a time, from the highest face down and outwards.

    A ray over the square (i, j) has the index of that square and the ζ at which it enters; it ends where a block is.
    """

    def __init__(self, scene: _Scene, fine: int) -> None:
        self.scene, self.fine = scene, fine

    def seen(self, rows: slice, pixels: Any) -> Any:
        """The band, (rows, W, 3) float32."""
        import cv2

        height, width = (rows.stop - rows.start) * self.fine, pixels.shape[1] * self.fine
        y = (np.arange(height, dtype=np.float32) + np.float32(0.5)) / self.fine + np.float32(rows.start)
        x = (np.arange(width, dtype=np.float32) + np.float32(0.5)) / self.fine
        rays = np.meshgrid(x - np.float32(self.scene.middle[0]), y - np.float32(self.scene.middle[1]))
        band = self._traced(rays[0].ravel(), rays[1].ravel(), pixels).reshape(height, width, 3)
        if self.fine == 1:
            return band
        return cv2.resize(band, (pixels.shape[1], rows.stop - rows.start), interpolation=cv2.INTER_AREA)

    def _traced(self, x: Any, y: Any, pixels: Any) -> Any:
        """The colours of the pixels at (x, y) from the centre."""
        scene = self.scene
        high = np.float32(scene.depth.max(initial=0))
        colours = np.empty((len(x), 3), np.float32)
        alive, enter = np.arange(len(x)), np.full(len(x), high, np.float32)
        column, row = self._square(x * (1 - high), 0), self._square(y * (1 - high), 1)
        side = np.zeros(len(x), np.int8)
        while len(alive):
            leave, next_side = self._left(x, y, column, row, enter)
            hit, found, shade, flat = self._met(x, y, column, row, enter, leave, side)
            if hit.any():
                some = np.flatnonzero(hit)
                part = x[some], y[some], column[some], row[some], found[some]
                colours[alive[some]] = self._colours(*part, shade[some], flat[some], pixels)
            on = np.flatnonzero(~hit)
            alive, x, y, enter, side = alive[on], x[on], y[on], leave[on], next_side[on]
            column, row = column[on] + _STEP_X[side] * _sign(x), row[on] + _STEP_Y[side] * _sign(y)
            column = np.clip(column, 0, scene.depth.shape[1] - 1)
            row = np.clip(row, 0, scene.depth.shape[0] - 1)
        return colours

    def _square(self, place: Any, way: int) -> Any:
        index = np.floor(place / np.float32(self.scene.size)).astype(np.int32) - self.scene.first[way]
        return np.clip(index, 0, self.scene.depth.shape[1 - way] - 1)

    def _left(self, x: Any, y: Any, column: Any, row: Any, enter: Any) -> tuple[Any, Any]:
        """ζ at which each ray leaves its square, and over which side: 1 for left or right, 2 for above or below."""
        across = self._crossing(x, column, 0)
        down = self._crossing(y, row, 1)
        leave = np.minimum(np.maximum(across, down), enter)
        return leave, np.where(across >= down, np.int8(1), np.int8(2))

    def _crossing(self, place: Any, index: Any, way: int) -> Any:
        size = np.float32(self.scene.size)
        edge = (index + (self.scene.first[way] + (place > 0))).astype(np.float32) * size
        with np.errstate(divide="ignore", invalid="ignore"):
            zeta = 1 - edge / place
        return np.where(np.abs(place) > _ALMOST, zeta, np.float32(-1))

    def _met(
        self, x: Any, y: Any, column: Any, row: Any, enter: Any, leave: Any, side: Any
    ) -> tuple[Any, Any, Any, Any]:
        """Which rays end in their squares, at which ζ, with which shade, and whether in the mean colour."""
        raise NotImplementedError

    def _colours(self, x: Any, y: Any, column: Any, row: Any, zeta: Any, shade: Any, flat: Any, pixels: Any) -> Any:
        from senga.ops import banded

        colours = self.scene.colour[row, column] * shade[:, None]
        some = np.flatnonzero(~flat)
        if len(some):
            near = 1 - zeta[some]
            right = x[some] * near + np.float32(self.scene.middle[0])
            down = y[some] * near + np.float32(self.scene.middle[1])
            colours[some] = banded.samples(_nearest(pixels, right, down)) * shade[some, None]
        return colours


_ALMOST = 1e-4
_STEP_X = np.array([0, 1, 0], np.int32)
_STEP_Y = np.array([0, 0, 1], np.int32)


def _sign(place: Any) -> Any:
    return np.where(place > 0, np.int32(1), np.int32(-1))


def _nearest(pixels: Any, x: Any, y: Any) -> Any:
    """The pixels at these places, whose corners are whole numbers."""
    columns = np.clip(x, 0, pixels.shape[1] - 1).astype(np.int32)
    rows = np.clip(y, 0, pixels.shape[0] - 1).astype(np.int32)
    return pixels[rows, columns]


class _Blocks(_March):
    """Blocks: a ray meets their side where it enters a square below its face, else the face before it leaves."""

    def _met(
        self, x: Any, y: Any, column: Any, row: Any, enter: Any, leave: Any, side: Any
    ) -> tuple[Any, Any, Any, Any]:
        top = self.scene.depth[row, column]
        sideways = (top > enter + np.float32(1e-6)) & (side > 0)
        hit = (top >= leave) | (leave <= 0)
        shade = np.where(sideways, _shade(side, x, y), np.float32(1))
        zeta = np.where(sideways, enter, np.minimum(top, enter))
        flat = self.scene.solid[row, column]
        return hit, zeta, shade, flat


def _shade(side: Any, x: Any, y: Any) -> Any:
    """Of sides that look towards the centre: those right of it look left, those below it look up."""
    upright = np.where(x > 0, np.float32(0.85), np.float32(0.7))
    return np.where(side == 1, upright, np.where(y > 0, np.float32(1), np.float32(0.55)))


class _Pyramids(_March):
    """Pyramids: a ray is inside of one below all four planes; where it comes in, it meets a face."""

    def _met(
        self, x: Any, y: Any, column: Any, row: Any, enter: Any, leave: Any, side: Any
    ) -> tuple[Any, Any, Any, Any]:
        size, (first_x, first_y) = np.float32(self.scene.size), self.scene.first
        top = self.scene.depth[row, column]
        right = x - (column + first_x + np.float32(0.5)) * size
        down = y - (row + first_y + np.float32(0.5)) * size
        zeta, least = np.full(len(x), np.inf, np.float32), np.zeros(len(x), np.float32)
        shade = np.zeros(len(x), np.float32)
        for way_x, way_y, tone in _FACES:
            steep = top * (2 / size)
            slope = 1 - steep * (way_x * x + way_y * y)
            height = (top - steep * (way_x * right + way_y * down)) / np.where(np.abs(slope) < _ALMOST, _ALMOST, slope)
            ahead = slope > 0
            nearer = ahead & (height < zeta)
            zeta, shade = np.where(nearer, height, zeta), np.where(nearer, np.float32(tone), shade)
            least = np.where(ahead, least, np.maximum(least, height))
        hit = (zeta >= least) & (zeta >= leave - np.float32(1e-6)) & (top > 0)
        ground = ~hit & (leave <= 0)
        shade = np.where(ground, np.float32(1), shade)
        return hit | ground, np.where(ground, 0, zeta), shade, hit


_FACES = ((-1, 0, 0.85), (1, 0, 0.7), (0, -1, 1.0), (0, 1, 0.55))
"""The way a face looks (x right, y down), and its shade."""


@hookimpl
def senga_filters() -> tuple[type[Filter], ...]:
    """The filter of this module."""
    return (Extrude,)
