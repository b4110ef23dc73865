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
    """A picture with grain of this deviation, where white is 1, as ``float32``; contrasts shrink to give it room."""
    result, grain = np.empty(pixels.shape, np.float32), amount * _square()
    columns = np.arange(pixels.shape[1]) % _SIDE
    for rows in bands(pixels.shape[0]):
        job.check()
        added = grain[np.arange(pixels.shape[0])[rows] % _SIDE][:, columns]
        values = to_depth(pixels[rows], np.float32) * (1 - 2 * amount) + amount + added[..., None]
        result[rows] = np.clip(values, 0, 1)
    return result


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
