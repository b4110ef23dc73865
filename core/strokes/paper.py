"""The paper: its grain, and its yellow when it is old."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from .bank import PAPER, PAPER_VARIANCE

Grey = NDArray[np.uint8]

_TILE = 1024
_STRIP = 512
_STREAM = 1 << 21


def blank(size: tuple[int, int], seed: int) -> Grey:
    """(H, W) clean paper: almost white, with a faint grain that repeats only after a thousand pixels."""
    rng = np.random.default_rng([seed, _STREAM])
    tile_size = min(size[0], _TILE), min(size[1], _TILE)
    noise = PAPER + np.sqrt(PAPER_VARIANCE) * rng.standard_normal(tile_size, np.float32)
    tile = np.clip(np.rint(noise), 0, 255).astype(np.uint8)
    paper = np.empty(size, np.uint8)
    for top in range(0, size[0], _TILE):
        for left in range(0, size[1], _TILE):
            part = paper[top : top + _TILE, left : left + _TILE]
            part[:] = tile[: part.shape[0], : part.shape[1]]
    return paper


def age(grey: Grey, amount: float, seed: int) -> NDArray[np.uint8]:
    """A grey drawing on yellowed paper, (H, W, 3): hue 30°, unevenly saturated; ``amount`` 0..1."""
    height, width = grey.shape
    rng = np.random.default_rng([seed, _STREAM + 1])
    saturation = (0.26 * amount * _clouds(rng, (height, width))).astype(np.float32)
    coloured = np.empty((height, width, 3), np.uint8)
    for top in range(0, height, _STRIP):
        rows = slice(top, top + _STRIP)
        grain = saturation[rows] + np.float32(0.006) * rng.standard_normal(saturation[rows].shape, np.float32)
        value = grey[rows].astype(np.float32)
        coloured[rows, :, 0] = value + np.float32(0.5)
        coloured[rows, :, 1] = value * (1 - np.clip(grain, 0, 1) / 2) + np.float32(0.5)
        coloured[rows, :, 2] = value * (1 - np.clip(grain, 0, 1)) + np.float32(0.5)
    return coloured


def _clouds(rng: np.random.Generator, size: tuple[int, int]) -> NDArray[np.float32]:
    """Smooth stains around 1, and more towards the border."""
    coarse = np.ones((12, 12), np.float32)
    coarse += np.float32(0.12) * rng.standard_normal(coarse.shape, np.float32)
    coarse[[0, -1]] += np.float32(0.15)
    coarse[:, [0, -1]] += np.float32(0.15)
    return np.asarray(cv2.resize(coarse, size[::-1], interpolation=cv2.INTER_CUBIC), dtype=np.float32)
