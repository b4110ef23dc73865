"""Pictures reduced by a whole number and enlarged again, on a grid that is that of the whole picture also in a crop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.image import Pixels
from senga.job import Job

from .banded import Plane, each_band, parts_of, reflected, samples

EDGE = 4
"""Rows of the reduced picture that enlarging one band looks at beyond it."""


@dataclass(frozen=True)
class Grid:
    """How a picture, or a crop of one, lies on the grid of the reduced picture.

    Attributes:
        factor: pixels that become one, along each side.
        top: rows that the first row of the reduced picture lacks.
        left: columns that its first column lacks.
        height: rows of the picture.
        width: its columns.
    """

    factor: int
    top: int
    left: int
    height: int
    width: int

    @classmethod
    def of(cls, pixels: Pixels, factor: int, job: Job) -> Grid:
        """The grid of a picture at its place in the whole one."""
        return cls(factor, job.offset[0] % factor, job.offset[1] % factor, *pixels.shape[:2])

    @property
    def rows(self) -> int:
        """Rows of the reduced picture."""
        return -(-(self.top + self.height) // self.factor)

    @property
    def columns(self) -> int:
        """Columns of the reduced picture."""
        return -(-(self.left + self.width) // self.factor)

    def reduced(self, pixels: Pixels, job: Job) -> Plane:
        """(rows, columns, 3) float32: means of squares; the picture is mirrored where a square is not full."""
        result = np.empty((self.rows, self.columns, pixels.shape[2]), np.float32)
        across = self._places(self.columns, self.left, self.width)
        whole = self.left == 0 and self.columns * self.factor == self.width

        def reduce(rows: slice) -> None:
            part = self._source(pixels, rows)
            part = samples(part if whole else part[:, across])
            size = self.columns, rows.stop - rows.start
            small = part if self.factor == 1 else cv2.resize(part, size, interpolation=cv2.INTER_AREA)
            result[rows] = small.reshape(result[rows].shape)

        each_band(reduce, parts_of(self.rows, self.columns * self.factor**2), job)
        return result

    def _source(self, pixels: Pixels, rows: slice) -> Pixels:
        first, last = (self.factor * edge - self.top for edge in (rows.start, rows.stop))
        if first >= 0 and last <= self.height:
            return pixels[first:last]
        return pixels[reflected(np.arange(first, last), self.height)]

    def _places(self, count: int, missing: int, length: int) -> NDArray[np.int64]:
        return reflected(np.arange(count * self.factor) - missing, length)

    def parts(self) -> list[slice]:
        """Rows of the reduced picture whose enlargements are bands of the picture."""
        return parts_of(self.rows, self.columns * self.factor**2)

    def rows_of(self, part: slice) -> slice:
        """The rows of the picture that lie under these rows of the reduced one."""
        first, last = (self.factor * edge - self.top for edge in (part.start, part.stop))
        return slice(max(0, first), min(self.height, last))

    def enlarged(self, small: Plane, part: slice, finish: Callable[[Plane], Plane] = lambda large: large) -> Plane:
        """The rows of the picture under ``part``, from planes of the reduced size: bicubic, and then finished.

        ``finish`` is not called where nothing was reduced; it may look at a pixel of the reduced picture beyond.
        """
        if self.factor == 1:
            return small[part]
        planes = small.reshape(*small.shape[:2], -1)
        near = planes[np.clip(np.arange(part.start - EDGE, part.stop + EDGE), 0, self.rows - 1)]
        size = self.columns * self.factor, len(near) * self.factor
        large = cv2.resize(near, size, interpolation=cv2.INTER_CUBIC)
        rows = self.rows_of(part)
        skipped = self.factor * EDGE + rows.start - (self.factor * part.start - self.top)
        inside = finish(large).reshape(*large.shape[:2], -1)[
            skipped : skipped + rows.stop - rows.start, self.left : self.left + self.width
        ]
        return inside.reshape(*inside.shape[:2], *small.shape[2:])
