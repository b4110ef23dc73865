"""Pictures whose edges are blurred: what a discriminator must learn to refuse.

References:
    Y. Chen, Y.-K. Lai, Y.-J. Liu: CartoonGAN: Generative Adversarial Networks for Photo Cartoonization. CVPR 2018,
    doi:10.1109/CVPR.2018.00986.
"""

from __future__ import annotations

import cv2
import numpy as np

from senga.ops.lightness import grey

from .album import Bytes

_KERNEL = 5
_THRESHOLDS = 100, 200


def smooth_edges(picture: Bytes) -> Bytes:
    """Blur (5 x 5 Gaussian) where a pixel of (H, W, 3) is within two pixels of an edge."""
    near = cv2.dilate(cv2.Canny(grey(picture), *_THRESHOLDS), np.ones((_KERNEL, _KERNEL), np.uint8)) != 0
    blurred = cv2.GaussianBlur(picture, (_KERNEL, _KERNEL), 0, borderType=cv2.BORDER_REFLECT_101)
    return np.where(near[:, :, None], blurred, picture)


def grey_twice(pictures: list[Bytes]) -> list[Bytes]:
    """Three equal channels of OpenCV's grey."""
    greys = (grey(picture) for picture in pictures)
    return [np.asarray(cv2.cvtColor(plane, cv2.COLOR_GRAY2RGB), np.uint8) for plane in greys]
