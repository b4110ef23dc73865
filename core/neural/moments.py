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
    """Of some rows: how many pixels, the mean of each channel, the sum of squares about it, the largest if asked."""

    count: int
    mean: NDArray[np.float64]
    squares: NDArray[np.float64]
    maximum: Array | None = None

    @classmethod
    def of(cls, rows: Array, *, maximum: bool = False) -> Moments:
        """Of (C, rows, W)."""
        count = rows.shape[1] * rows.shape[2]
        mean = np.einsum("crw->cr", rows).sum(axis=1, dtype=np.float64) / count
        raw = np.einsum("crw,crw->cr", rows, rows).sum(axis=1, dtype=np.float64)
        squares = np.maximum(raw - count * mean**2, 0.0)
        far = raw > _OFFSET * squares
        if far.any():
            centred = rows[far] - mean[far].astype(np.float32)[:, None, None]
            squares[far] = np.einsum("crw,crw->cr", centred, centred).sum(axis=1, dtype=np.float64)
        return cls(count, mean, squares, rows.max(axis=(1, 2)) if maximum else None)

    def variance(self) -> NDArray[np.float64]:
        """Of each channel, (C,)."""
        return self.squares / self.count

    def of_all(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and variance of all channels together, numbers without axes."""
        overall = self.mean.mean()
        return np.asarray(overall), np.asarray(self.variance().mean() + np.square(self.mean - overall).mean())

    def __add__(self, other: Moments) -> Moments:
        total = self.count + other.count
        step = other.mean - self.mean
        squares = self.squares + other.squares + step**2 * (self.count * other.count / total)
        largest = None
        if self.maximum is not None and other.maximum is not None:
            largest = np.maximum(self.maximum, other.maximum)
        return Moments(total, self.mean + step * (other.count / total), squares, largest)
