"""Colour profiles: pixels in memory are sRGB, files keep the profile they came with.

References:
    ICC.1:2010 (ISO 15076-1), 7.2: the profile header.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from senga.image import Pixels
from senga.ops.rows import ROWS

_CHANNELS = {"gray": 1, "rgb": 3, "cmyk": 4}
_SPACES = {b"GRAY": "gray", b"RGB ": "rgb", b"CMYK": "cmyk"}
_CLASSES = (b"scnr", b"mntr", b"prtr", b"spac")


class ProfileError(ValueError):
    """A colour profile is damaged or does not fit the picture."""


def space(profile: bytes) -> str:
    """``gray``, ``rgb`` or ``cmyk``: which kind of pixels a profile describes.

    Raises:
        ProfileError: it is no usable profile.
    """
    name = _SPACES.get(profile[16:20])
    if len(profile) < 132 or profile[36:40] != b"acsp" or profile[12:16] not in _CLASSES or name is None:
        raise ProfileError("no colour profile of a picture")
    return name


@functools.cache
def srgb() -> bytes:
    """A small sRGB profile."""
    import imagecodecs

    return bytes(imagecodecs.cms_profile("srgb"))


def to_srgb(pixels: Pixels, profile: bytes) -> Pixels:
    """(H, W, C) pixels of a profile as (H, W, 3) sRGB of the same depth; (H, W, 1) ones stay (H, W, 1).

    Grey pixels may have a profile for grey or, as some programs write it, for RGB. Pixels of an sRGB profile are
    returned as they are.

    Raises:
        ProfileError: the profile is damaged or for other pixels.
    """
    kind, channels = space(profile), pixels.shape[2]
    if channels == 1 and kind == "rgb":
        return _grey_in_rgb(pixels, profile)
    if _CHANNELS[kind] != channels:
        raise ProfileError(f"a {kind} profile does not fit {channels} channels")
    if is_srgb(profile):
        return pixels
    return _transform(pixels, profile, kind, srgb(), "rgb")[:, :, : 1 if channels == 1 else 3]


def from_srgb(pixels: Pixels, profile: bytes) -> Pixels:
    """The reverse of ``to_srgb``: (H, W, 3) for an RGB profile, (H, W, 1) for a grey one.

    Raises:
        ProfileError: the profile is damaged, for other pixels (CMYK) or works in one direction only.
    """
    kind, channels = space(profile), pixels.shape[2]
    if _CHANNELS[kind] != channels:
        raise ProfileError(f"a {kind} profile does not fit {channels} channels")
    if is_srgb(profile):
        return pixels
    if kind == "gray":
        return _transform(np.broadcast_to(pixels, (*pixels.shape[:2], 3)), srgb(), "rgb", profile, kind)
    return _transform(pixels, srgb(), "rgb", profile, kind)


@functools.lru_cache(maxsize=32)
def is_srgb(profile: bytes) -> bool:
    """Whether a profile means sRGB: no colour moves by more than one step of 255.

    There are dozens of sRGB profiles that differ in the last digit; converting between them would only add noise.
    """
    kind = space(profile)
    if kind == "cmyk":
        return False
    ramp = np.linspace(0, 255, 18).astype(np.uint8)
    grid = ramp[:, None] if kind == "gray" else np.stack(np.meshgrid(ramp, ramp, ramp), axis=-1).reshape(-1, 3)
    probe = grid[None]  # (1, N, C)
    moved = _transform(probe, profile, kind, srgb(), "rgb")
    return bool(np.abs(moved.astype(np.int16) - probe).max() <= 1)


def _grey_in_rgb(pixels: Pixels, profile: bytes) -> Pixels:
    if is_srgb(profile):
        return pixels
    grey = np.broadcast_to(pixels, (*pixels.shape[:2], 3))
    return _transform(grey, profile, "rgb", srgb(), "rgb")[:, :, 1:2]


def _transform(pixels: Pixels, profile: bytes, kind: str, target: bytes, aim: str) -> Pixels:
    """Strip by strip, so that only the result costs memory.

    Integers of 16 bits go without the shortcut tables of the library, which are wrong by up to a twentieth there.
    """
    import imagecodecs

    flags = 0 | imagecodecs.CMS.FLAGS.BLACKPOINTCOMPENSATION
    if pixels.dtype == np.uint16:
        flags |= imagecodecs.CMS.FLAGS.NOOPTIMIZE
    options: dict[str, Any] = {
        "colorspace": kind,
        "outcolorspace": aim,
        "flags": flags,
        "intent": imagecodecs.CMS.INTENT.RELATIVE_COLORIMETRIC,
    }
    height, width = pixels.shape[:2]
    result = np.empty((height, width, _CHANNELS[aim]), pixels.dtype)
    for top in range(0, height, ROWS):
        strip = np.ascontiguousarray(pixels[top : top + ROWS])
        strip = strip[:, :, 0] if kind == "gray" else strip
        try:
            moved = imagecodecs.cms_transform(strip, profile, target, **options)
        except (imagecodecs.CmsError, ValueError, TypeError) as error:
            raise ProfileError(str(error)) from error
        result[top : top + ROWS] = moved.reshape(*moved.shape[:2], -1)  # (rows, W, C)
    return result
