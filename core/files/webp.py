"""The container of WebP: what size it claims, and whether all of it is there.

References:
    Google, WebP Container Specification, https://developers.google.com/speed/webp/docs/riff_container
"""

from __future__ import annotations

import io
import struct
from typing import BinaryIO

from senga.errors import ReadError
from senga.image import Metadata

from .budget import check_packed, check_size, name_of

_HEAD = 12
_PIXELS = (b"VP8 ", b"VP8L", b"ALPH", b"ANMF")


def webp_size(data: bytes) -> tuple[int, int] | None:
    """Width and height that the first bytes claim."""
    name = data[12:16]
    if name == b"VP8X" and len(data) >= 30:
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    if name == b"VP8L" and len(data) >= 25:
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if name == b"VP8 " and len(data) >= 30:
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    return None


def checked_webp(stream: BinaryIO, info: Metadata) -> BinaryIO:
    """The file, with its length put right where only metadata or a padding byte is missing at its end.

    Raises:
        ReadError: pixels are missing, or they are too many.
    """
    stored = stream.seek(0, 2)
    stream.seek(0)
    head = stream.read(30)
    size = webp_size(head)
    if size:
        check_size(*size, 4, info)
        check_packed("WEBP", size[0] * size[1], stored, info)
    stream.seek(0)
    if stored >= int.from_bytes(head[4:8], "little") + 8:
        return stream
    data = stream.read()
    whole = data[: _end_of_pixels(data, info)]
    whole += b"\0" * (len(whole) % 2)
    return io.BytesIO(whole[:4] + struct.pack("<I", len(whole) - 8) + whole[8:])


def _end_of_pixels(data: bytes, info: Metadata) -> int:
    """Where the last whole part ends, or the last of pixels that lacks only its padding."""
    at = last = _HEAD
    while at + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, at)
        if at + 8 + size > len(data):
            if name in _PIXELS or last == _HEAD:
                raise ReadError(f"{name_of(info)} is cut off; copy or download it again.", info.source)
            break
        last = at + 8 + size
        at = last + size % 2
    return last
