"""Gradients at a scale: what Sobel's kernels and their kin give on a picture reduced by that factor, at every pixel.

The kernels are those of a reduced picture, spread over the pixels that each of its pixels covers; parts of a pixel
count as parts. At scale 1 they are the kernels themselves, in units of the difference of two neighbours: the response
to a step of height h between two pixels is h at both, and the transposed kernel is the same turned by 90°.
"""

from __future__ import annotations

import math
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from .banded import Plane

Operator = Literal["sobel", "scharr", "prewitt"]

SMOOTHING: dict[str, tuple[float, float, float]] = {
    "sobel": (0.25, 0.5, 0.25),
    "scharr": (0.1875, 0.625, 0.1875),
    "prewitt": (1 / 3, 1 / 3, 1 / 3),
}
"""Weights across the derivative."""
_DERIVATIVE = (-1.0, 0.0, 1.0)


def spread(weights: tuple[float, ...], scale: float) -> NDArray[np.float64]:
    """Weights of neighbouring pixels of a reduced picture as weights of the pixels under them."""
    reach = reach_of(scale, len(weights))
    edges = np.arange(-reach, reach + 2) - 0.5
    bounds = scale * (np.arange(len(weights) + 1) - len(weights) / 2)
    covered = np.clip(edges[:, None], bounds[:-1], bounds[1:]) - bounds[:-1]
    return np.asarray(np.diff(covered, axis=0) @ np.asarray(weights) / scale)


def reach_of(scale: float, taps: int = 3) -> int:
    """Pixels that the spread weights reach to each side."""
    return max(0, math.ceil(taps * scale / 2 - 0.5 - 1e-9))


def gradient(values: Plane, scale: float = 1.0, operator: str = "sobel") -> tuple[Plane, Plane]:
    """The derivatives to the right and downwards of (H, W) or (H, W, C) planes, reflected at the border."""
    across = spread(_DERIVATIVE, scale)
    along = spread(SMOOTHING[operator], scale)
    return _apart(values, across, along), _apart(values, along, across)


def _apart(values: Plane, row: NDArray[np.float64], column: NDArray[np.float64]) -> Plane:
    found = cv2.sepFilter2D(values, cv2.CV_32F, row, column, borderType=cv2.BORDER_REFLECT_101)
    return np.asarray(found, np.float32).reshape(values.shape)


def softened(values: Plane, scale: float) -> Plane:
    """The mean of the square of ``scale`` pixels round each pixel: what a picture reduced by it shows."""
    if scale <= 1:
        return values
    weights = spread((1.0,), scale)
    return _apart(values, weights, weights)
