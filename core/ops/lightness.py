"""How light a colour is."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

WEIGHTS = (0.299, 0.587, 0.114)
"""Of red, green and blue in the luma of ITU-R BT.601, which is OpenCV's grey too."""
LUMA = np.array(WEIGHTS, np.float32)


def luma(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """The luma (H, W) of (H, W, 3) colours."""
    return np.asarray(picture @ LUMA)


def grey(picture: NDArray[Any]) -> NDArray[Any]:
    """The luma (H, W) of (H, W, 3) in the type of the picture, rounded as OpenCV does it."""
    import cv2

    return np.asarray(cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2GRAY))
