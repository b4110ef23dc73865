"""Paint a reduced picture, and bring the result back to full size with the crisp edges of the photo.

Around each pixel of the reduced picture the painting is taken as a linear function of the photo, channel by channel;
its slope says how much of the photo's fine detail the painting keeps there: all at contours, none in flat paint. The
painting is enlarged, and the detail that the photo lost when it was reduced is added, times that slope.

References:
    K. He, J. Sun: Fast Guided Filter. 2015, arXiv:1505.00996.
"""

from __future__ import annotations

from math import ceil

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.image import Pixels, to_depth
from senga.job import Job
from senga.ops.guided import guided_slope
from senga.ops.rows import bands

Picture = NDArray[np.float32]
RADIUS = 2
"""Of the window of the linear function, in pixels of the reduced picture."""
EPS = 0.03**2
"""Variance of the photo below which it counts as flat."""
_BAND_PIXELS = 1 << 20
_LEAST = 64


def reduced(pixels: Pixels, scale: float) -> Pixels | None:
    """The picture smaller by ``scale``, or None where that changes nothing."""
    height, width = pixels.shape[:2]
    size = (max(round(width / scale), min(width, _LEAST)), max(round(height / scale), min(height, _LEAST)))
    if scale <= 1.02 or size == (width, height):
        return None
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))


def finished(photo: Pixels, small: Pixels, painted: Pixels, job: Job) -> Pixels:
    """The painting at the size of the photo.

    Args:
        photo: (H, W, 3).
        small: the reduced photo.
        painted: the painting of ``small``.
        job: for progress and cancel.

    Returns:
        (H, W, 3) of the type of ``photo``.
    """
    layers = (to_depth(painted, np.float32), to_depth(small, np.float32))
    slope = guided_slope(layers[1], layers[0], RADIUS, EPS)
    result = np.empty_like(photo)
    for rows in bands(photo.shape[0], ceil(_BAND_PIXELS / photo.shape[1])):
        job.progress(rows.start / photo.shape[0], "sharpening")
        band, top = photo[rows], rows.start
        size = band.shape[0], band.shape[1]
        large, blurred = (_enlarged(layer, photo.shape, top, size, cv2.INTER_CUBIC) for layer in layers)
        detail = to_depth(band, np.float32) - blurred
        detail *= _enlarged(slope, photo.shape, top, size, cv2.INTER_LINEAR)
        result[rows] = to_depth(np.clip(large + detail, 0, 1), photo.dtype)
    return result


def _enlarged(values: Picture, shape: tuple[int, ...], top: int, size: tuple[int, int], how: int) -> Picture:
    """Rows from ``top`` on of ``values`` enlarged to ``shape``, with pixel centres aligned."""
    down, right = values.shape[0] / shape[0], values.shape[1] / shape[1]
    place = np.array([[right, 0, right / 2 - 0.5], [0, down, (top + 0.5) * down - 0.5]])
    flags = how | cv2.WARP_INVERSE_MAP
    warped = cv2.warpAffine(values, place, (size[1], size[0]), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(warped, np.float32)
