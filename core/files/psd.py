"""Photoshop's own format: the merged picture in all depths, and of the extra channels only what is transparency.

References:
    Adobe, Photoshop File Formats Specification (2019).
    ImageMagick, coders/psd.c: the merged picture of a transparent document lies on white.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np

from senga.errors import ReadError
from senga.image import Image, Metadata, Pixels
from senga.ops.rows import ROWS

from .budget import LONGEST_METADATA, check_packed, check_size, name_of
from .coded_color import from_lab, from_linear
from .stills import assemble

_BITMAP, _GREY, _INDEXED, _RGB, _CMYK, _DUOTONE, _LAB = 0, 1, 2, 3, 4, 8, 9
_COLOURS = {_BITMAP: 1, _GREY: 1, _INDEXED: 1, _RGB: 3, _CMYK: 4, _DUOTONE: 1, _LAB: 3}
_DEPTHS: dict[int, np.dtype[Any]] = {1: np.dtype("u1"), 8: np.dtype("u1"), 16: np.dtype(">u2"), 32: np.dtype(">f4")}
_RAW, _PACKED, _ZIPPED, _FORETOLD = 0, 1, 2, 3
_RESOLUTION, _PROFILE, _VERSION, _EXIF, _XMP = 1005, 1039, 1057, 1058, 1060
_LARGE = 2
_LAYERS = (b"Layr", b"Lr16", b"Lr32")
_LONG_IN_LARGE = (b"LMsk", *_LAYERS, b"Mt16", b"Mt32", b"Mtrn", b"Alph", b"FMsk", b"lnk2", b"FEid", b"FXid", b"PxSD")
_MOST_CHANNELS = 56


@dataclass(frozen=True)
class _Head:
    """What the first 26 bytes say."""

    large: bool
    channels: int
    height: int
    width: int
    bits: int
    mode: int


def read_psd(stream: BinaryIO, info: Metadata) -> Image:
    """The merged picture.

    Raises:
        ReadError: it is damaged, was saved without a merged picture, or has colours that are no picture's.
    """
    head = _head(stream, info)
    table = _section(stream, ">I")
    resources = dict(_resources(_section(stream, ">I")))
    if resources.get(_VERSION, b"\0\0\0\0\1")[4:5] == b"\0":
        text = f"{name_of(info)} was saved without the merged picture"
        raise ReadError(f"{text}; save it with “Maximize compatibility”, or as TIFF.", info.source)
    layers = _section(stream, ">Q" if head.large else ">I")
    transparent = head.channels > _COLOURS[head.mode] and _is_transparent(layers, head.large)
    count = _COLOURS[head.mode] + transparent
    planes = _planes(stream, head, count, info)
    alpha = np.ascontiguousarray(planes[:, :, -1]) if count > _COLOURS[head.mode] else None
    info = _metadata(resources, info)
    colour = _colour(planes[:, :, : _COLOURS[head.mode]], head, table, info)
    if alpha is not None:
        colour = _off_white(colour, alpha)
    if head.mode == _CMYK:  # stored as paper that is left
        colour = 1 - colour if colour.dtype == np.float32 else ~colour
    info = info if head.mode not in (_LAB, _INDEXED) else _without_profile(info)
    return assemble(np.ascontiguousarray(colour), alpha, info)


def _head(stream: BinaryIO, info: Metadata) -> _Head:
    version, channels, height, width, bits, mode = struct.unpack(">4xH6xHIIHH", _exactly(stream, 26))
    if bits not in _DEPTHS or version not in (1, _LARGE) or not 1 <= channels <= _MOST_CHANNELS:
        raise ReadError(f"{name_of(info)} is damaged; copy or download it again.", info.source)
    if mode not in _COLOURS or channels < _COLOURS[mode]:
        text = f"{name_of(info)} is a Photoshop file with channels that are no colours"
        raise ReadError(f"{text}; convert it to RGB and save it anew.", info.source)
    check_size(width, height, channels * max(1, bits // 8), info)
    here = stream.tell()
    check_packed("PSD", width * height, stream.seek(0, 2), info)
    stream.seek(here)
    return _Head(version == _LARGE, channels, height, width, bits, mode)


def _exactly(stream: BinaryIO, size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise OSError("truncated")
    return data


def _section(stream: BinaryIO, form: str) -> bytes:
    (size,) = struct.unpack(form, _exactly(stream, struct.calcsize(form)))
    here = stream.tell()
    if here + size > stream.seek(0, 2):
        raise OSError("truncated")
    stream.seek(here)
    return _exactly(stream, size)


def _resources(data: bytes) -> list[tuple[int, bytes]]:
    """Numbers and contents: 8BIM, number, name, content, each padded to an even length."""
    found, at = [], 0
    while data[at : at + 4] == b"8BIM" and at + 12 <= len(data):
        (number,) = struct.unpack_from(">H", data, at + 4)
        name = data[at + 6] + 1
        at += 6 + name + name % 2
        if at + 4 > len(data):
            break
        (size,) = struct.unpack_from(">I", data, at)
        found.append((number, data[at + 4 : at + 4 + size] if number in _WANTED else b""))
        at += 4 + size + size % 2
    return found


_WANTED = (_RESOLUTION, _PROFILE, _VERSION, _EXIF, _XMP)


def _is_transparent(section: bytes, large: bool) -> bool:
    """Whether the first extra channel is the transparency of the whole: the number of layers is negative then."""
    form = ">Q" if large else ">I"
    size = struct.calcsize(form)
    if len(section) < size + 2:
        return False
    (length,) = struct.unpack_from(form, section)
    if length:
        return bool(struct.unpack_from(">h", section, size)[0] < 0)
    at = size
    if len(section) >= at + 4:  # the mask of all layers
        at += 4 + struct.unpack_from(">I", section, at)[0]
    while section[at : at + 4] in (b"8BIM", b"8B64") and at + 14 <= len(section):
        name = section[at + 4 : at + 8]
        wide = large and name in _LONG_IN_LARGE
        (length,) = struct.unpack_from(">Q" if wide else ">I", section, at + 8)
        at += 16 if wide else 12
        if name in _LAYERS and at + 2 <= len(section) and length >= 2:
            return bool(struct.unpack_from(">h", section, at)[0] < 0)
        at += length + -length % 4
    return False


def _planes(stream: BinaryIO, head: _Head, count: int, info: Metadata) -> Pixels:
    """(H, W, count) samples; what comes behind them is not unpacked."""
    row = (head.width + 7) // 8 if head.bits == 1 else head.width * _DEPTHS[head.bits].itemsize
    need = row * head.height * count
    (packing,) = struct.unpack(">H", _exactly(stream, 2))
    if packing == _RAW:
        data = _exactly(stream, need)
    elif packing == _PACKED:
        data = _unpacked(stream, head, need, count)
    elif packing in (_ZIPPED, _FORETOLD) and (packing == _ZIPPED or head.bits in (8, 16)):
        data = zlib.decompressobj().decompress(stream.read(), need)
    else:
        text = f"{name_of(info)} is packed in a rare way; save it as TIFF in the program that made it"
        raise ReadError(f"{text}.", info.source)
    if len(data) < need:
        raise OSError("truncated")
    if head.bits == 1:
        lines = np.unpackbits(np.frombuffer(data, np.uint8).reshape(head.height, row), axis=1)  # (H, W rounded up)
        return (1 - lines[:, : head.width, None]) * np.uint8(255)
    samples = np.frombuffer(data, _DEPTHS[head.bits]).reshape(count, head.height, head.width)  # (C, H, W)
    if packing == _FORETOLD:  # every sample is what it adds to the one before
        samples = np.cumsum(samples, axis=2, dtype=samples.dtype.newbyteorder("="))
    return np.moveaxis(samples.astype(samples.dtype.newbyteorder("=")), 0, 2)


def _unpacked(stream: BinaryIO, head: _Head, need: int, count: int) -> bytes:
    """PackBits, row by row, behind a table of the packed lengths of all rows of all channels."""
    import imagecodecs

    width = 4 if head.large else 2
    lengths = np.frombuffer(_exactly(stream, width * head.height * head.channels), f">u{width}")
    data = _exactly(stream, int(lengths[: head.height * count].sum(dtype=np.uint64)))
    return bytes(imagecodecs.packbits_decode(data, out=need))


def _metadata(resources: dict[int, bytes], info: Metadata) -> Metadata:
    icc, exif, xmp = (resources.get(each, b"")[:LONGEST_METADATA] or None for each in (_PROFILE, _EXIF, _XMP))
    dpi = None
    if len(resources.get(_RESOLUTION, b"")) >= 12:
        x, y = struct.unpack_from(">I4xI", resources[_RESOLUTION])
        dpi = (x / 65536, y / 65536) if x >= 65536 and y >= 65536 else None
    return Metadata(icc, exif, xmp, dpi, "PSD", info.source)


def _without_profile(info: Metadata) -> Metadata:
    return Metadata(None, info.exif, info.xmp, info.dpi, info.format, info.source)


def _colour(samples: Pixels, head: _Head, table: bytes, info: Metadata) -> Pixels:
    if head.mode == _INDEXED:
        colours = np.frombuffer(table[:768].ljust(768, b"\0"), np.uint8).reshape(3, 256).T  # (256, 3)
        painted: Pixels = np.ascontiguousarray(colours)[samples[:, :, 0]]
        return painted
    if head.mode == _LAB:
        return from_lab(samples)
    if samples.dtype == np.float32 and not info.icc and head.mode != _CMYK:
        return from_linear(samples)
    return samples


def _off_white(colour: Pixels, alpha: Pixels) -> Pixels:
    """The colours without the white on which the merged picture lies; as they are if they are too dark for that."""
    full = 1.0 if colour.dtype == np.float32 else float(np.iinfo(colour.dtype).max)
    slack = full / 64
    if any((colour[top] < full - alpha[top, :, None] - slack).any() for top in range(len(colour))):
        return colour
    result = np.empty(colour.shape, colour.dtype)
    for top in range(0, len(colour), ROWS):
        cover = alpha[top : top + ROWS, :, None].astype(np.float32) / full
        bare = full - (full - colour[top : top + ROWS].astype(np.float32)) / np.where(cover > 0, cover, 1)
        result[top : top + ROWS] = np.clip(bare if full == 1 else np.rint(bare), 0, full if full > 1 else None)
    return result
