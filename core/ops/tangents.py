"""The smooth field of directions along the forms, and means along its lines.

References:
    Brox, Weickert, Burgeth, Mrázek: Nonlinear structure tensors. Image and Vision Computing 2006 (the tensor).
    Kyprianidis, Döllner: Image abstraction by structure adaptive filtering. TPCG 2008 (tangents, integration).
    Cabral, Leedom: Imaging vector fields using line integral convolution. SIGGRAPH 1993.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from senga.job import Job

from .banded import Plane, windowed
from .gradients import gradient


@dataclass(frozen=True)
class Tangents:
    """Directions of the forms.

    Attributes:
        x: (H, W) the unit tangent, to the right.
        y: the same, downwards. A tangent and its opposite mean the same.
        anisotropy: 0 where there is no direction, 1 on a clear edge.
    """

    x: Plane
    y: Plane
    anisotropy: Plane


def tangents(values: Plane, sigma: float, *, far: bool = False) -> Tangents:
    """Minor eigenvectors of the structure tensor of all channels, smoothed by a Gaussian of ``sigma`` pixels.

    With ``far``, strong edges as far as ``FAR`` times that give flat places a direction, too.
    """
    planes = values.reshape(*values.shape[:2], -1)
    across, down = (part.reshape(planes.shape) for part in gradient(planes, operator="scharr"))
    products = np.dstack([np.einsum("hwc,hwc->hw", a, b) for a, b in ((across, across), (across, down), (down, down))])
    size = 2 * int(np.ceil(2.5 * sigma)) + 1
    smooth: Any = cv2.GaussianBlur(products, (size, size), sigma, borderType=cv2.BORDER_REFLECT_101)
    if far:
        smooth = smooth + np.float32(0.5) * _twice_boxed(smooth, FAR * sigma)
    return of_tensor(*np.moveaxis(smooth.reshape(products.shape), 2, 0))


FAR = 5.0
"""How much farther strong edges are seen from flat places."""


def reach_of(sigma: float, *, far: bool = False) -> int:
    """Pixels that ``tangents`` sees in each direction."""
    return 2 + int(np.ceil(2.5 * sigma)) + (2 * _box_of(FAR * sigma) if far else 0)


def _twice_boxed(values: Plane, sigma: float) -> Plane:
    """Nearly a Gaussian mean."""
    window = 2 * _box_of(sigma) + 1
    for _ in range(2):
        values = np.asarray(cv2.blur(values, (window, window), borderType=cv2.BORDER_REFLECT_101), np.float32)
    return values


def _box_of(sigma: float) -> int:
    """Half the window whose mean, taken twice, has this standard deviation."""
    return max(1, round(sigma * 1.22))


def of_tensor(xx: Plane, xy: Plane, yy: Plane) -> Tangents:
    """Tangents of the tensor ((xx, xy), (xy, yy)): they point where it changes least."""
    difference = xx - yy
    spread = np.sqrt(difference * difference + 4 * xy * xy)
    half = 0.5 * np.arctan2(2 * xy, difference)
    anisotropy = spread / (xx + yy + np.float32(1e-6))
    return Tangents(-np.sin(half), np.cos(half), anisotropy)


def along(values: Plane, field: Tangents, sigma: float, job: Job, *, step: float = 1.0) -> Plane:
    """Gaussian means of (H, W) or (H, W, C) values along the lines of the field.

    The standard deviation is ``sigma`` pixels. Lines are followed by Euler's method; a tangent is turned so that it
    goes on the way it came.
    """

    def means(values: Plane, x: Plane, y: Plane) -> Plane:
        return _line_means(values, x, y, sigma, step)

    return windowed(means, (values, field.x, field.y), reach_along(sigma, step), job, size=150_000)


def reach_along(sigma: float, step: float = 1.0) -> int:
    """Pixels that ``along`` sees in each direction."""
    return int(np.ceil(_steps(sigma, step) * step)) + 2


def _steps(sigma: float, step: float) -> int:
    return max(1, int(np.ceil(2 * sigma / step)))


def _line_means(values: Plane, x: Plane, y: Plane, sigma: float, step: float) -> Plane:
    height, width = values.shape[:2]
    rows, columns = np.arange(height, dtype=np.float32)[:, None], np.arange(width, dtype=np.float32)[None, :]
    field = np.dstack([x, y])
    total, whole = values.copy(), 1.0
    for sign in (1, -1):
        way = [np.float32(sign * step) * x, np.float32(sign * step) * y]
        place = [columns + way[0], rows + way[1]]
        for index in range(1, _steps(sigma, step) + 1):
            if index > 1:
                way = _next(field, place, way, step)
                place[0] += way[0]
                place[1] += way[1]
            weight = float(np.exp(-0.5 * (index * step / sigma) ** 2))
            total += np.float32(weight) * _at(values, place)
            whole += weight
    return np.asarray(total / np.float32(whole))


def _at(values: Plane, place: list[Plane], how: int = cv2.INTER_LINEAR) -> Plane:
    return np.asarray(cv2.remap(values, place[0], place[1], how, borderMode=cv2.BORDER_REPLICATE))


def _next(field: Plane, place: list[Plane], way: list[Plane], step: float) -> list[Plane]:
    """The step from ``place`` on, along the tangent that is there."""
    there = _at(field, place, cv2.INTER_NEAREST)
    turn = np.copysign(np.float32(step), there[:, :, 0] * way[0] + there[:, :, 1] * way[1])
    return [there[:, :, 0] * turn, there[:, :, 1] * turn]
