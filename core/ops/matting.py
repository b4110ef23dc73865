"""How far colours are from locally affine functions of a picture: the matting Laplacian, without a matrix.

References:
    A. Levin, D. Lischinski, Y. Weiss: A Closed-Form Solution to Natural Image Matting. IEEE TPAMI 30(2), 2008,
    doi:10.1109/TPAMI.2007.1177.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
_SIDE = 3


class MattingLaplacian:
    """The Laplacian of a picture; windows are 3 x 3, those that lie wholly inside.

    Args:
        picture: (H, W, 3) in 0..1, both sides at least 3.
        eps: variance below which a window is taken as flat.
    """

    def __init__(self, picture: Any, eps: float = 1e-7) -> None:
        own = np.asarray(picture, np.float64)
        self._own, self._mean = own, _means(own)
        common = _means(own[..., :, None] * own[..., None, :]) - self._mean[..., :, None] * self._mean[..., None, :]
        self._inverse = np.linalg.inv(common + eps / _SIDE**2 * np.eye(3))
        self._count = _sums(np.ones((*self._mean.shape[:2], 1)))

    def product(self, colours: Any) -> Numbers:
        """The Laplacian times colours (H, W, C), each channel by itself: 0 for affine functions of the picture.

        ``(colours * product(colours)).sum()`` is their energy, and twice the product its gradient.
        """
        given = np.asarray(colours, np.float64)
        level = _means(given)
        common = _means(self._own[..., :, None] * given[..., None, :]) - self._mean[..., :, None] * level[..., None, :]
        slopes = self._inverse @ common  # (h, w, 3, C): of the affine function in each window
        shift = level - np.einsum("hwi,hwic->hwc", self._mean, slopes)
        told = np.einsum("hwi,hwic->hwc", self._own, _sums(slopes)) + _sums(shift)
        return np.asarray(self._count * given - told)


def _means(values: Numbers) -> Numbers:
    """Of every window that lies inside, (H - 2, W - 2, …)."""
    flat = values.reshape(*values.shape[:2], -1)
    planes = [cv2.blur(np.ascontiguousarray(flat[..., i]), (_SIDE, _SIDE))[1:-1, 1:-1] for i in range(flat.shape[2])]
    return np.asarray(np.stack(planes, -1).reshape(*planes[0].shape, *values.shape[2:]))


def _sums(values: Numbers) -> Numbers:
    """For every pixel, over the windows in which it lies, (H, W, …) of (H - 2, W - 2, …)."""
    flat = np.pad(values.reshape(*values.shape[:2], -1), ((2, 2), (2, 2), (0, 0)))
    planes = [
        cv2.boxFilter(np.ascontiguousarray(flat[..., i]), -1, (_SIDE, _SIDE), normalize=False)[1:-1, 1:-1]
        for i in range(flat.shape[2])
    ]
    return np.asarray(np.stack(planes, -1).reshape(*planes[0].shape, *values.shape[2:]))
