"""Outlines as a pen draws them: differences of Gaussians, smoothed along the forms, with soft ink.

References:
    Kang, Lee, Chui: Flow-based image abstraction. TVCG 2009 (smoothing along the edge tangent flow).
    Winnemöller, Kyprianidis, Olsen: XDoG, an eXtended difference-of-Gaussians compendium. Computers & Graphics 2012.
"""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np

from senga.job import Job

from .banded import Plane
from .tangents import Tangents, along, reach_along

RATIO = 1.6
"""Of the standard deviations of both Gaussians: nearly a Laplacian."""


def difference(values: Plane, sigma: float) -> Plane:
    """G(sigma) - G(1.6 sigma): positive on the lighter side of an edge, negative on the darker one."""
    return blurred(values, sigma) - blurred(values, RATIO * sigma)


def blurred(values: Plane, sigma: float) -> Plane:
    """A Gaussian mean, reflected at the border."""
    size = 2 * math.ceil(3 * sigma) + 1
    found: Any = cv2.GaussianBlur(values, (size, size), sigma, borderType=cv2.BORDER_REFLECT_101)
    return np.asarray(found, np.float32).reshape(values.shape)


def flowing(lightness: Plane, sigma: float, coherence: float, field: Tangents, job: Job) -> Plane:
    """The difference of Gaussians of (H, W) values, smoothed along the field over ``coherence`` pixels."""
    return along(difference(lightness, sigma), field, coherence, job)


def reach_of(sigma: float, coherence: float) -> int:
    """Pixels that ``flowing`` sees in each direction."""
    return math.ceil(3 * RATIO * sigma) + reach_along(coherence)


def ink(response: Plane, threshold: float, sharpness: float) -> Plane:
    """Paper left between the lines: 1 where the response is above -threshold, falling smoothly to 0 below."""
    below = np.minimum(response + np.float32(threshold), 0)
    below *= np.float32(sharpness)
    return np.asarray(1 + np.tanh(below, out=below), np.float32)
