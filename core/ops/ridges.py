"""Lines about one pixel wide along the ridges of a plane."""

from __future__ import annotations

import cv2
import numpy as np

from .banded import Plane
from .outlines import blurred
from .tangents import of_tensor

STEP = 0.02
"""So much lower than beside it, a value fades to nothing: no rounding decides where a line lies."""


def thinned(strength: Plane, sigma: float = 1.0) -> Plane:
    """(H, W) values where they are no less than on both sides across the ridge they lie on, else 0.

    The way across is that in which the second derivative is least, of the plane smoothed by ``sigma`` pixels.
    """
    soft = blurred(strength, sigma)
    xx, xy, yy = (cv2.Sobel(soft, cv2.CV_32F, *orders, ksize=3) for orders in ((2, 0), (1, 1), (0, 2)))
    across = of_tensor(*(np.asarray(part, np.float32) for part in (xx, xy, yy)))
    rows, columns = np.indices(strength.shape, np.float32, sparse=True)
    steps = [(sign * across.x, sign * across.y) for sign in (np.float32(-1), np.float32(1))]
    sides = [
        cv2.remap(soft, columns + right, rows + down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        for right, down in steps
    ]
    share = np.clip(1 + (soft - np.maximum(*sides)) / np.float32(STEP), 0, 1)
    return np.asarray(strength * share, np.float32)
