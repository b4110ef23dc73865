"""The paper: its grain, and its yellow when it is old."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.ops.rows import bands

from .bank import PAPER, PAPER_VARIANCE

Grey = NDArray[np.uint8]

_TILE = 1024
_STREAM = 1 << 21
_YELLOW = 0.26
"""Saturation of the oldest paper; the paper's program has a third of it."""
_GRAIN = 0.006
_HUE = (0.0, 0.4, 1.0)
"""How much of the saturation each of red, green and blue loses: a hue of 36°."""


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


def age(drawing: NDArray[np.uint8], amount: float, seed: int) -> NDArray[np.uint8]:
    """A drawing, (H, W) or (H, W, 3), on yellowed paper, (H, W, 3), unevenly saturated; ``amount`` 0..1."""
    height, width = drawing.shape[:2]
    rng = np.random.default_rng([seed, _STREAM + 1])
    stains = _clouds(rng, (height, width))
    aged = np.empty((height, width, 3), np.uint8)
    for rows in bands(height):
        saturation = np.float32(_YELLOW * amount) * stains[rows]
        saturation += np.float32(_GRAIN) * rng.standard_normal(saturation.shape, np.float32)
        np.clip(saturation, 0, 1, out=saturation)
        for channel, share in enumerate(_HUE):
            value = drawing[rows] if drawing.ndim == 2 else drawing[rows, :, channel]
            aged[rows, :, channel] = np.rint(value * (1 - np.float32(share) * saturation))
    return aged


def _clouds(rng: np.random.Generator, size: tuple[int, int]) -> NDArray[np.float32]:
    """Smooth stains around 1, and more towards the border."""
    coarse = np.ones((12, 12), np.float32)
    coarse += np.float32(0.12) * rng.standard_normal(coarse.shape, np.float32)
    coarse[[0, -1]] += np.float32(0.15)
    coarse[:, [0, -1]] += np.float32(0.15)
    return np.asarray(cv2.resize(coarse, size[::-1], interpolation=cv2.INTER_CUBIC), dtype=np.float32)
