"""Pictures in layers: put together, and taken to where a host wants them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .image import Image, Layer, Pixels, as_rgb, to_depth
from .moved import moved
from .ops.lightness import luma
from .ops.rows import bands

_Plane = NDArray[np.float32]


def merged(layers: Iterable[Layer], like: Image) -> Image:
    """The picture that layers make, in the size and depth of another one, with the layers in it.

    Colours are mixed as they are encoded (sRGB), as the W3C's compositing and OpenRaster do it.

    Args:
        layers: from the bottom up.
        like: gives size, depth and metadata.

    Returns:
        With alpha where the layers leave gaps.

    References:
        W3C, Compositing and Blending Level 1: source over, multiply.
    """
    parts = tuple(layers)
    pixels = np.empty((like.height, like.width, 3), like.depth)
    alpha = np.empty((like.height, like.width), like.depth)
    for rows in bands(like.height):
        colours, cover = _stacked(parts, rows, like.width)
        pixels[rows], alpha[rows] = to_depth(colours, like.depth), to_depth(cover, like.depth)
    opaque = bool((alpha == to_depth(np.ones(1, np.float32), like.depth)).all())
    return Image(pixels, None if opaque else alpha, like.grey, like.info, parts)


def _stacked(layers: tuple[Layer, ...], rows: slice, width: int) -> tuple[_Plane, _Plane]:
    """The colours (h, width, 3) and the cover (h, width) of layers in a band of rows."""
    height = rows.stop - rows.start
    colours, cover = np.zeros((height, width, 3), np.float32), np.zeros((height, width), np.float32)
    for layer in layers:
        place = _place(layer, rows, width)
        if place is not None:
            here, there = place
            colours[here], cover[here] = _laid(layer, there, colours[here], cover[here])
    return colours, cover


def _place(layer: Layer, rows: slice, width: int) -> tuple[Any, Any] | None:
    """Where a layer lies in a band, and which part of it that is; None when it lies elsewhere."""
    top, bottom = max(rows.start, layer.top), min(rows.stop, layer.top + layer.picture.height)
    left, right = max(0, layer.left), min(width, layer.left + layer.picture.width)
    if top >= bottom or left >= right:
        return None
    here = slice(top - rows.start, bottom - rows.start), slice(left, right)
    return here, (slice(top - layer.top, bottom - layer.top), slice(left - layer.left, right - layer.left))


def _laid(layer: Layer, part: Any, colours: _Plane, cover: _Plane) -> tuple[_Plane, _Plane]:
    own = to_depth(layer.picture.pixels[part], np.float32)
    alpha: Any = np.float32(layer.opacity)
    if layer.picture.alpha is not None:
        alpha = alpha * to_depth(layer.picture.alpha[part], np.float32)
    alpha = np.broadcast_to(alpha, cover.shape)
    if layer.mode == "multiply":
        own = own + cover[:, :, None] * (own * colours - own)
    whole = alpha + cover * (1 - alpha)
    share = np.divide(alpha, whole, out=np.zeros_like(whole), where=whole > 0)[:, :, None]
    return colours + (own - colours) * share, whole


def added(picture: Image) -> tuple[Layer, ...]:
    """What a host that has the source adds above it: the layers, or one group with its opacity and its mask."""
    return tuple(layer for layer in picture.layers if not layer.is_source)


def source_on_top(picture: Image) -> Layer | None:
    """The source where it is the uppermost layer: what is added then lies below it, and it is laid on in its mode."""
    return picture.layers[-1] if picture.layers and picture.layers[-1].is_source else None


def stacked(alternatives: Iterable[Layer]) -> tuple[Layer, ...]:
    """Alternatives as layers from the bottom up: the first one lies on top, and is what is seen."""
    return tuple(
        replace(each, picture=replace(each.picture, alternatives=())) for each in reversed(tuple(alternatives))
    )


def disowned(picture: Image) -> Image:
    """The same picture when its source is not that of the host: it is then a layer like the others."""
    return replace(picture, layers=tuple(replace(layer, is_source=False) for layer in picture.layers))


def converted(layers: Iterable[Layer], depth: Any, grey: bool) -> tuple[Layer, ...]:
    """Layers in another depth, without their colours if ``grey``."""
    return tuple(replace(layer, picture=_converted(layer.picture, depth, grey)) for layer in layers)


def _converted(picture: Image, depth: Any, grey: bool) -> Image:
    alpha = None if picture.alpha is None else to_depth(picture.alpha, depth)
    inside = converted(picture.layers, depth, grey)
    return Image(in_depth(picture.pixels, depth, grey), alpha, grey, picture.info, inside)


def in_depth(pixels: Pixels, depth: Any, grey: bool) -> Pixels:
    """Pixels in another depth, without their colours if ``grey``; equal channels stay one plane."""
    if pixels.strides[2] == 0:
        return as_rgb(to_depth(pixels[:, :, :1], depth))
    if not grey:
        return to_depth(pixels, depth)
    plane = np.empty(pixels.shape[:2], depth)
    for rows in bands(len(pixels)):
        plane[rows] = to_depth(luma(to_depth(pixels[rows], np.float32)), depth)
    return as_rgb(plane)


__getattr__ = moved(__name__, {"LUMA": "senga.ops.LUMA"})
