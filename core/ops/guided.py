"""The guided filter, as far as painting on a reduced picture needs it.

References:
    K. He, J. Sun, X. Tang: Guided image filtering. IEEE TPAMI 35(6), 2013, doi:10.1109/TPAMI.2012.213.
    K. He, J. Sun: Fast guided filter. 2015, arXiv:1505.00996: the slope is found in a reduced picture.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.float32]


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
