"""JPEG XL: its header is read here, before the decoder takes memory, and for what the decoder does not tell.

References:
    ISO/IEC 18181-1:2024, annex D (headers) and E (colour); 18181-2:2024 (boxes).
"""

from __future__ import annotations

import logging
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from senga.errors import ReadError
from senga.image import Image, Metadata

from .budget import LONGEST_METADATA, check_packed, check_size, name_of
from .coded_color import coded_profile
from .exif import upright
from .stills import assemble

log = logging.getLogger("senga.files")

_BARE = b"\xff\x0a"
_ALPHA, _SPOT, _CFA = 0, 2, 5
_RATIOS = {1: (1, 1), 2: (12, 10), 3: (4, 3), 4: (3, 2), 5: (16, 9), 6: (5, 4), 7: (2, 1)}
_PRIMARIES = {1: 1, 9: 9, 11: 12}
"""Of JPEG XL, and of H.273."""
_RGB, _GREY = 0, 1
_SIZE = ((1, 9), (1, 13), (1, 18), (1, 30))
_ENUM = ((0, 0), (1, 0), (2, 4), (18, 6))
_HEAD = 1 << 16


@dataclass(frozen=True)
class _Header:
    """What the picture begins with; ``colour``: numbers of H.273; ``icc``: a profile that is not told."""

    width: int
    height: int
    moves: bool = False
    colour: tuple[int, int] | None = (1, 13)
    icc: bool = False


class _Bits:
    """Numbers of any width, the lowest bit first."""

    def __init__(self, data: bytes) -> None:
        self.bits, self.at = int.from_bytes(data, "little"), 0
        self.end = 8 * len(data)

    def take(self, count: int) -> int:
        if self.at + count > self.end:
            raise ValueError("cut off")
        value = self.bits >> self.at & ((1 << count) - 1)
        self.at += count
        return value

    def choice(self, *forms: tuple[int, int]) -> int:
        """One of four forms: an offset and how many bits are added to it."""
        offset, bits = forms[self.take(2)]
        return offset + self.take(bits)


def read_jpegxl(stream: BinaryIO, info: Metadata) -> Image:
    """The picture in 8 or 16 bits or floating, turned upright by the decoder.

    Raises:
        ReadError: it is damaged, too large or an animation.
    """
    import imagecodecs

    data = stream.read()
    boxes = dict(_boxes(data)) if not data.startswith(_BARE) else {b"jxlc": data[:_HEAD]}
    try:
        header = _header(_Bits(boxes[b"jxlc"][2:_HEAD]))
    except (ValueError, KeyError) as error:
        raise ReadError(f"{name_of(info)} is cut off; copy or download it again.", info.source) from error
    if header.moves:
        text = f"{name_of(info)} is an animation in JPEG XL, which Senga does not read"
        raise ReadError(f"{text}; convert it to WebP or APNG.", info.source)
    check_size(header.width, header.height, 16, info)
    check_packed("JXL", header.width * header.height, len(data), info)
    try:
        samples = imagecodecs.jpegxl_decode(data, numthreads=1)
    except imagecodecs.JpegxlError as error:
        if "NEED_MORE_INPUT" not in str(error):
            raise
        raise ReadError(f"{name_of(info)} is cut off; copy or download it again.", info.source) from error
    samples = samples.reshape(*samples.shape[:2], -1)  # (H, W, C)
    colours = 1 if samples.shape[2] < 3 else 3
    alpha = np.ascontiguousarray(samples[:, :, colours]) if samples.shape[2] > colours else None
    info = _metadata(header, boxes, colours == 1, info)
    return assemble(np.ascontiguousarray(samples[:, :, :colours]), alpha, info)


