"""What a filter sees of a picture: opaque colours, finite and in range; and how it gets back what lay beyond."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .image import Image, Pixels, to_depth
from .ops.rows import bands

_AT_BOUND = np.float32(0.05)
"""How far from black or full a result may be, to still get back a share of what lay beyond."""


def opaque(image: Image) -> Pixels:
    """Pixels as every filter may expect them: opaque, finite, and in the range of their depth.

    The colour of wholly transparent ones, and of those with a number that is none, is replaced by their visible
    neighbours'; floating numbers beyond 0..1 become the nearest inside (``with_wide_colours`` brings them back).
    Push-pull interpolation (Gortler et al., "The Lumigraph", SIGGRAPH 1996): what lies hidden under transparency can
    then not bleed into the result, and a filter sees no hard edge there.
    """
    pixels = image.pixels
    hidden = np.zeros(pixels.shape[:2], bool) if image.alpha is None else image.alpha == 0
    if not is_expected(pixels):
        hidden = hidden | np.isnan(pixels).any(axis=2)
        pixels = _clipped(pixels)
    if not hidden.any():
        return pixels
    if hidden.all():
        return np.full_like(pixels, to_depth(np.ones(1, np.float32), image.depth)[0])
    return np.where(hidden[:, :, None], _guessed(pixels, hidden), pixels)


def is_expected(pixels: Pixels) -> bool:
    """Whether all numbers are finite and in the range of their depth."""
    return pixels.dtype != np.float32 or bool(pixels.min() >= 0 and pixels.max() <= 1)


def expected(image: Image) -> Image:
    """A picture with finite numbers in the range of its depth; the same one if it has them."""
    return (
        image
        if is_expected(image.pixels)
        else replace(image, pixels=opaque(replace(image, alpha=None)), layers=(), alternatives=())
    )


def _clipped(values: Pixels) -> NDArray[np.float32]:
    return np.asarray(np.clip(np.nan_to_num(values, nan=0, posinf=1, neginf=0), 0, 1), np.float32)


def with_wide_colours(result: Image, source: Image, seen: Pixels) -> Image:
    """The result with what lay outside of 0..1 in the source, where the filter left a pixel at that bound.

    The filter saw 0 or 1 in place of it. A pixel whose channels are still there gets back all of it, one with a channel
    that is ``_AT_BOUND`` away nothing, and in between the share falls evenly: so in sRGB the painted picture looks as
    the filter made it. Layers, results of another size, and grey results of coloured pictures get nothing back.
    """
    is_grey = result.pixels.strides[2] == 0 and not source.grey
    if result.layers or is_grey or result.pixels.shape != seen.shape or is_expected(source.pixels):
        return result
    pixels = np.array(to_depth(result.pixels, np.float32))
    for rows in bands(result.height):
        beyond = source.pixels[rows] - _clipped(source.pixels[rows])
        beyond = np.where(np.isfinite(beyond), beyond, 0)
        away = np.where(beyond == 0, 0, np.abs(pixels[rows] - seen[rows])).max(axis=2, keepdims=True)
        pixels[rows] += beyond * np.clip(1 - away / _AT_BOUND, 0, 1)
    return replace(result, pixels=pixels)


def _guessed(pixels: Pixels, hidden: NDArray[np.bool_]) -> Pixels:
    """Smooth colours for all pixels, from the visible ones; the finest level stays in the depth of the picture."""
    import cv2

    height, width = hidden.shape
    weight = to_depth(_half(np.where(hidden, 0, 255).astype(np.uint8)), np.float32)
    small = _half(np.where(hidden[:, :, None], pixels.dtype.type(0), pixels)).astype(np.float32)
    filled = _push_pull(small / np.maximum(weight, 1e-6)[:, :, None], np.ceil(weight))
    full = 1 if pixels.dtype == np.float32 else np.iinfo(pixels.dtype).max
    return cv2.resize(np.minimum(filled, full).astype(pixels.dtype), (width, height), interpolation=cv2.INTER_LINEAR)


def _push_pull(pixels: NDArray[np.float32], weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """Fill (H, W, 3) pixels of weight 0 from coarser levels; the others stay."""
    import cv2

    height, width = weight.shape
    if weight.min() > 0 or max(height, width) == 1:
        return pixels
    small_weight, small = _half(weight), _half(pixels * weight[:, :, None])
    filled = _push_pull(small / np.maximum(small_weight, 1e-6)[:, :, None], np.ceil(small_weight))
    grown = cv2.resize(filled, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.where(weight[:, :, None] > 0, pixels, grown)


def _half(values: NDArray[Any]) -> NDArray[Any]:
    import cv2

    height, width = values.shape[:2]
    return cv2.resize(values, ((width + 1) // 2, (height + 1) // 2), interpolation=cv2.INTER_AREA)


def scaled(image: Image, height: int, width: int) -> Image:
    """The picture in another size, as the mean of what falls together, where colours count as far as they are seen."""
    if (image.height, image.width) == (height, width):
        return replace(image, grey=False)
    small = resized(image.float(), height, width)
    if image.alpha is None:
        return Image(to_depth(small, image.depth), None, False, image.info)
    cover = to_depth(image.alpha, np.float32)
    share = resized(cover, height, width)
    seen = resized(image.float() * cover[:, :, None], height, width)
    small = np.divide(seen, share[:, :, None], out=small, where=share[:, :, None] > 0)
    return Image(to_depth(small, image.depth), to_depth(share, image.alpha.dtype), False, image.info)


def resized(values: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    """(H, W) or (H, W, C) in another size, as the mean of what falls together."""
    import cv2

    return np.asarray(cv2.resize(values, (width, height), interpolation=cv2.INTER_AREA), np.float32)
