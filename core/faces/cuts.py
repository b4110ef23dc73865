"""Parts of pictures as networks want them: reduced, upright, RGB in [-1, 1]."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.image import Pixels

from .frame import inverse, moved

FULL = {"uint8": 127.5, "uint16": 32767.5, "float32": 0.5}
"""Half of white."""


def reduced(pixels: Pixels, long: int) -> Pixels:
    """The picture with this longer side; smaller ones are enlarged."""
    height, width = pixels.shape[:2]
    scale = long / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR))


def centred(pixels: Pixels) -> NDArray[np.float32]:
    """Numbers in [-1, 1]; those that are none are grey."""
    values = pixels.astype(np.float32) / np.float32(FULL[pixels.dtype.name]) - 1
    return np.nan_to_num(np.clip(values, -1, 1))


def square(pixels: Pixels, matrix: NDArray[Any], side: int) -> Pixels:
    """(side, side, 3) of the picture through a (2, 3) matrix; beyond its border stands the border.

    Only the part that is seen is read, and it is averaged where it is much larger than the square.
    """
    corners = moved(np.array([[0, 0], [side, 0], [0, side], [side, side]], np.float64), inverse(matrix))
    height, width = pixels.shape[:2]
    low = np.clip(np.floor(corners.min(axis=0)).astype(int) - 2, 0, [width - 1, height - 1])
    high = np.clip(np.ceil(corners.max(axis=0)).astype(int) + 2, low + 1, [width, height])
    part = pixels[low[1] : high[1], low[0] : high[0]]
    matrix = np.c_[matrix[:, :2], matrix[:, 2] + matrix[:, :2] @ low]
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    if scale < 0.7:
        size = [max(1, round(length * scale * 1.4)) for length in part.shape[1::-1]]
        shares = np.array(part.shape[1::-1]) / size
        part = np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA))
        matrix = np.c_[matrix[:, :2] * shares, matrix[:, 2]]
    return np.asarray(_warped(part, matrix, side))


def _warped(part: Pixels, matrix: NDArray[Any], side: int) -> Pixels:
    """Middles of pixels lie at halves, those of OpenCV at whole numbers."""
    shift = matrix[:, :2].sum(axis=1) / 2 - 0.5
    own = np.c_[matrix[:, :2], matrix[:, 2] + shift]
    return np.asarray(cv2.warpAffine(part, own, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))
