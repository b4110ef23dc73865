"""Pictures as networks take them, and results as pictures."""

from __future__ import annotations

from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from senga.image import Pixels

from .blocks import Size
from .blocks.input import Range
from .executor import Array

BOTH: Range = (-1.0, 1.0)
_FULL = {np.dtype(np.uint8): 255.0, np.dtype(np.uint16): 65535.0, np.dtype(np.float32): 1.0}


class Photo:
    """Rows of the picture as the network takes them, mirrored at the bottom and right up to the next multiple."""

    def __init__(self, pixels: Pixels, multiple: int, range: Range = BOTH) -> None:  # noqa: A002 - as it is called
        self._pixels = pixels
        self._low, self._high = range
        height, width = self.size = full_size((pixels.shape[0], pixels.shape[1]), multiple)
        self._down = mirrored(height, pixels.shape[0])
        self._right = mirrored(width, pixels.shape[1])

    def rows(self, start: int, stop: int) -> Array:
        """(3, rows, W) in the range of the network."""
        strip, width = self._pixels[self._down[start:stop]], self._pixels.shape[1]
        rows = np.empty((strip.shape[2], len(strip), self.size[1]), np.float32)
        rows[:, :, :width] = strip.transpose(2, 0, 1)
        rows[:, :, width:] = rows[:, :, self._right[width:]]
        rows *= np.float32((self._high - self._low) / _FULL[self._pixels.dtype])
        rows += np.float32(self._low)
        return rows


def full_size(size: Size, multiple: int) -> Size:
    """Up to the next multiples, at least two of them."""
    height, width = (max(ceil(length / multiple), 2) * multiple for length in size)
    return height, width


def enlarged(values: NDArray[Any], multiple: int) -> NDArray[Any]:
    """(H, W, C) mirrored at the bottom and right where a side is no multiple."""
    if not any(side % multiple for side in values.shape[:2]):
        return values
    height, width = full_size((values.shape[0], values.shape[1]), multiple)
    return values[mirrored(height, values.shape[0])][:, mirrored(width, values.shape[1])]


def mirrored(target: int, length: int) -> NDArray[np.intp]:
    """Indices 0..target-1 reflected into 0..length-1, the edge not repeated."""
    period = max(2 * (length - 1), 1)
    index = np.arange(target) % period
    return np.minimum(index, period - index) if length > 1 else np.zeros(target, np.intp)


def put(values: Array, result: Pixels, top: int, range: Range = BOTH) -> None:  # noqa: A002 - as it is called
    """Write (3, rows, W) into (H, W, 3) at row ``top``, cropped to its size; integers are rounded."""
    target = result[top : top + values.shape[1]]
    low, high = range
    full = np.float32(_FULL[result.dtype])
    scale = np.float32(full / (high - low))
    for plane, channel in zip(values, target.transpose(2, 0, 1), strict=True):  # one by one they stay in the cache
        scaled = plane[: target.shape[0], : target.shape[1]] * scale
        scaled += np.float32(-low * scale)
        np.clip(scaled, 0, full, out=scaled)
        channel[...] = scaled if result.dtype == np.float32 else np.rint(scaled, out=scaled)