def jpegxl_size(data: bytes) -> tuple[int, int] | None:
    """Width and height that the first bytes claim."""
    boxes = {b"jxlc": data} if data.startswith(_BARE) else dict(_boxes(data))
    try:
        header = _header(_Bits(boxes[b"jxlc"][2:_HEAD]))
    except (ValueError, KeyError):
        return None
    return header.width, header.height


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Names and contents of what is of use; the first part of the picture is called jxlc as if it were whole."""
    at = 0
    while at + 8 <= len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        start = at + 8
        if size == 1 and at + 16 <= len(data):
            size, start = struct.unpack_from(">Q", data, start)[0], at + 16
        end = at + size if size >= start - at else len(data)
        if name == b"jxlp" and data[start : start + 4] == bytes(4):
            yield b"jxlc", data[start + 4 : min(end, start + _HEAD)]
        elif name == b"jxlc":
            yield name, data[start : min(end, start + _HEAD)]
        elif name in (b"Exif", b"xml ") and end - start <= LONGEST_METADATA:
            yield name, data[start:end]
        at = end


def _metadata(header: _Header, boxes: dict[bytes, bytes], grey: bool, info: Metadata) -> Metadata:
    if header.icc:
        log.warning("%s: its colour profile cannot be read; taken for sRGB.", name_of(info))
    icc = coded_profile(*header.colour, True, grey) if header.colour else None
    exif = boxes.get(b"Exif", b"")
    start = 4 + int.from_bytes(exif[:4], "big")
    return Metadata(icc, upright(exif[start:])[0], boxes.get(b"xml ") or None, None, "JXL", info.source)


def _header(bits: _Bits) -> _Header:
    width, height = _size(bits)
    if bits.take(1):  # everything is as usual
        return _Header(width, height)
    moves = False
    if bits.take(1):
        turn = bits.take(3) + 1
        if turn > 4:
            width, height = height, width
        moves = _extra_fields(bits)
    _depth(bits)
    bits.take(1)
    for _ in range(bits.choice((0, 0), (1, 0), (2, 4), (1, 12))):
        _extra_channel(bits)
    is_xyb = bool(bits.take(1))
    colour, icc = _colour(bits)
    return _Header(width, height, moves, colour, icc and not is_xyb)


def _size(bits: _Bits) -> tuple[int, int]:
    small = bits.take(1)
    height = (bits.take(5) + 1) * 8 if small else bits.choice(*_SIZE)
    ratio = bits.take(3)
    if ratio:
        across, down = _RATIOS[ratio]
        return height * across // down, height
    return ((bits.take(5) + 1) * 8 if small else bits.choice(*_SIZE)), height


def _extra_fields(bits: _Bits) -> bool:
    """Skips a size for showing and a preview; whether it is an animation."""
    if bits.take(1):
        _size(bits)
    if bits.take(1):
        _preview(bits)
    return bool(bits.take(1)) and _animation(bits)


def _preview(bits: _Bits) -> None:
    eighths = bits.take(1)
    forms = ((16, 0), (32, 0), (1, 5), (33, 9)) if eighths else ((1, 6), (65, 8), (321, 10), (1345, 12))
    bits.choice(*forms)
    if not bits.take(3):
        bits.choice(*forms)


def _animation(bits: _Bits) -> bool:
    bits.choice((100, 0), (1000, 0), (1, 10), (1, 30))
    bits.choice((1, 0), (1001, 0), (1, 8), (1, 10))
    bits.choice((0, 0), (0, 3), (0, 16), (0, 32))
    bits.take(1)
    return True


def _depth(bits: _Bits) -> None:
    if bits.take(1):
        bits.choice((32, 0), (16, 0), (24, 0), (1, 6))
        bits.take(4)
    else:
        bits.choice((8, 0), (10, 0), (12, 0), (1, 6))


def _extra_channel(bits: _Bits) -> None:
    if bits.take(1):
        return
    kind = bits.choice(*_ENUM)
    _depth(bits)
    bits.choice((0, 0), (3, 0), (4, 0), (1, 3))
    for _ in range(bits.choice((0, 0), (0, 4), (16, 5), (48, 10))):
        bits.take(8)
    if kind == _ALPHA:
        bits.take(1)
    elif kind == _SPOT:
        bits.take(64)
    elif kind == _CFA:
        bits.choice((1, 0), (0, 2), (3, 4), (19, 8))


def _colour(bits: _Bits) -> tuple[tuple[int, int] | None, bool]:
    """Numbers of H.273, if the colours can be said by them, and whether there is a profile."""
    if bits.take(1):
        return (1, 13), False
    if bits.take(1):
        return None, True
    space = bits.choice(*_ENUM)
    if space not in (_RGB, _GREY) or bits.choice(*_ENUM) != 1:
        return None, False
    primaries = bits.choice(*_ENUM) if space == _RGB else 1
    if primaries not in _PRIMARIES or bits.take(1):
        return None, False
    return (_PRIMARIES[primaries], bits.choice(*_ENUM)), False
