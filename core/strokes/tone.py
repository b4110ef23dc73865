"""How dark: the grey picture, its contrast, and the grey level of every pixel."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.image import Image, to_depth
from senga.ops import lightness
from senga.ops.rows import bands

Grey = NDArray[np.uint8]
_BLACK, _MIDDLE = 20, 180
"""Greys up to the first are never lightened; from the second on, histogram matching does what it wants."""


def grey_of(image: Image) -> Grey:
    """The luma of a picture as (H, W) uint8; works in strips, so that a deep picture is never copied whole."""
    grey = np.empty((image.height, image.width), np.uint8)
    for rows in bands(image.height):
        part = image.pixels[rows]
        if image.grey:
            grey[rows] = to_depth(np.clip(part[..., 0], 0, None), np.uint8)
        else:
            grey[rows] = lightness.grey(to_depth(part, np.uint8))
    return grey


def equalise(grey: Grey, full_size: tuple[int, int], amount: float = 1.0) -> Grey:
    """Bring out local contrast (CLAHE, clip limit 2, 10 × 10 tiles over the full picture), mixed in by ``amount``."""
    if amount == 0:
        return grey
    tiles = [max(1, round(10 * own / full)) for own, full in zip(grey.shape, full_size, strict=True)]
    equalised = cv2.createCLAHE(clipLimit=2.0, tileGridSize=(tiles[1], tiles[0])).apply(grey)
    return np.asarray(cv2.addWeighted(equalised, amount, grey, 1 - amount, 0), dtype=np.uint8)


def lighten(grey: Grey, amount: float) -> Grey:
    """Move the tones towards the light ones of a typical pencil drawing, by matching its histogram.

    Unlike plain matching this keeps black black, however much of it there is.

    References:
        Lu, Xu, Jia: Combining sketch and tone for pencil drawing production. NPAR 2012. The weights 76, 22 and 2 per
        cent for bright, middle and dark are those of the AAAI 2021 program.
    """
    value = np.arange(256)
    bright = np.exp(-(255 - value) / 9) / 9
    middle = ((value >= 105) & (value <= 225)) / 120
    dark = np.exp(-((value - 90) ** 2) / (2 * 11**2)) / np.sqrt(2 * np.pi * 11)
    wanted = np.cumsum(0.76 * bright + 0.22 * middle + 0.02 * dark)
    share = np.cumsum(np.bincount(grey.ravel(), minlength=256)) / grey.size
    matched = np.abs(wanted[None] / wanted[-1] - share[:, None]).argmin(axis=1)
    shade = np.clip((value - _BLACK) / (_MIDDLE - _BLACK), 0, 1)
    lightest = value + (255 - value) * shade**2 * (3 - 2 * shade)
    table = np.rint(amount * np.minimum(matched, lightest) + (1 - amount) * value).astype(np.uint8)
    return np.asarray(cv2.blur(cv2.LUT(grey, table), (3, 3)), dtype=np.uint8)


def guide(grey: Grey, full_size: tuple[int, int], lightness: float, contrast: float) -> Grey:
    """The grey picture that decides how dark each place is drawn."""
    return equalise(lighten(grey, lightness) if lightness > 0 else grey, full_size, contrast)


WHITE = 254
"""The lightest grey of a guide: 255 is kept for what is not drawn at all."""


def level_limits(levels: int) -> NDArray[np.uint8]:
    """The lightest grey of each level; level 0 is the darkest, the level of grey u is ``u * levels // 255``."""
    return np.minimum(WHITE, (np.arange(1, levels + 1) * 255 - 1) // levels).astype(np.uint8)


def level_grey(levels: int) -> NDArray[Any]:
    """The grey, 0..255, that strokes of each level are drawn with."""
    return 256.0 * np.arange(levels) / levels
