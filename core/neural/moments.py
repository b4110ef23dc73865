"""Statistics of whole layers for norms, gathered strip by strip in double precision."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .executor import Array

_OFFSET = 100
"""Where the squares are so many times those about the mean, the latter are taken from the differences."""


@dataclass(frozen=True)
class Moments:
    """Of some rows: how many pixels, the mean of each channel, and the sum of squares about it."""

    count: int
    mean: NDArray[np.float64]
    squares: NDArray[np.float64]

    @classmethod
    def of(cls, rows: Array) -> Moments:
        """Of (C, rows, W)."""
        count = rows.shape[1] * rows.shape[2]
        mean = np.einsum("crw->cr", rows).sum(axis=1, dtype=np.float64) / count
        raw = np.einsum("crw,crw->cr", rows, rows).sum(axis=1, dtype=np.float64)
        squares = np.maximum(raw - count * mean**2, 0.0)
        far = raw > _OFFSET * squares
        if far.any():
            centred = rows[far] - mean[far].astype(np.float32)[:, None, None]
            squares[far] = np.einsum("crw,crw->cr", centred, centred).sum(axis=1, dtype=np.float64)
        return cls(count, mean, squares)

    def __add__(self, other: Moments) -> Moments:
        total = self.count + other.count
        step = other.mean - self.mean
        squares = self.squares + other.squares + step**2 * (self.count * other.count / total)
        return Moments(total, self.mean + step * (other.count / total), squares)
