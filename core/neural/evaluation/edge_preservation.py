"""How much of a picture's edges, in strength and direction, is found again in another.

References:
    Xydeas and Petrović, Objective image fusion performance measure, Electronics Letters 36, 2000,
    doi:10.1049/el:20000267; here with one source picture.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

BLUR = 1.0
"""Gaussian in pixels before the gradient, so that grain makes no edges."""

_TOP = {"strength": 0.9994, "direction": 0.9879}
_STEEPNESS = {"strength": 15.0, "direction": 22.0}
_MIDDLE = {"strength": 0.5, "direction": 0.8}


def gradient(light: NDArray[np.float32]) -> tuple[Array, Array]:
    """Strength and direction (radians) of the Sobel gradient of a blurred (H, W) plane."""
    soft = cv2.GaussianBlur(light, (0, 0), BLUR)
    down, right = cv2.Sobel(soft, cv2.CV_64F, 0, 1), cv2.Sobel(soft, cv2.CV_64F, 1, 0)
    return np.hypot(down, right), np.arctan2(down, right)


def edge_preservation(source: NDArray[np.float32], result: NDArray[np.float32]) -> float:
    """From 0 (no edge of ``source`` is in ``result``) to about 1 (all are); strong edges of ``source`` count most.

    Args:
        source: (H, W) lightness.
        result: of the same size and range.
    """
    strength, direction = gradient(source)
    found, found_direction = gradient(result)
    if strength.sum() == 0:
        return 1.0
    larger = np.maximum(strength, found)
    alike = np.divide(np.minimum(strength, found), larger, out=np.zeros_like(larger), where=larger > 0)
    parallel = np.abs(np.cos(direction - found_direction))
    turned = 1 - np.arccos(np.clip(parallel, 0, 1)) / (np.pi / 2)
    kept = _perceived(alike, "strength") * _perceived(turned, "direction")
    return float((kept * strength).sum() / strength.sum())


def _perceived(share: Array, kind: str) -> Array:
    """The sigmoid of the paper, from a share of strength or direction to what of it is seen."""
    seen: Array = _TOP[kind] / (1 + np.exp(-_STEEPNESS[kind] * (share - _MIDDLE[kind])))
    return seen
