"""What the networks of lines see: how a picture differs from its surroundings, colour by colour.

Reference:
    L. Zhang: sketchKeras, https://github.com/lllyasviel/sketchKeras, 2017.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]

SIGMA = 3.0
"""Of the surroundings, in pixels."""
HALFWAY = 0.08
"""The difference that becomes one half: faint lines count nearly as much as strong ones."""


def highpass(picture: Plane) -> Plane:
    """(H, W, C) in 0..1 less its surroundings, in -1..1."""
    soft: Any = cv2.GaussianBlur(picture, (0, 0), SIGMA, borderType=cv2.BORDER_REFLECT_101)
    return np.asarray(picture - soft.reshape(picture.shape), np.float32)


def evened(difference: Plane) -> Plane:
    """Differences with the faint ones brought up, in -1..1: what ``lines`` sees."""
    return np.asarray(difference / (np.abs(difference) + np.float32(HALFWAY)), np.float32)


def at_most_one(difference: Plane) -> Plane:
    """Differences divided by the largest, as sketchKeras takes them: the lighter side of an edge is at most 1."""
    most = float(difference.max(initial=0.0))
    return np.asarray(difference / np.float32(most if most > 0 else 1), np.float32)
