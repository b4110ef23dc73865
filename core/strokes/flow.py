"""Where strokes run: a smooth field of tangents along the forms, and the stroke direction of every pixel.

References:
    Kang, Lee, Chui: Coherent line drawing. NPAR 2007, doi:10.1145/1274871.1274878. Here with the weights of the
    AAAI 2021 program. The dot product weight ``(t(x)·t(y)) t(y)`` is ``(t(y) t(y)ᵀ) t(x)`` and tanh is close to linear
    on [-1, 1], so that one step is four box filters instead of a sum over a window per pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.ops.rows import bands

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
    """The smoothed tangent field of ``grey`` at ``size``; ``radius`` is half the window, ``steps`` how often.

    The last ones are kept: a painter who tries settings draws the same picture again and again.
    """
    small = np.asarray(cv2.resize(grey, size[::-1], interpolation=cv2.INTER_LINEAR), np.uint8)
    return _tangents(small.tobytes(), size, radius, steps)


@lru_cache(maxsize=3)
def _tangents(pixels: bytes, size: tuple[int, int], radius: int, steps: int) -> Field:
    small = np.frombuffer(pixels, np.uint8).reshape(size)
    padded = cv2.copyMakeBorder(small, radius, radius, radius, radius, cv2.BORDER_REPLICATE).astype(np.float32)
    low, high = float(padded.min()), float(padded.max())
    padded = (padded - low) / max(high - low, 1e-12)
    gradient_x = cv2.Sobel(padded, cv2.CV_32F, 1, 0, ksize=5) + np.float32(1e-12)
    gradient_y = cv2.Sobel(padded, cv2.CV_32F, 0, 1, ksize=5) + np.float32(1e-12)
    magnitude = np.sqrt(gradient_x**2 + gradient_y**2)
    x, y = -gradient_y / magnitude, gradient_x / magnitude
    _smooth(x, y, magnitude / magnitude.max(), radius, steps)
    inside = (slice(radius, radius + size[0]), slice(radius, radius + size[1]))
    return Field(*(_frozen(plane[inside]) for plane in (x, y, magnitude)))


def _frozen(plane: Plane) -> Plane:
    plane.flags.writeable = False
    return plane


def _smooth(x: Plane, y: Plane, weight: Plane, radius: int, steps: int) -> None:
    """Turn every tangent, in place, towards its neighbours with a stronger gradient; the border keeps its own.

    Means are taken of whole planes, whose sums run on from row to row; the rest in bands that stay in the cache.
    """
    height, width = x.shape
    inside = (slice(radius, height - radius), slice(radius, width - radius))
    window = (2 * radius + 1, 2 * radius + 1)
    squared = weight * weight
    weights = (weight, squared)
    whole = _mixed(weight[inside], *(cv2.blur(plane, window)[inside] for plane in weights))
    products = np.empty((4, height, width), np.float32)
    means = np.empty_like(products)
    for _ in range(steps):
        for rows in bands(height, _ROWS):
            _multiply(x[rows], y[rows], (weight[rows], squared[rows]), products[:, rows])
        for product, mean in zip(products, means, strict=True):
            cv2.blur(product, window, dst=mean)
        for rows in bands(height - radius, _ROWS, radius):
            here = (rows, inside[1])
            xx, xy = (_mixed(weight[here], means[k][here], means[k + 1][here]) for k in (0, 2))
            _turn(x[here], y[here], xx, xy, whole[rows.start - radius : rows.stop - radius])


_ROWS = 64
"""Height of a band."""


def _multiply(x: Plane, y: Plane, weights: tuple[Plane, ...], out: Plane) -> None:
    """The products x x and x y, each times each of the weights."""
    for index, other in enumerate((x, y)):
        product = x * other
        for place, weight in enumerate(weights, 2 * index):
            np.multiply(weight, product, out=out[place])


def _mixed(weight: Plane, once: Any, squared: Any) -> Plane:
    """A mean with the weights, of which a place with a strong gradient takes less, and one with their squares."""
    mixed = np.float32(0.5) * (1 - _TANH * weight)
    mixed *= once
    mixed += _TANH / 2 * squared
    return np.asarray(mixed)


def _turn(x: Plane, y: Plane, xx: Plane, xy: Plane, whole: Plane) -> None:
    """Multiply the tangents by the matrix ((xx, xy), (xy, whole - xx)), to the length 1 unless nothing is left."""
    new_x, new_y = xx * x, xy * x
    new_x += xy * y
    np.subtract(whole, xx, out=xx)
    xx *= y
    new_y += xx
    length = new_x * new_x
    length += new_y * new_y
    np.sqrt(length, out=length)
    known: Any = True if length.min() > 0 else length > 0
    np.divide(new_x, length, out=x, where=known)
    np.divide(new_y, length, out=y, where=known)


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
    fewest: tuple[int, ...] = min(size, field.x.shape)
    x, y = (_nearest(plane, fewest) for plane in (field.x, field.y))
    angle = np.degrees(np.arctan(-y / np.where(x == 0, np.float32(1e-12), x)))
    index = _quantise(angle + np.float32(turned), directions).astype(np.uint8)
    large = _nearest(index, size)
    if flat_angle is not None:
        magnitude = cv2.resize(field.magnitude, size[::-1], interpolation=cv2.INTER_LINEAR)
        large[magnitude < WEAK] = _quantise(np.array(flat_angle), directions)
    return large


def _nearest(plane: NDArray[Any], size: tuple[int, ...]) -> NDArray[Any]:
    if plane.shape == size:
        return plane
    return np.asarray(cv2.resize(plane, size[::-1], interpolation=cv2.INTER_NEAREST))


def _quantise(angle: NDArray[Any], directions: int) -> NDArray[Any]:
    step = 180 / directions
    return np.asarray(np.floor((angle + 90 + step / 2) / step) % directions)
