"""JPEG: one that lacks only its end is whole, and one that is stored in thousands of passes is not begun.

References:
    ITU-T T.81, annex B: markers and segments.
"""

from __future__ import annotations

import io
import logging
import re
import struct
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from senga.errors import ReadError
from senga.image import Image, Metadata

from .budget import check_scans, check_size, name_of
from .stills import read_still

log = logging.getLogger("senga.files")

_MARKER = re.compile(rb"\xff([\x01-\xcf\xd8-\xfe])")
"""What is no filling, no byte of the pixels and no restart."""
_START, _END, _SCAN = 0xD8, 0xD9, 0xDA
_FRAMES = {*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC}
"""The last one is that of JPEG-LS."""
_HUFFMAN = (0xC0, 0xC1, 0xC2, 0xC9, 0xCA)
_END_MARK = b"\xff\xd9"
_FILLING = bytes(range(1, 251))
_USUAL_BITS = 8


def read_jpeg(stream: BinaryIO, info: Metadata) -> Image:
    """The picture; a missing end mark costs nothing as long as all pixels are there.

    Raises:
        ReadError: it is cut off, damaged, or of a kind that hardly anybody uses.
    """
    data = stream.read()
    scans, ended = _walk(data, info)
    size = jpeg_size(data)
    if size:
        check_scans(scans, size[0] * size[1], info)
        check_size(*size, 4, info)
    if ended:
        damaged = size is not None and is_damaged(data)
        image = read_still(io.BytesIO(data), info, "JPEG")
        if damaged:
            log.warning("%s is damaged; what can be read of it is painted.", name_of(info))
        return image
    return _without_end(data, info)


def jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Width and height that the first frame claims."""
    for marker, at in _segments(data):
        if marker in _FRAMES and at + 5 <= len(data):
            height, width = struct.unpack_from(">HH", data, at + 1)
            return width, height
    return None


def has_end(data: bytes) -> bool:
    """Whether there is an end mark."""
    return any(marker == _END for marker, _ in _segments(data))


def _segments(data: bytes) -> Iterator[tuple[int, int]]:
    """Every marker, and where the content of its segment begins; the last is the end mark if there is one."""
    at = 2
    while found := _MARKER.search(data, at):
        marker, at = found[1][0], found.end()
        has_length = marker not in (_START, _END, 0x01) and at + 2 <= len(data)
        yield marker, at + 2 * has_length
        if marker == _END:
            return
        at += max(2, struct.unpack_from(">H", data, at)[0]) if has_length else 0


def _walk(data: bytes, info: Metadata) -> tuple[int, bool]:
    """How many passes there are, and whether there is an end mark.

    Raises:
        ReadError: it is no JPEG that is decoded here.
    """
    scans, ended = 0, False
    for marker, at in _segments(data):
        scans += marker == _SCAN
        ended = marker == _END
        if marker in _FRAMES and (marker not in _HUFFMAN or data[at : at + 1] != bytes([_USUAL_BITS])):
            text = f"{name_of(info)} is a JPEG for medicine or measuring, which Senga does not read"
            raise ReadError(f"{text}; save it as PNG or TIFF.", info.source)
    return scans, ended


def is_damaged(data: bytes) -> bool:
    """Whether pixels are damaged, of which libjpeg says nothing: FFmpeg stops at it if asked to, and else goes on."""
    return not _decodes(data, "explode") and _decodes(data, "")


def _decodes(data: bytes, detect: str) -> bool:
    import av

    decoder = av.CodecContext.create("mjpeg", "r")
    decoder.options = {"err_detect": detect} if detect else {}
    decoder.thread_count = 1
    try:
        return bool(decoder.decode(av.Packet(data)))
    except (av.FFmpegError, MemoryError):
        return False


def _without_end(data: bytes, info: Metadata) -> Image:
    """The picture if what follows the last byte does not matter: then every pixel has been decoded before it."""
    data = data.rstrip(b"\xff")
    image, other = (read_still(io.BytesIO(data + filling + _END_MARK), info, "JPEG") for filling in (b"", _FILLING))
    if not np.array_equal(image.pixels, other.pixels):
        raise ReadError(f"{name_of(info)} is cut off; copy or download it again.", info.source)
    log.info("%s: its end mark is missing; no pixel is.", name_of(info))
    return image
