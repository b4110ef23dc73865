"""What opening a file may cost: pixels, frames, steps, bytes. Every reader asks here before it takes memory or time.

A header of a few bytes can promise anything. What it promises is held against a limit, against the free memory, and
against the size of the file: no compression makes a large picture of nothing.
"""

from __future__ import annotations

import os

from senga.errors import ReadError
from senga.image import Metadata
from senga.memory import known_available

_ALWAYS_REFUSED = 1_000_000_000
_FRAMES_TOGETHER = 20
"""Pixels of all frames of an animation together, in largest pictures."""
_NEVER_DOUBTED = 1 << 26
"""Pixels that decode in a second or two whatever the file says."""
_PIXELS_A_BYTE = {
    "PPM": 8, "BMP": 8, "TGA": 128, "PCX": 512, "SGI": 128, "DDS": 8, "QOI": 64, "ICO": 8320, "PSD": 1024,
    "GIF": 4096, "PNG": 8320, "JPEG": 1024,
}  # fmt: skip
"""The best that a compression can do; that of the newer formats has no bound, so that ``_USUAL`` stands for them."""
_USUAL = 1024
_SCANS = 500
_STEPS = 20
"""How often a pixel of a largest picture may be visited before it is ready."""
LONGEST_METADATA = 1 << 24
"""Bytes of a profile, of EXIF, of XMP: more is no metadata of a picture."""


def name_of(info: Metadata) -> str:
    """What messages call the picture."""
    return f"“{info.source.name}”" if info.source else "The picture"


def check_size(width: int, height: int, bytes_per_pixel: int, info: Metadata) -> None:
    """Refuse what cannot be decoded here before any memory is taken.

    Raises:
        ReadError: no pixels, too many, or more than fit into the free memory.
    """
    if width < 1 or height < 1:
        raise ReadError(f"{name_of(info)} is damaged: it claims to be {width} × {height} pixels.", info.source)
    limit = pixel_limit()
    if width * height > limit:
        text = (
            f"{name_of(info)} claims to be {width} × {height} pixels, which is more than {limit // 1_000_000} million"
        )
        raise ReadError(f"{text}; set SENGA_MAX_PIXELS to a larger number if that is right.", info.source)
    need, free = 3 * width * height * bytes_per_pixel, known_available()
    if free is not None and need > free:
        text = f"{name_of(info)} is {width} × {height} pixels and needs about {need >> 20} MB of memory to open"
        raise ReadError(f"{text}, but {free >> 20} MB are free; close other programs or make it smaller.", info.source)


def check_plausible(unpacked: int, stored: int, most: int, info: Metadata) -> None:
    """Refuse a header that promises more than ``most`` times the stored bytes, the best that its compression can do.

    Raises:
        ReadError: it does.
    """
    if unpacked > most * stored:
        raise ReadError(f"{name_of(info)} is damaged: it claims to be larger than it can be.", info.source)


def check_packed(kind: str | None, pixels: int, stored: int, info: Metadata) -> None:
    """``check_plausible`` for large pictures of a format; small ones may be as empty as they like."""
    if pixels > _NEVER_DOUBTED:
        check_plausible(pixels, stored, _PIXELS_A_BYTE.get(kind or "", _USUAL), info)


def check_frames(count: int, width: int, height: int, info: Metadata) -> None:
    """Refuse an animation that nobody would wait for.

    Raises:
        ReadError: its frames have too many pixels together.
    """
    limit = _FRAMES_TOGETHER * pixel_limit()
    if count * width * height > limit:
        text = f"{name_of(info)} claims to have {count} frames of {width} × {height} pixels, which is too much"
        raise ReadError(f"{text}; set SENGA_MAX_PIXELS to a larger number if that is right.", info.source)


def check_scans(count: int, pixels: int, info: Metadata) -> None:
    """Refuse a picture that is painted over and over while it is decoded.

    Raises:
        ReadError: its parts together visit too many pixels.
    """
    if count > _SCANS or count * pixels > _STEPS * pixel_limit():
        text = f"{name_of(info)} is stored in {count} passes, which would take very long"
        raise ReadError(f"{text}; open it in another program and save it anew.", info.source)


def pixel_limit() -> int:
    """The most pixels of a picture, from ``SENGA_MAX_PIXELS`` if that is a number."""
    try:
        return int(float(os.environ.get("SENGA_MAX_PIXELS", "")))
    except (ValueError, OverflowError):
        return _ALWAYS_REFUSED
