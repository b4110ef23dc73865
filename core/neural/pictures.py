"""Pictures as networks take them, and results as pictures."""

from __future__ import annotations

from math import ceil

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
        height, width = (max(ceil(length / multiple), 2) * multiple for length in pixels.shape[:2])
        self.size: Size = height, width
        self._down = mirrored(height, pixels.shape[0])
        self._right = mirrored(width, pixels.shape[1])

    def rows(self, start: int, stop: int) -> Array:
        """(3, rows, W) in the range of the network."""
        strip = self._pixels[self._down[start:stop]][:, self._right]
        step = np.float32((self._high - self._low) / _FULL[self._pixels.dtype])
        scaled = np.multiply(strip, step, dtype=np.float32)
        scaled += np.float32(self._low)
        return np.ascontiguousarray(scaled.transpose(2, 0, 1))


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
    scaled = values[:, : target.shape[0], : target.shape[1]].transpose(1, 2, 0) * scale
    scaled += np.float32(-low * scale)
    np.clip(scaled, 0, full, out=scaled)
    target[...] = scaled if result.dtype == np.float32 else np.rint(scaled, out=scaled)
