"""Formats that are rare today, and for which Pillow's readers are slow, narrow or too trusting.

References:
    Netpbm, PPM Format Specification; The "Quite OK Image" Format 1.0; Microsoft, Bitmap storage and ICO.
"""

from __future__ import annotations

import re
import struct
from dataclasses import replace
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from senga.errors import ReadError
from senga.image import Image, Metadata, Pixels

from .budget import check_packed, check_plausible, check_size, name_of
from .stills import assemble, read_still

_NETPBM = re.compile(rb"P([1-6])(?:\s+|\s*#[^\n]*\n)+")
_NUMBER = re.compile(rb"(?:\s|#[^\n]*\n)*(\d{1,10})")
_PAM_END, _PAM_FACT = b"ENDHDR\n", re.compile(rb"^(WIDTH|HEIGHT|DEPTH|MAXVAL)[ \t]+(\d{1,10})\s*$", re.MULTILINE)
_PFM = re.compile(rb"P([Ff])\s+(\d{1,10})\s+(\d{1,10})\s+(-?)[\d.eE+-]+\s")
_PLAIN, _BITS, _COLOUR = (1, 2, 3), (1, 4), (3, 6)
_LONGEST_HEAD = 1 << 16
_RLE = (1, 2)
_ATTRIBUTES = 15
"""Of a TGA: how many bits are transparency."""
_BMP_HEADS = tuple(struct.pack("<I", size) for size in (40, 52, 56, 64, 108, 124))
_QOI_END = bytes(7) + b"\x01"
_QOI_FILLING = b"\xfe\x01\x02\x03\xfe\x03\x02\x01"
_STEPS = 1 << 24
"""Pixels that readers written in Python may go through one by one."""


def read_rare(stream: BinaryIO, info: Metadata) -> Image:
    """The picture of anything else that is read.

    Raises:
        ReadError: it is damaged or too large.
    """
    head = stream.read(64)
    stream.seek(0)
    if _NETPBM.match(head):
        return _read_netpbm(stream.read(), info)
    if head.startswith(b"P7\n"):
        return _read_pam(stream.read(), info)
    if head[:3] in (b"PF\n", b"Pf\n"):
        return _read_pfm(stream.read(), info)
    if head.startswith(b"qoif"):
        return _read_qoi(stream.read(), info)
    start = 14 if head.startswith(b"BM") else 0
    if head[start : start + 4] in _BMP_HEADS and struct.unpack_from("<I", head, start + 16)[0] in _RLE:
        return _read_packed_bmp(stream.read(), start, info)
    if head.startswith(b"\0\0\1\0"):
        _check_icon(stream.read(), info)
        stream.seek(0)
    if head.startswith(b"DDS ") and len(head) >= 20:
        _check_texture(head, info)
    image = read_still(stream, info)
    is_opaque = image.info.format == "TGA" and not head[17] & _ATTRIBUTES  # whatever the fourth channel holds
    return replace(image, alpha=None) if is_opaque else image


def _read_netpbm(data: bytes, info: Metadata) -> Image:
    """PBM, PGM and PPM, packed or as text, in 8 bits or 16."""
    kind, at = data[1] - ord("0"), 2
    numbers = []
    for _ in range(2 if kind in _BITS else 3):
        found = _NUMBER.match(data, at, at + _LONGEST_HEAD)
        if not found:
            raise ReadError(f"{name_of(info)} is damaged; copy or download it again.", info.source)
        numbers.append(int(found[1]))
        at = found.end()
    width, height, most = (*numbers, 1)[:3]
    channels = 3 if kind in _COLOUR else 1
    if not 1 <= most <= 65535:
        raise ReadError(f"{name_of(info)} is damaged; copy or download it again.", info.source)
    check_size(width, height, channels * (1 + (most > 255)), info)
    check_plausible(width * height * channels, len(data), 8, info)
    body = data[at:] if kind in _PLAIN else data[at + 1 :]
    samples = _numbers(kind, body, width, height, channels, most)
    if len(samples) < width * height * channels:
        raise ReadError(f"{name_of(info)} is cut off; copy or download it again.", info.source)
    colour = _spread(samples, kind, most).reshape(height, width, channels)
    return assemble(colour, None, Metadata(format="PPM", source=info.source))


def _read_pam(data: bytes, info: Metadata) -> Image:
    """PAM: the last of two or four channels is transparency."""
    start = data.find(_PAM_END, 0, _LONGEST_HEAD) + len(_PAM_END)
    facts = dict(_PAM_FACT.findall(data[:start]))
    width, height, channels, most = (int(facts.get(name, 0)) for name in (b"WIDTH", b"HEIGHT", b"DEPTH", b"MAXVAL"))
    if start < len(_PAM_END) or not 1 <= channels <= 4 or not 1 <= most <= 65535:
        raise ReadError(f"{name_of(info)} is damaged; copy or download it again.", info.source)
    check_size(width, height, channels * (1 + (most > 255)), info)
    count = width * height * channels
    samples = _numbers(6, data[start:], width, height, channels, most)
    if len(samples) < count:
        raise ReadError(f"{name_of(info)} is cut off; copy or download it again.", info.source)
    spread = _spread(samples, 6, most).reshape(height, width, channels)
    alpha = np.ascontiguousarray(spread[:, :, -1]) if channels % 2 == 0 else None
    colour = np.ascontiguousarray(spread[:, :, : channels - (alpha is not None)])
    return assemble(colour, alpha, Metadata(format="PPM", source=info.source))


