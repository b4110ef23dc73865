"""Tones of one picture matched to those of another."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .lookup import Guide

_PRIOR = 0.03
"""Share of all tones that every tone has at least, in a histogram: gaps become no cliffs."""


def histogram(plane: NDArray[np.uint8]) -> NDArray[np.float64]:
    """(256,) shares of the tones of a plane."""
    import cv2

    counts = cv2.calcHist([np.ascontiguousarray(plane)], [0], None, [256], [0, 256]).ravel().astype(np.float64)
    return np.asarray((1 - _PRIOR) * counts / plane.size + _PRIOR / 256)


def curve(mine: NDArray[np.float64], wanted: NDArray[np.float64], share: float = 1.0) -> NDArray[np.float32]:
    """(256,) the tone, 0..255, for each tone, that makes one histogram the other; ``share`` of the way.

    No tone is given that lies beyond all that are wanted.
    """
    own = np.cumsum(mine) - mine / 2
    other = np.cumsum(wanted) - wanted / 2
    tones = np.arange(256)
    there = np.flatnonzero(wanted > 1.01 * _PRIOR / 256)
    found = tones + share * (np.interp(own, other, tones) - tones)
    return np.asarray(np.clip(found, there[0], there[-1]), np.float32)


def mapped(guide: Guide, curves: Any) -> Guide:
    """A guide (H, W, 3) with a curve for each channel."""
    import cv2

    table = np.clip(np.rint(np.stack(curves, axis=-1)), 0, 255).astype(np.uint8)  # (256, 3)
    return np.asarray(cv2.LUT(guide, table[None]))
