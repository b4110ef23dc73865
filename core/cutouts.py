"""Results with an alpha of their own, such as lines without paper, laid where the picture was."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .image import Image, Pixels, to_depth
from .layers import in_depth
from .ops.rows import bands

Share = NDArray[np.float32] | float
"""0..1 how much of the result there is, everywhere or (H, W)."""


def cut_out(result: Image, source: Image, place: tuple[int, int], share: Share, grey: bool) -> Image:
    """The picture with a result in it that covers only what its alpha and the picture's own say.

    Where the share is 1 the picture has gone; in between colours are mixed as much as they cover.

    Args:
        result: with alpha.
        source: the picture.
        place: the row and column of it at which the result begins.
        share: of the result; 1 takes its colours as they are, also where it is transparent.
        grey: both have one colour channel.
    """
    top, left = place
    rows, columns = slice(top, top + result.height), slice(left, left + result.width)
    own = _cover(source)
    colours, cover = in_depth(result.pixels, source.depth, grey), own.copy()
    made = _product(to_depth(_cover(result), source.depth), own[rows, columns])
    if isinstance(share, float) and share == 1 and made.shape == own.shape:
        return Image(colours, made, grey, replace(source.info))
    pixels = np.array(source.pixels)
    for part in bands(result.height):
        there = slice(top + part.start, top + part.stop)
        some = share if isinstance(share, float) else share[part]
        mixed, covered = _mixed((source.pixels[there, columns], own[there, columns]), (colours[part], made[part]), some)
        pixels[there, columns], cover[there, columns] = to_depth(mixed, source.depth), to_depth(covered, source.depth)
    return Image(pixels, cover, grey, replace(source.info))


def on_white(image: Image) -> Image:
    """An opaque picture: what is transparent is white paper."""
    if image.alpha is None:
        return image
    pixels = np.empty(image.pixels.shape, image.depth)
    for rows in bands(image.height):
        cover = to_depth(image.alpha[rows], np.float32)[:, :, None]
        pixels[rows] = to_depth(1 + (to_depth(image.pixels[rows], np.float32) - 1) * cover, image.depth)
    return replace(image, pixels=pixels, alpha=None)


def _cover(image: Image) -> NDArray[Any]:
    if image.alpha is not None:
        return to_depth(image.alpha, image.depth)
    return np.full(image.pixels.shape[:2], to_depth(np.ones(1, np.float32), image.depth)[0], image.depth)


def _product(first: NDArray[Any], second: NDArray[Any]) -> NDArray[Any]:
    return to_depth(to_depth(first, np.float32) * to_depth(second, np.float32), first.dtype)


def _mixed(old: tuple[Pixels, Any], new: tuple[Pixels, Any], share: Share) -> tuple[Pixels, Any]:
    """Colours and cover of both, by a share of the new ones."""
    shares = np.broadcast_to(np.float32(share), new[1].shape)
    weights = to_depth(old[1], np.float32) * (1 - shares), to_depth(new[1], np.float32) * shares
    cover = weights[0] + weights[1]
    part = np.divide(weights[1], cover, out=np.array(shares), where=cover > 0)[:, :, None]
    before, after = to_depth(old[0], np.float32), to_depth(new[0], np.float32)
    return before + (after - before) * part, cover
