"""The guided filter, whole, and its slope alone, which painting on a reduced picture needs.

References:
    K. He, J. Sun, X. Tang: Guided image filtering. IEEE TPAMI 35(6), 2013, doi:10.1109/TPAMI.2012.213.
    K. He, J. Sun: Fast guided filter. 2015, arXiv:1505.00996: the slope is found in a reduced picture.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.job import Job

from .banded import windowed

Picture = NDArray[np.float32]


def guided_filter(guide: Picture, picture: Picture, radius: int, eps: float, job: Job) -> Picture:
    """What of ``picture`` is a linear function of ``guide`` in windows around every pixel, channel by channel.

    Windows end at the borders of the picture: their means are of what is there.

    Args:
        guide: (H, W, C).
        picture: of the same shape.
        radius: of the windows, in pixels.
        eps: variance of the guide below which it is taken for noise.
        job: threads, progress and cancel.
    """

    def filtered(picture: Picture, guide: Picture) -> Picture:
        return _filtered(guide, picture, radius, np.float32(eps))

    return windowed(filtered, (picture, guide), 2 * radius, job)


def _filtered(guide: Picture, picture: Picture, radius: int, eps: np.float32) -> Picture:
    side = 2 * radius + 1

    def mean(values: Picture) -> Picture:
        total = cv2.boxFilter(values, cv2.CV_32F, (side, side), normalize=False, borderType=cv2.BORDER_CONSTANT)
        return np.asarray(total.reshape(values.shape) / count, np.float32)

    ones = np.ones(picture.shape[:2], np.float32)
    total = cv2.boxFilter(ones, cv2.CV_32F, (side, side), normalize=False, borderType=cv2.BORDER_CONSTANT)
    count = total.reshape(*picture.shape[:2], 1)
    centre, level = mean(guide), mean(picture)
    variance = np.maximum(mean(guide * guide) - centre * centre, 0)
    slope: Picture = (mean(guide * picture) - centre * level) / (variance + eps)
    return mean(slope) * guide + mean(level - slope * centre)


def guided_slope(guide: Picture, aim: Picture, radius: int, eps: float, most: float = 1.5) -> Picture:
    """By how much ``aim`` follows the detail of ``guide`` around every pixel, channel by channel, in 0..``most``.

    Args:
        guide: (H, W, C).
        aim: of the same shape.
        radius: of the windows, in pixels.
        eps: variance of the guide below which it is taken for noise.
        most: steeper slopes are cut off.
    """

    def mean(values: Picture) -> Picture:
        side = 2 * radius + 1
        return np.asarray(cv2.blur(values, (side, side), borderType=cv2.BORDER_REFLECT), np.float32)

    centre = mean(guide)
    variance = mean(guide * guide) - centre * centre
    common = variance if aim is guide else mean(guide * aim) - centre * mean(aim)
    slope: Picture = common / (np.maximum(variance, 0) + np.float32(eps))
    return np.asarray(np.clip(mean(slope), 0, most), np.float32)
