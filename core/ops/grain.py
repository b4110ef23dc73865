"""Grain on a photograph: where there is nothing to see, a network for styles has no reason to set strokes."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.image import Pixels, to_depth
from senga.job import Job

from .rows import bands

_SIDE = 509
"""Of the square that is repeated, in pixels: too large for it to be seen."""
_WIDTH = 1.2
"""Of a grain, as the deviation of a Gaussian in pixels."""


def grained(pixels: Pixels, amount: float, job: Job) -> Pixels:
    """A picture with grain of this deviation, where white is 1; contrasts shrink to give it room.

    Returns:
        (H, W, 3), of bytes in 16 bits, for the grain is not to be rounded to a few steps.
    """
    exact = pixels.dtype == np.float32
    result = np.empty(pixels.shape, np.float32 if exact else np.uint16)
    grain, columns, white = _square(), np.arange(pixels.shape[1]) % _SIDE, 1.0 if exact else 65535.0
    for rows in bands(pixels.shape[0]):
        job.check()
        added = cv2.cvtColor(grain[np.arange(pixels.shape[0])[rows] % _SIDE][:, columns], cv2.COLOR_GRAY2RGB)
        band, kind = to_depth(np.ascontiguousarray(pixels[rows]), result.dtype), cv2.CV_32F if exact else cv2.CV_16U
        result[rows] = cv2.addWeighted(band, 1 - 2 * amount, added, amount * white, amount * white, dtype=kind)
    return np.clip(result, 0, 1, out=result) if exact else result


def grained_anywhere(pictures: NDArray[np.float32], amount: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Pictures (N, C, H, W) in [-1, 1] with as much grain, each from another part of it: for trainings."""
    height, width = pictures.shape[2:]
    parts = [np.roll(_square(), place, (0, 1)) for place in rng.integers(_SIDE, size=(len(pictures), 2))]
    rows, columns = np.arange(height) % _SIDE, np.arange(width) % _SIDE
    grain = np.stack([part[rows][:, columns] for part in parts])[:, None]
    mixed = pictures * np.float32(1 - 2 * amount) + np.float32(2 * amount) * grain
    return np.asarray(np.clip(mixed, -1, 1), np.float32)


@lru_cache(maxsize=1)
def _square() -> Any:
    """(509, 509) of mean 0 and deviation 1, which goes on over its borders."""
    noise = np.random.default_rng(0).normal(size=(_SIDE, _SIDE)).astype(np.float32)
    wide = cv2.GaussianBlur(np.pad(noise, 8, mode="wrap"), (0, 0), _WIDTH)[8:-8, 8:-8]
    return (wide - wide.mean()) / wide.std()
