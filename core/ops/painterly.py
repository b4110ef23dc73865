"""Smoothing that looks painted: the mode of a window, and Kuwahara's filter in its classic and anisotropic forms.

References:
    Kuwahara, Hachimura, Eiho, Kinoshita: Processing of RI-angiocardiographic images. 1976.
    Kyprianidis, Kang, Döllner: Image and video abstraction by anisotropic Kuwahara filtering. CGF 28(7), 2009,
    doi:10.1111/j.1467-8659.2009.01574.x.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.image import Pixels

from .banded import Plane, samples
from .lightness import luma
from .tangents import Tangents

_KEPT = 24
"""Counts of so many bins are kept, those of others made twice."""
_WIDEST_EXACT = 90
"""Radius up to which sums of 16-bit samples are exact whole numbers of 32 bits."""


def commonest(band: Pixels, radius: int, levels: int, exponent: int) -> Plane:
    """The colour of the commonest tone of each window; rows lose ``radius`` above and below.

    Tones are ``levels`` bins of the mean of red, green and blue. With the counts n of the bins in a window, and the
    means m of their colours: Σ w m / Σ w, w = (n / max n) ^ exponent. Every bin is a box filter, so that the radius
    costs nothing.

    Args:
        band: (H, W, 3) in any depth.
        radius: of the square window, in pixels.
        levels: number of bins.
        exponent: how much the commonest wins, from 1.
    """
    return _in_blocks(band, radius, 512, lambda block: _commonest(block, radius, levels, exponent))


def _in_blocks(band: Pixels, radius: int, wide: int, paint: Callable[[Pixels], Plane]) -> Plane:
    """Paint ``wide`` columns at once, whose planes stay in the cache; rows lose ``radius`` above and below.

    ``paint`` sees ``radius`` further columns on both sides, and leaves them out.
    """
    sides: Any = cv2.copyMakeBorder(band, 0, 0, radius, radius, cv2.BORDER_REFLECT_101).reshape(len(band), -1, 3)
    result = np.empty((len(band) - 2 * radius, band.shape[1], 3), np.float32)
    for left in range(0, band.shape[1], wide):
        result[:, left : left + wide] = paint(sides[:, left : left + wide + 2 * radius])
    return result


def _commonest(band: Pixels, radius: int, levels: int, exponent: int) -> Plane:
    """The same, where columns lose ``radius`` on both sides as well."""
    bins = _bins(samples(band), levels)
    source = band if band.dtype != np.uint16 or radius <= _WIDEST_EXACT else samples(band)
    planes = [np.ascontiguousarray(source[:, :, channel]) for channel in range(3)]
    used = [index for index, count in enumerate(cv2.calcHist([bins], [0], None, [levels], [0, levels])) if count[0]]
    kept = {index: _counts(bins, index, radius) for index in used[:_KEPT]}
    most = np.maximum.reduce(list(kept.values()))
    for index in used[_KEPT:]:
        np.maximum(most, _counts(bins, index, radius), out=most)
    whole = np.zeros(most.shape, np.float32)
    total = np.zeros((3, *most.shape), np.float32)
    for index in used:
        count = kept[index] if index in kept else _counts(bins, index, radius)
        mask, share = _where(bins, index), np.asarray(np.divide(count, most, dtype=np.float32))
        weight = cv2.pow(share, exponent - 1)
        cv2.accumulateProduct(weight, share, whole)
        for plane, added in zip(planes, total, strict=True):
            cv2.accumulateProduct(weight, _sums(cv2.copyTo(plane, mask), radius), added)
    full = 1 if source.dtype == np.float32 else np.iinfo(source.dtype).max
    total /= whole * most * np.float32(full)
    return np.moveaxis(total, 0, 2)[:, radius : total.shape[2] - radius]


def _where(bins: NDArray[np.uint8], index: int) -> Any:
    """255 where a bin is that one, else 0."""
    compare: Any = cv2.compare  # its types know no numbers
    return compare(bins, index, cv2.CMP_EQ)


def _counts(bins: NDArray[np.uint8], index: int, radius: int) -> Any:
    """How many pixels of each window are in a bin; in 16 bits where that is enough, which takes half the memory."""
    ones = _where(bins, index) & np.uint8(1)
    return _sums(ones, radius, cv2.CV_16U if (2 * radius + 1) ** 2 < 65536 else cv2.CV_32F)


def _sums(plane: NDArray[Any], radius: int, depth: int = cv2.CV_32F) -> Any:
    """Sums over square windows."""
    side = 2 * radius + 1
    sums = cv2.boxFilter(plane, depth, (side, side), normalize=False, borderType=cv2.BORDER_REFLECT_101)
    return sums[radius : len(plane) - radius]


def _bins(values: Plane, levels: int) -> NDArray[np.uint8]:
    """A bin borders a hair below its sample, so that the same sample is in the same bin in every depth."""
    mean = cv2.transform(values, np.full((1, 3), levels / 3, np.float32))
    return np.asarray(np.minimum(mean + np.float32(1e-3), levels - 1).astype(np.uint8))


def kuwahara_quadrants(band: Plane, radius: int) -> Plane:
    """The mean of that quadrant round each pixel whose lightness varies least; rows lose ``radius`` above and below.

    Quadrants of nearly equal variance share: ((least + ε) / (variance + ε))^8 are the weights.
    """
    return _in_blocks(band, radius, max(256, 4 * radius), lambda block: _calmest(block, radius))


def _calmest(block: Plane, radius: int) -> Plane:
    """The same, where columns lose ``radius`` on both sides as well."""
    light = luma(block) - np.float32(0.5)
    means = [_forward(np.asarray(plane, np.float32), radius) for plane in cv2.split(block)]
    varies = _variance(light, radius)
    height, width = (side - 2 * radius for side in light.shape)
    corners = [(slice(y, y + height), slice(x, x + width)) for y in (0, radius) for x in (0, radius)]
    least = np.minimum.reduce([varies[corner] for corner in corners])
    total, whole = np.zeros((3, height, width), np.float32), np.zeros((height, width), np.float32)
    weight, share = np.empty_like(whole), np.empty_like(whole)
    for corner in corners:
        np.divide(least, varies[corner], out=weight)
        for _ in range(3):
            weight *= weight
        whole += weight
        for mean, colour in zip(means, total, strict=True):
            np.multiply(mean[corner], weight, out=share)
            colour += share
    total /= whole
    return np.asarray(cv2.merge(list(total)), np.float32)


def _variance(values: Plane, radius: int) -> Plane:
    """Variances of the squares whose upper left corner a pixel is, and a little more."""
    level = _forward(values, radius)
    level *= level
    varies = _forward(values * values, radius)
    varies -= level
    np.maximum(varies, 0, out=varies)
    varies += np.float32(1e-5)
    return varies


def _forward(values: Plane, radius: int) -> Plane:
    """Means of the square whose upper left corner a pixel is."""
    window = (radius + 1, radius + 1)
    return np.asarray(cv2.blur(values, window, anchor=(0, 0), borderType=cv2.BORDER_REFLECT_101))


SECTORS = 8
_RINGS = ((0.3, 0.45), (0.72, 0.55))
"""Where a sector is looked at, in radii, and with which weight."""
_SPOT = 0.2
"""Standard deviation of what is seen at each of these places, in radii."""


def kuwahara_anisotropic(band: Plane, field: Tangents, radius: float, sharpness: float = 8.0) -> Plane:
    """The means of eight sectors of an ellipse along the forms, weighted by how little they vary.

    The ellipse is (1 + A) times the radius long and 1 / (1 + A) wide, for the anisotropy A. A sector is looked at in
    two places of the picture smoothed a little, which stands for the sum over its pixels; its variance is that of the
    pixels under both. Weights are 1 / (1 + (255 s²)^(sharpness / 2)).

    Args:
        band: (H, W, 3).
        field: of the same size.
        radius: in pixels.
        sharpness: q of the paper.
    """
    spots = _spots(band, radius)
    rows, columns = (np.arange(count, dtype=np.float32) for count in band.shape[:2])
    longer = 1 + field.anisotropy
    along = np.float32(radius) * longer
    across = np.float32(radius) / longer
    total, whole = np.zeros_like(band), np.zeros(band.shape[:2], np.float32)
    for index in range(SECTORS):
        angle = 2 * math.pi * (index + 0.5) / SECTORS
        right, down = along * np.float32(math.cos(angle)), across * np.float32(math.sin(angle))
        step = right * field.x - down * field.y, right * field.y + down * field.x
        seen = sum(weight * _spot(spots, rows, columns, step, ring) for ring, weight in _RINGS)
        mean, square = np.asarray(seen)[:, :, :3], np.asarray(seen)[:, :, 3]
        varies = np.maximum(square - np.einsum("hwc,hwc->hw", mean, mean), 0)
        weight = 1 / (1 + (255 * varies) ** np.float32(sharpness / 2))
        weight += np.float32(1e-12)
        whole += weight
        total += mean * weight[:, :, None]
    return np.asarray(total / whole[:, :, None])


def _spots(band: Plane, radius: float) -> Plane:
    """(H, W, 4): smoothed colours, and the smoothed sum of their squares."""
    planes = np.dstack([band, np.einsum("hwc,hwc->hw", band, band)])
    sigma = _SPOT * radius
    if sigma < 0.3:
        return planes
    size = 2 * math.ceil(2.5 * sigma) + 1
    return np.asarray(cv2.GaussianBlur(planes, (size, size), sigma, borderType=cv2.BORDER_REFLECT_101))


def _spot(spots: Plane, rows: Plane, columns: Plane, step: tuple[Plane, Plane], ring: float) -> Plane:
    x = columns[None, :] + np.float32(ring) * step[0]
    y = rows[:, None] + np.float32(ring) * step[1]
    return np.asarray(cv2.remap(spots, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101))


def reach_of_anisotropic(radius: float) -> int:
    """Pixels that ``kuwahara_anisotropic`` sees in each direction."""
    return math.ceil(2 * 0.72 * radius + 2.5 * _SPOT * radius) + 3


def crisp(values: Plane, factor: int) -> Plane:
    """Sharpen an enlarged picture without overshoot: nothing gets darker or lighter than its neighbours are."""
    window = (2 * factor + 1, 2 * factor + 1)
    element = np.ones(window, np.uint8)
    soft = cv2.blur(values, window, borderType=cv2.BORDER_REFLECT_101)
    sharp = values + 2 * (values - soft)
    return np.asarray(np.clip(sharp, cv2.erode(values, element), cv2.dilate(values, element)))
