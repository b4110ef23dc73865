"""Turning a picture so that the strokes of one direction become rows, and back, in bands of bounded size."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Size = tuple[int, int]

_TILE = 8192
"""OpenCV counts pixels of a warp in 16 bits; larger ones are made of tiles."""


@dataclass(frozen=True)
class Box:
    """Rows ``top`` to ``bottom`` and columns ``left`` to ``right``, ends excluded."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def size(self) -> Size:
        """(height, width)."""
        return self.bottom - self.top, self.right - self.left

    @property
    def slices(self) -> tuple[slice, slice]:
        """To index an array with."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def clip(self, size: Size) -> Box:
        """The part inside a picture of ``size``; it may be empty."""
        top, left = max(self.top, 0), max(self.left, 0)
        return Box(top, max(top, min(self.bottom, size[0])), left, max(left, min(self.right, size[1])))


@dataclass(frozen=True, eq=False)
class Turn:
    """The frame in which strokes of one angle are horizontal rows.

    Attributes:
        to_frame: 3 × 3 matrix from picture pixels (x, y, 1) to frame pixels.
        picture: (height, width) of the picture.
        frame: (height, width) of the frame.
    """

    to_frame: Matrix
    picture: Size
    frame: Size

    @classmethod
    def of(cls, size: Size, angle: float) -> Turn:
        """The frame for strokes at ``angle`` degrees, anticlockwise from the horizontal."""
        height, width = size
        cosine, sine = abs(math.cos(math.radians(angle))), abs(math.sin(math.radians(angle)))
        # The sums of exact sizes must not fall below them by a rounding error.
        frame = max(1, int(height * cosine + width * sine + 1e-6)), max(1, int(height * sine + width * cosine + 1e-6))
        matrix = np.eye(3)
        # With an odd size this is half a pixel beside the grid, and a little softer: so it is in the published program.
        matrix[:2] = cv2.getRotationMatrix2D((width // 2, height // 2), -angle, 1)
        matrix[:2, 2] += frame[1] / 2 - width // 2, frame[0] / 2 - height // 2
        return cls(matrix, size, frame)

    def scaled(self, picture: Size, scale: float) -> Turn:
        """The frame ``scale`` times as large, of the same picture at the size ``picture``."""
        rows, columns = (own / large for own, large in zip(self.picture, picture, strict=True))
        matrix = _zoom(scale, scale) @ self.to_frame @ _zoom(rows, columns)
        frame = math.ceil(self.frame[0] * scale), math.ceil(self.frame[1] * scale)
        return Turn(matrix, picture, frame)

    def bands(self, area: int, overlap: int = 0) -> list[Box]:
        """Parts of the frame, of about ``area`` pixels each, that together hold the whole picture.

        Each is as wide as the picture is on its rows and ``overlap`` rows above and below.
        """
        # A long thin picture fills little of its frame, but most of bands that are not much higher than it is thin.
        rows = max(32, min(area // self.frame[1], max(256, 2 * min(self.picture))))
        tops = range(0, self.frame[0], rows)
        return [self._band(top, min(top + rows, self.frame[0]), overlap) for top in tops]

    def turn(self, source: NDArray[np.uint8], box: Box, *fill: int) -> NDArray[np.uint8]:
        """The part ``box`` of the frame, taken from the picture ``source``; ``fill`` has one value per channel."""
        return warp(source, _inverse(self.to_frame) @ _shift(box), box.size, *fill)

    def turn_back(self, canvas: NDArray[np.uint8], box: Box) -> tuple[Box, NDArray[np.uint8]]:
        """The part of the picture that the part ``box`` of the frame covers, and its pixels; 255 outside."""
        corners = np.array([[x, y, 1] for y in (box.top - 1, box.bottom) for x in (box.left - 1, box.right)])
        xs, ys, _ = _inverse(self.to_frame) @ corners.T
        around = Box(math.floor(ys.min()), math.ceil(ys.max()) + 1, math.floor(xs.min()), math.ceil(xs.max()) + 1)
        part = around.clip(self.picture)
        to_canvas = _inverse(_shift(box)) @ self.to_frame @ _shift(part)
        return part, warp(canvas, to_canvas, part.size, 255)

    def _band(self, top: int, bottom: int, overlap: int) -> Box:
        height, width = self.picture
        outline = np.array([[-1, -1, 1], [width, -1, 1], [width, height, 1], [-1, height, 1]], float)
        xs, ys, _ = self.to_frame @ outline.T
        found: list[float] = []
        for index in range(4):
            start, end = (xs[index - 1], ys[index - 1]), (xs[index], ys[index])
            found += _columns(start, end, top - 1 - overlap, bottom + overlap)
        left = max(0, math.floor(min(found, default=0)))
        right = min(self.frame[1], math.ceil(max(found, default=0)) + 1)
        return Box(top, bottom, left, max(left + 1, right))


def _columns(start: tuple[float, float], end: tuple[float, float], top: float, bottom: float) -> Iterator[float]:
    """The x of both ends of the part of a line segment between the rows ``top`` and ``bottom``."""
    (x0, y0), (x1, y1) = sorted((start, end), key=lambda point: point[1])
    if y1 < top or y0 > bottom:
        return
    slope = (x1 - x0) / (y1 - y0) if y1 - y0 > 1e-9 else 0.0
    yield x0 + slope * (max(top, y0) - y0)
    yield x1 - slope * (y1 - min(bottom, y1))


def _zoom(rows: float, columns: float) -> Matrix:
    """Scale pixel coordinates, whose integers are pixel centres."""
    return np.array([[columns, 0, (columns - 1) / 2], [0, rows, (rows - 1) / 2], [0, 0, 1.0]])


def _inverse(matrix: Matrix) -> Matrix:
    inverse = np.eye(3)
    inverse[:2] = cv2.invertAffineTransform(matrix[:2])  # LAPACK may start threads for this
    return inverse


def _shift(box: Box) -> Matrix:
    """From pixels of a part to pixels of the whole."""
    return np.array([[1.0, 0, box.left], [0, 1, box.top], [0, 0, 1]])


def warp(source: NDArray[np.uint8], to_source: Matrix, size: Size, *fill: int) -> NDArray[np.uint8]:
    """Resample bilinearly: the pixel p of the result is ``source`` at ``to_source · p``, ``fill`` outside."""
    if max(size) <= _TILE:
        return _warp_tile(source, to_source, size, fill)
    result = np.empty((*size, *source.shape[2:]), np.uint8)
    for top in range(0, size[0], _TILE):
        for left in range(0, size[1], _TILE):
            box = Box(top, min(top + _TILE, size[0]), left, min(left + _TILE, size[1]))
            result[box.slices] = _warp_tile(source, to_source @ _shift(box), box.size, fill)
    return result


def _warp_tile(source: NDArray[Any], to_source: Matrix, size: Size, fill: tuple[int, ...]) -> NDArray[Any]:
    corners = np.array([[x, y, 1] for y in (0, size[0] - 1) for x in (0, size[1] - 1)], float)
    xs, ys, _ = to_source @ corners.T
    box = Box(math.floor(ys.min()) - 1, math.ceil(ys.max()) + 2, math.floor(xs.min()) - 1, math.ceil(xs.max()) + 2)
    used = box.clip((source.shape[0], source.shape[1]))
    if 0 in used.size:
        return np.full((*size, *source.shape[2:]), fill if source.ndim == 3 else fill[0], np.uint8)
    matrix = (_inverse(_shift(used)) @ to_source)[:2]
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(source[used.slices], matrix, size[::-1], flags=flags, borderValue=fill))
