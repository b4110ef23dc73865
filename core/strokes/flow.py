"""Where strokes run: a smooth field of tangents along the forms, and the stroke direction of every pixel.

References:
    Kang, Lee, Chui: Coherent line drawing. NPAR 2007, doi:10.1145/1274871.1274878. Here with the weights of the
    AAAI 2021 program. The dot product weight ``(t(x)·t(y)) t(y)`` is ``(t(y) t(y)ᵀ) t(x)`` and tanh is close to linear
    on [-1, 1], so that one step is four box filters instead of a sum over a window per pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]

LONG_SIDE = 512
"""Longer side of the tangent field, in pixels."""
SHORT_SIDE = 171
"""Very long pictures get a larger field, so that the shorter side keeps about this many pixels."""
WEAK = 0.4
"""A gradient below this (5 × 5 Sobel of a picture in 0..1) has no direction of its own."""
_TANH = np.float32(0.92)


@dataclass(frozen=True)
class Field:
    """Unit tangents ``x``, ``y`` (x right, y down) and the magnitude of the gradient, each (h, w)."""

    x: Plane
    y: Plane
    magnitude: Plane


def field_size(size: tuple[int, int], full_size: tuple[int, int]) -> tuple[int, int]:
    """(height, width) of the tangent field for a picture of ``size`` that is a crop of ``full_size``."""
    longer, shorter = max(full_size), min(full_size)
    side = max(LONG_SIDE, min(8 * LONG_SIDE, SHORT_SIDE * longer // shorter))
    return max(1, size[0] * side // longer), max(1, size[1] * side // longer)


def tangents(grey: NDArray[np.uint8], size: tuple[int, int], radius: int, steps: int) -> Field:
    """The smoothed tangent field of ``grey`` at ``size``; ``radius`` is half the window, ``steps`` how often."""
    small = cv2.resize(grey, size[::-1], interpolation=cv2.INTER_LINEAR)
    padded = cv2.copyMakeBorder(small, radius, radius, radius, radius, cv2.BORDER_REPLICATE).astype(np.float32)
    low, high = float(padded.min()), float(padded.max())
    padded = (padded - low) / max(high - low, 1e-12)
    gradient_x = cv2.Sobel(padded, cv2.CV_32F, 1, 0, ksize=5) + np.float32(1e-12)
    gradient_y = cv2.Sobel(padded, cv2.CV_32F, 0, 1, ksize=5) + np.float32(1e-12)
    magnitude = np.sqrt(gradient_x**2 + gradient_y**2)
    x, y = -gradient_y / magnitude, gradient_x / magnitude
    _smooth(x, y, magnitude / magnitude.max(), radius, steps)
    inside = (slice(radius, radius + size[0]), slice(radius, radius + size[1]))
    return Field(x[inside], y[inside], magnitude[inside])


def _smooth(x: Plane, y: Plane, weight: Plane, radius: int, steps: int) -> None:
    """Turn every tangent, in place, towards its neighbours with a stronger gradient; the border keeps its own."""
    height, width = x.shape
    inside = (slice(radius, height - radius), slice(radius, width - radius))
    window = (2 * radius + 1, 2 * radius + 1)

    def box(plane: Plane) -> Plane:
        return np.asarray(cv2.blur(plane, window), np.float32)[inside]

    squared = weight * weight
    damping = np.float32(0.5) * (1 - _TANH * weight[inside])
    whole = damping * box(weight) + _TANH / 2 * box(squared)
    for _ in range(steps):
        xx, xy = x * x, x * y
        across = damping * box(weight * xx) + _TANH / 2 * box(squared * xx)
        mixed = damping * box(weight * xy) + _TANH / 2 * box(squared * xy)
        new_x = across * x[inside] + mixed * y[inside]
        new_y = mixed * x[inside] + (whole - across) * y[inside]
        length = np.sqrt(new_x * new_x + new_y * new_y)
        known = length > 0
        np.divide(new_x, length, out=x[inside], where=known)
        np.divide(new_y, length, out=y[inside], where=known)


def stroke_angles(directions: int) -> list[float]:
    """The angle of each direction index, in degrees, anticlockwise from the horizontal, from -90 in equal steps."""
    return [-90 + 180 * index / directions for index in range(directions)]


def direction_index(
    field: Field, size: tuple[int, int], directions: int, *, flat_angle: float | None = None, turned: float = 0.0
) -> NDArray[np.uint8]:
    """The direction index (see ``stroke_angles``) of every pixel of a picture of ``size``.

    Args:
        field: the tangents.
        size: (height, width) of the result.
        directions: how many directions the half circle is divided into.
        flat_angle: angle of the strokes where the gradient is weak, in degrees; None follows the field there as well.
        turned: degrees to add to the field; 90 draws across the forms.
    """
    angle = np.degrees(np.arctan(-field.y / np.where(field.x == 0, np.float32(1e-12), field.x)))
    index = _quantise(angle + np.float32(turned), directions).astype(np.uint8)
    large: NDArray[Any] = np.asarray(cv2.resize(index, size[::-1], interpolation=cv2.INTER_NEAREST))
    if flat_angle is not None:
        magnitude = cv2.resize(field.magnitude, size[::-1], interpolation=cv2.INTER_LINEAR)
        large[magnitude < WEAK] = _quantise(np.array(flat_angle), directions)
    return large


def _quantise(angle: NDArray[Any], directions: int) -> NDArray[Any]:
    step = 180 / directions
    return np.asarray(np.floor((angle + 90 + step / 2) / step) % directions)
