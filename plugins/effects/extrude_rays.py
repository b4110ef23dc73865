"""What the rays of the pixels meet on their way down to the squares of a scene."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from typing import Any, Self

import cv2
import numpy as np

from senga.ops import banded

from .extrude_scene import Scene

_ALMOST = 1e-4
_TIE = np.float32(1e-6)
"""Faces that meet a ray within this are met at once, and the first one is seen, whatever the rounding."""
_STEP_X = np.array([0, 1, 0], np.int32)
_STEP_Y = np.array([0, 0, 1], np.int32)


@dataclass
class _Rays:
    """Rays that are still on their way; all are arrays of one length.

    Attributes:
        pixel: the number of each in the band.
        x: of its pixel, from the centre.
        y: the same, downwards.
        column: of the square it is over.
        row: of it.
        enter: the ζ at which it came over that square.
        side: over which side it came: 1 for left or right, 2 for above or below, 0 where it began.
    """

    pixel: Any
    x: Any
    y: Any
    column: Any
    row: Any
    enter: Any
    side: Any

    def some(self, which: Any) -> Self:
        """Those with these numbers."""
        return type(self)(*(getattr(self, each.name).take(which) for each in fields(self)))


@dataclass(frozen=True)
class _Met:
    """What rays meet over their squares.

    Attributes:
        hit: which rays end here.
        zeta: where.
        shade: how light the face or side is.
        flat: whether it has the mean colour.
    """

    hit: Any
    zeta: Any
    shade: Any
    flat: Any


class March(ABC):
    """Rays of the pixels of a band, all a step at a time, from the highest face down and outwards.

    Args:
        scene: the blocks.
        fine: so many rays a pixel, along each side.
    """

    def __init__(self, scene: Scene, fine: int) -> None:
        self.scene, self.fine = scene, fine

    @abstractmethod
    def _met(self, rays: _Rays, leave: Any) -> _Met:
        """What the rays meet before the ζ at which they leave their squares."""

    def seen(self, rows: slice, pixels: Any) -> Any:
        """The band, (rows, W, 3) float32."""
        height, width = (rows.stop - rows.start) * self.fine, pixels.shape[1] * self.fine
        y = (np.arange(height, dtype=np.float32) + np.float32(0.5)) / self.fine + np.float32(rows.start)
        x = (np.arange(width, dtype=np.float32) + np.float32(0.5)) / self.fine
        places = np.meshgrid(x - np.float32(self.scene.middle[0]), y - np.float32(self.scene.middle[1]))
        band = self._traced(self._begun(places[0].ravel(), places[1].ravel()), pixels).reshape(height, width, 3)
        if self.fine == 1:
            return band
        return cv2.resize(band, (pixels.shape[1], rows.stop - rows.start), interpolation=cv2.INTER_AREA)

    def _begun(self, x: Any, y: Any) -> _Rays:
        """The rays of the pixels at (x, y) from the centre, over the squares that they pass at the highest face."""
        high, count = self.scene.highest, len(x)
        squares = self._square(x * (1 - high), 0), self._square(y * (1 - high), 1)
        return _Rays(np.arange(count), x, y, *squares, np.full(count, high, np.float32), np.zeros(count, np.int8))

    def _traced(self, rays: _Rays, pixels: Any) -> Any:
        """The colours of the rays."""
        colours = np.empty((len(rays.x), 3), np.float32)
        while len(rays.x):
            leave, side = self._left(rays)
            met = self._met(rays, leave)
            some = np.flatnonzero(met.hit)
            if len(some):
                ended = rays.some(some)
                colours[ended.pixel] = self._colours(ended, met.zeta[some], met.shade[some], met.flat[some], pixels)
            on = np.flatnonzero(~met.hit)
            rays.enter, rays.side = leave, side
            rays = rays.some(on)
            self._step(rays)
        return colours

    def _step(self, rays: _Rays) -> None:
        """On to the next square."""
        rays.column += _STEP_X[rays.side] * _sign(rays.x)
        rays.row += _STEP_Y[rays.side] * _sign(rays.y)
        np.clip(rays.column, 0, self.scene.depth.shape[1] - 1, out=rays.column)
        np.clip(rays.row, 0, self.scene.depth.shape[0] - 1, out=rays.row)

    def _square(self, place: Any, way: int) -> Any:
        index = np.floor(place / np.float32(self.scene.size)).astype(np.int32) - self.scene.first[way]
        return np.clip(index, 0, self.scene.depth.shape[1 - way] - 1)

    def _of_square(self, values: Any, rays: _Rays) -> Any:
        """What the squares of the rays have."""
        columns = values.shape[1]
        return values.reshape(-1, *values.shape[2:]).take(rays.row * np.int32(columns) + rays.column, axis=0)

    def _left(self, rays: _Rays) -> tuple[Any, Any]:
        """ζ at which each ray leaves its square, and over which side."""
        across = self._crossing(rays.x, rays.column, 0)
        down = self._crossing(rays.y, rays.row, 1)
        leave = np.minimum(np.maximum(across, down), rays.enter)
        return leave, 2 - (across >= down).view(np.int8)

    def _crossing(self, place: Any, index: Any, way: int) -> Any:
        edge = (index + (self.scene.first[way] + (place > 0))).astype(np.float32)
        edge *= np.float32(self.scene.size)
        with np.errstate(divide="ignore", invalid="ignore"):
            zeta = np.subtract(1, np.divide(edge, place, out=edge), out=edge)
        zeta[np.abs(place) <= _ALMOST] = -1
        return zeta

    def _colours(self, rays: _Rays, zeta: Any, shade: Any, flat: Any, pixels: Any) -> Any:
        if flat.all():
            return self._of_square(self.scene.colour, rays) * shade[:, None]
        near = 1 - zeta
        right = rays.x * near + np.float32(self.scene.middle[0])
        down = rays.y * near + np.float32(self.scene.middle[1])
        colours = banded.samples(_nearest(pixels, right, down))
        if flat.any():
            some = np.flatnonzero(flat)
            colours[some] = self._of_square(self.scene.colour, rays.some(some))
        colours *= shade[:, None]
        return colours


def _sign(place: Any) -> Any:
    return np.where(place > 0, np.int32(1), np.int32(-1))


def _nearest(pixels: Any, x: Any, y: Any) -> Any:
    """The pixels at these places, whose corners are whole numbers."""
    height, width = pixels.shape[:2]
    columns = np.clip(x, 0, width - 1, out=x).astype(np.int64)
    rows = np.clip(y, 0, height - 1, out=y).astype(np.int64)
    if not pixels.flags.c_contiguous:
        return pixels[rows, columns]
    return pixels.reshape(-1, 3).take(rows * width + columns, axis=0)


class BlockMarch(March):
    """Blocks: a ray meets their side where it enters a square below its face, else the face before it leaves."""

    def _met(self, rays: _Rays, leave: Any) -> _Met:
        top = self._of_square(self.scene.depth, rays)
        sideways = np.flatnonzero((top > rays.enter + np.float32(1e-6)) & (rays.side > 0))
        hit = (top >= leave) | (leave <= 0)
        zeta, shade = np.minimum(top, rays.enter), np.ones(len(top), np.float32)
        zeta[sideways] = rays.enter[sideways]
        shade[sideways] = _shade(rays.some(sideways))
        return _Met(hit, zeta, shade, self._of_square(self.scene.solid, rays))


def _shade(rays: _Rays) -> Any:
    """Of sides that look towards the centre: those right of it look left, those below it look up."""
    upright = np.where(rays.x > 0, np.float32(0.85), np.float32(0.7))
    return np.where(rays.side == 1, upright, np.where(rays.y > 0, np.float32(1), np.float32(0.55)))


class PyramidMarch(March):
    """Pyramids: a ray is inside of one below all four planes; where it comes in, it meets a face."""

    def _met(self, rays: _Rays, leave: Any) -> _Met:
        size, (first_x, first_y) = np.float32(self.scene.size), self.scene.first
        top = self._of_square(self.scene.depth, rays)
        right = rays.x - (rays.column + first_x + np.float32(0.5)) * size
        down = rays.y - (rays.row + first_y + np.float32(0.5)) * size
        zeta, least = np.full(len(top), np.inf, np.float32), np.zeros(len(top), np.float32)
        shade = np.zeros(len(top), np.float32)
        steep = top * (2 / size)
        for place, inside, tones in ((rays.x, right, _UPRIGHT), (rays.y, down, _LEVEL)):
            lean, fall = steep * place, steep * inside
            sides = (1 + lean, top + fall), (1 - lean, top - fall)
            for (slope, height), tone in zip(sides, tones, strict=True):  # looks to the left or up, or away
                ahead = slope > 0
                slope[np.abs(slope) < _ALMOST] = _ALMOST
                height /= slope
                nearer = ahead & (height < zeta - _TIE)
                np.copyto(zeta, height, where=nearer)
                shade[nearer] = tone
                np.maximum(least, height, out=least, where=~ahead)
        hit = (zeta >= least) & (zeta >= leave - np.float32(1e-6)) & (top > 0)
        ground = ~hit & (leave <= 0)
        shade = np.where(ground, np.float32(1), shade)
        return _Met(hit | ground, np.where(ground, 0, zeta), shade, hit)


_UPRIGHT, _LEVEL = (0.85, 0.7), (1.0, 0.55)
"""Shades of the faces that look left and right, up and down."""
