"""Writing animations frame by frame: APNG and WebP. Nobody here holds more than two frames.

Pillow wants all frames at once, so a frame (or the part of it that changed) is encoded as a still picture and its data
are put into a container written here.

References:
    W3C, Portable Network Graphics (PNG) Specification (Third Edition), 11.3.6: animation chunks.
    Google, WebP Container Specification, https://developers.google.com/speed/webp/docs/riff_container
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from senga.errors import WriteError
from senga.image import Animation, Frame, Metadata, Pixels, to_depth

from .color_profile import ProfileError, from_srgb
from .png import SIGNATURE, chunk, metadata_chunks, packed
from .still_writers import stacked

Box = tuple[int, int, int, int]
"""top, left, bottom, right"""


def rgba(frame: Frame, profile: bytes | None) -> NDArray[np.uint8]:
    """(H, W, 4) in the colours of the file."""
    pixels = to_depth(frame.image.pixels, np.uint8)
    alpha = frame.image.alpha
    opaque = np.full(pixels.shape[:2], 255, np.uint8) if alpha is None else alpha
    return stacked(from_srgb(pixels, profile) if profile else pixels, opaque)


def _profile(info: Metadata) -> bytes | None:
    """The profile if it can describe coloured frames."""
    try:
        from_srgb(np.zeros((1, 1, 3), np.uint8), info.icc or b"")
    except ProfileError:
        return None
    return info.icc


def changed(before: Pixels | None, now: Pixels, step: int = 1) -> Box:
    """The smallest box with all changes, its corner on multiples of ``step``; one pixel if there are none."""
    height, width = now.shape[:2]
    if before is None:
        return 0, 0, height, width
    if now.shape != before.shape:
        raise WriteError("The frames of an animation must all have the same size.")
    differ = (before != now).any(axis=2)
    rows, columns = np.flatnonzero(differ.any(axis=1)), np.flatnonzero(differ.any(axis=0))
    if not len(rows):
        return 0, 0, 1, 1
    top, left = (int(first) // step * step for first in (rows[0], columns[0]))
    return top, left, int(rows[-1]) + 1, int(columns[-1]) + 1


def _parts(
    animation: Animation, profile: bytes | None, step: int = 1
) -> Iterator[tuple[Frame, Box, NDArray[np.uint8]]]:
    """Every frame with what changed since the last."""
    before: NDArray[np.uint8] | None = None
    for frame in animation.frames():
        now = rgba(frame, profile)
        top, left, bottom, right = changed(before, now, step)
        yield frame, (top, left, bottom, right), np.ascontiguousarray(now[top:bottom, left:right])
        before = now
    if before is None:
        raise WriteError("The animation has no frames, so there is nothing to write.")


def _milliseconds(frame: Frame, most: int) -> int:
    return min(max(round(frame.seconds * 1000), 1), most)


# ---- APNG


def write_apng(animation: Animation, stream: BinaryIO, quality: int | None) -> None:  # noqa: ARG001 - all writers take one
    """RGBA frames, lossless."""
    profile = _profile(animation.info)
    stream.write(SIGNATURE + chunk(b"IHDR", struct.pack(">IIBBBBB", animation.width, animation.height, 8, 6, 0, 0, 0)))
    control = stream.tell()
    stream.write(chunk(b"acTL", struct.pack(">II", animation.count, animation.loop)))
    stream.writelines(metadata_chunks(animation.info, profile))
    number = count = 0
    for frame, (top, left, bottom, right), pixels in _parts(animation, profile):
        place = struct.pack(">IIIII", number, right - left, bottom - top, left, top)
        stream.write(chunk(b"fcTL", place + struct.pack(">HHBB", _milliseconds(frame, 65535), 1000, 0, 0)))
        number += 1
        for data in _png_data(pixels):
            stream.write(chunk(b"fdAT", struct.pack(">I", number) + data) if count else chunk(b"IDAT", data))
            number += bool(count)
        count += 1
    stream.write(chunk(b"IEND", b""))
    stream.seek(control)
    stream.write(chunk(b"acTL", struct.pack(">II", count, animation.loop)))
    stream.seek(0, 2)


def _png_data(pixels: NDArray[np.uint8]) -> Iterator[bytes]:
    encoded = packed(pixels)
    at = len(SIGNATURE)
    while at < len(encoded):
        length, name = struct.unpack_from(">I4s", encoded, at)
        if name == b"IDAT":
            yield encoded[at + 8 : at + 8 + length]
        at += length + 12


# ---- WebP


def write_webp_animation(animation: Animation, stream: BinaryIO, quality: int | None) -> None:
    """Quality 90; 100 is lossless."""
    info, profile = animation.info, _profile(animation.info)
    exif = info.exif and info.exif.removeprefix(b"Exif\0\0")
    flags = 0x02 | 0x10 | (0x20 if profile else 0) | (0x08 if exif else 0) | (0x04 if info.xmp else 0)
    stream.write(b"RIFF\0\0\0\0WEBP")
    stream.write(_riff(b"VP8X", struct.pack("<I", flags) + _u24(animation.width - 1) + _u24(animation.height - 1)))
    stream.write(_riff(b"ICCP", profile) if profile else b"")
    stream.write(_riff(b"ANIM", struct.pack("<IH", 0, min(animation.loop, 65535))))
    for frame, (top, left, bottom, right), pixels in _parts(animation, profile, step=2):
        numbers = (left // 2, top // 2, right - left - 1, bottom - top - 1, _milliseconds(frame, 0xFFFFFF))
        place = b"".join(map(_u24, numbers)) + b"\x02"  # replace what was there
        stream.write(_riff(b"ANMF", place + _webp_data(pixels, 90 if quality is None else quality)))
    stream.write(_riff(b"EXIF", exif) if exif else b"")
    stream.write(_riff(b"XMP ", info.xmp) if info.xmp else b"")
    size = stream.tell() - 8
    stream.seek(4)
    stream.write(struct.pack("<I", size))
    stream.seek(0, 2)


def _u24(number: int) -> bytes:
    return struct.pack("<I", number)[:3]


def _riff(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def _webp_data(pixels: NDArray[np.uint8], quality: int) -> bytes:
    import PIL.Image

    still = io.BytesIO()
    PIL.Image.fromarray(pixels).save(still, "WEBP", quality=quality, lossless=quality == 100, exact=True)
    data, at, parts = still.getvalue(), 12, b""
    while at < len(data):
        name, size = struct.unpack_from("<4sI", data, at)
        end = at + 8 + size + size % 2
        parts += data[at:end] if name in (b"ALPH", b"VP8 ", b"VP8L") else b""
        at = end
    return parts
