"""Smoothing: plain, and such that keeps edges.

References:
    L. Xu, C. Lu, Y. Xu, J. Jia: Image smoothing via L0 gradient minimization. SIGGRAPH Asia 2011,
    doi:10.1145/2070781.2024208.
    G. Papari, N. Petkov, P. Campisi: Artistic edge and corner enhancing smoothing. IEEE Transactions on Image
    Processing 16(10), 2007, doi:10.1109/TIP.2007.903912: the Kuwahara filter with smooth sectors.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.float32]
_WIDE = 16
"""Pixels of standard deviation from which on a blur is made of a reduced picture."""


def blurred(plane: Picture, deviation: float) -> Picture:
    """Gaussian blur; a wide one is made of a reduced picture, whose cost does not grow with it."""
    height, width = plane.shape[:2]
    factor = max(1, int(deviation / _WIDE))
    size = -(-width // factor), -(-height // factor)
    small = plane if factor == 1 else cv2.resize(plane, size, interpolation=cv2.INTER_AREA)
    blur = cv2.GaussianBlur(small, (0, 0), deviation / factor, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.resize(blur, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def smooth_l0(picture: Picture, weight: float, growth: float = 2.0, last: float = 1e5) -> Picture:
    """Keeps few gradients and flattens the rest (Xu et al. 2011, L0 gradient minimisation)."""
    energy = _gradient_energy(*picture.shape[:2])
    start = [_spectrum(np.ascontiguousarray(picture[..., c])) for c in range(3)]
    smooth, beta = picture, 2 * weight
    while beta < last:
        down, right = np.roll(smooth, -1, 0) - smooth, np.roll(smooth, -1, 1) - smooth
        small = (down**2 + right**2).sum(-1) < weight / beta
        down[small], right[small] = 0, 0
        divergence = np.roll(down, 1, 0) - down + np.roll(right, 1, 1) - right
        smooth = _solve(start, divergence, energy, beta)
        beta *= growth
    return smooth


def _solve(start: list[NDArray[np.float32]], divergence: Picture, energy: Picture, beta: float) -> Picture:
    """One least-squares step of the L0 smoothing in the Fourier domain."""
    scale = (1 + beta * energy)[..., None]
    planes = []
    for c, first in enumerate(start):
        whole = (first + beta * _spectrum(np.ascontiguousarray(divergence[..., c]))) / scale
        planes.append(cv2.idft(whole, flags=cv2.DFT_SCALE | cv2.DFT_REAL_OUTPUT))
    return np.stack(planes, -1)


def _spectrum(plane: Picture) -> NDArray[np.float32]:
    """Complex Fourier transform of one plane, as two float32 channels."""
    return np.asarray(cv2.dft(plane, flags=cv2.DFT_COMPLEX_OUTPUT), np.float32)


def _gradient_energy(height: int, width: int) -> Picture:
    """Squared magnitude of the transfer functions of both forward differences (periodic borders)."""
    rows = 2 - 2 * np.cos(2 * np.pi * np.arange(height) / height)
    columns = 2 - 2 * np.cos(2 * np.pi * np.arange(width) / width)
    return np.asarray(rows[:, None] + columns[None, :], np.float32)


def kuwahara(picture: Picture, radius: int, sharpness: float = 8.0) -> Picture:
    """Brush-like smoothing: each pixel takes the mean of the slices around it that vary least."""
    total, weights = np.zeros_like(picture), np.zeros((*picture.shape[:2], 1), np.float32)
    for kernel in _sectors(radius):
        mean = cv2.filter2D(picture, -1, kernel, borderType=cv2.BORDER_REFLECT_101)
        square = cv2.filter2D(picture**2, -1, kernel, borderType=cv2.BORDER_REFLECT_101)
        spread = np.maximum(square - mean**2, 0).sum(-1, keepdims=True)
        weight = 1 / (1e-3 + np.sqrt(spread)) ** sharpness
        total, weights = total + mean * weight, weights + weight
    return np.asarray(total / weights, np.float32)


def _sectors(radius: int, count: int = 8) -> list[Picture]:
    """Smooth weights of the pie slices around a pixel."""
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1].astype(np.float32)
    disc = np.exp(-(x**2 + y**2) / (2 * (radius / 2) ** 2)) * (x**2 + y**2 <= (radius + 0.5) ** 2)
    angle = np.arctan2(y, x)
    kernels = []
    for k in range(count):
        offset = np.angle(np.exp(1j * (angle - 2 * np.pi * k / count)))
        kernel = disc * np.exp(-((offset / (np.pi / count)) ** 2))
        kernel[radius, radius] = disc[radius, radius] / count
        kernels.append((kernel / kernel.sum()).astype(np.float32))
    return kernels