def _read_pfm(data: bytes, info: Metadata) -> Image:
    """PFM: floating numbers, the lowest row first; the sign of a number in the header says in which order its bytes."""
    found = _PFM.match(data)
    if not found:
        raise ReadError(f"{name_of(info)} is damaged; copy or download it again.", info.source)
    width, height, channels = int(found[2]), int(found[3]), 3 if found[1] == b"F" else 1
    check_size(width, height, 4 * channels, info)
    body = data[found.end() : found.end() + 4 * width * height * channels]
    if len(body) < 4 * width * height * channels:
        raise ReadError(f"{name_of(info)} is cut off; copy or download it again.", info.source)
    rows = np.frombuffer(body, "<f4" if found[4] == b"-" else ">f4").reshape(height, width, channels)[::-1]
    return assemble(rows.astype(np.float32), None, Metadata(format="PPM", source=info.source))


def _numbers(kind: int, body: bytes, width: int, height: int, channels: int, most: int) -> NDArray[Any]:
    count = width * height * channels
    if kind == 1:
        text = np.frombuffer(re.sub(rb"#[^\n]*", b"", body), np.uint8)
        digits: NDArray[np.uint8] = text[(text == ord("0")) | (text == ord("1"))][:count]
        return digits - np.uint8(ord("0"))
    if kind in _PLAIN:
        words = re.sub(rb"#[^\n]*", b"", body).split(maxsplit=count)[:count]
        if any(not word.isdigit() for word in words):
            raise ValueError("no number")
        return np.minimum(np.array(words, np.float64), most).astype(np.uint16)
    if kind in _BITS:
        row = (width + 7) // 8
        lines = np.frombuffer(body[: row * height], np.uint8)
        return np.unpackbits(lines[: len(lines) // row * row].reshape(-1, row), axis=1)[:, :width].ravel()
    wide = np.dtype(">u2" if most > 255 else "u1")
    return np.frombuffer(body[: min(count, len(body) // wide.itemsize) * wide.itemsize], wide)


def _spread(samples: NDArray[Any], kind: int, most: int) -> Pixels:
    """In the full range of 8 or 16 bits; ink is 1 where there are only bits."""
    if kind in _BITS:
        return np.where(samples == 1, 0, 255).astype(np.uint8)
    full, depth = (255, np.uint8) if most <= 255 else (65535, np.uint16)
    if most == full:
        return samples.astype(depth)
    table = np.rint(np.arange(most + 1) * (full / most)).astype(depth)
    spread: Pixels = table[np.minimum(samples, most)]
    return spread


def _read_qoi(data: bytes, info: Metadata) -> Image:
    import imagecodecs

    width, height = struct.unpack_from(">II", data.ljust(14, b"\0"), 4)
    check_size(width, height, 4, info)
    check_packed("QOI", width * height, len(data), info)
    data = data.removesuffix(_QOI_END)
    samples, other = (imagecodecs.qoi_decode(data + filling + _QOI_END) for filling in (b"", _QOI_FILLING))
    if not np.array_equal(samples, other):  # what follows the last pixel does not matter
        raise ReadError(f"{name_of(info)} is cut off; copy or download it again.", info.source)
    alpha = np.ascontiguousarray(samples[:, :, 3]) if samples.shape[2] == 4 else None
    return assemble(np.ascontiguousarray(samples[:, :, :3]), alpha, Metadata(format="QOI", source=info.source))


def _read_packed_bmp(data: bytes, start: int, info: Metadata) -> Image:
    """Run lengths, which Pillow unpacks pixel by pixel in Python; ``start`` is where the header of the pixels is."""
    import cv2

    if not start:
        head, colours = struct.unpack_from("<I28xI", data.ljust(36, b"\0"))
        table = 4 * min(colours or 256, 256)
        data = b"BM" + struct.pack("<IHHI", 14 + len(data), 0, 0, 14 + head + table) + data
    width, height = struct.unpack_from("<ii", data, 18)
    check_size(width, abs(height), 4, info)
    check_packed("BMP", width * abs(height), len(data), info)
    bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if bgr is None:
        raise ReadError(f"{name_of(info)} is damaged; copy or download it again.", info.source)
    return assemble(np.ascontiguousarray(bgr[:, :, ::-1]), None, Metadata(format="BMP", source=info.source))


def _check_icon(data: bytes, info: Metadata) -> None:
    """The pictures in an icon have sizes of their own, whatever its directory says."""
    (count,) = struct.unpack_from("<H", data, 4)
    for at in range(6, min(6 + 16 * count, len(data) - 15), 16):
        (start,) = struct.unpack_from("<I", data, at + 12)
        part = data[start : start + 24].ljust(24, b"\0")
        is_png = part.startswith(b"\x89PNG")
        width, height = struct.unpack_from(">II" if is_png else "<ii", part, 16 if is_png else 4)
        check_size(max(1, width), max(1, abs(height)), 4, info)
        if width * abs(height) > _STEPS:
            raise ReadError(f"{name_of(info)} is damaged: it claims to be larger than it can be.", info.source)


def _check_texture(head: bytes, info: Metadata) -> None:
    height, width = struct.unpack_from("<II", head, 12)
    if width * height > _STEPS:
        text = f"{name_of(info)} is a texture of {width} × {height} pixels, which is too large for this format"
        raise ReadError(f"{text}; save it as PNG.", info.source)
