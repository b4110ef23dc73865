"""TIFF in all depths, layouts and compressions that painters meet.

References:
    TIFF 6.0 (Adobe, 1992); Adobe Photoshop TIFF Technical Notes (2002).
"""

from __future__ import annotations

import logging
import struct
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from senga.errors import ReadError
from senga.image import Image, Metadata

from .budget import check_packed, check_size, name_of
from .coded_color import from_lab
from .exif import XMP_TAG, upright
from .jpeg import has_end, jpeg_size
from .jpegxl import jpegxl_size
from .stills import assemble, read_still, resolution
from .tiff_exif import check_tags, exif_of_tiff
from .tiff_samples import divided, from_zero_to_one, full_range, inverted, looked_up
from .webp import webp_size

if TYPE_CHECKING:
    from tifffile import TiffFile, TiffPage

log = logging.getLogger("senga.files")

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _CMYK, _YCBCR, _LAB = 0, 1, 2, 3, 5, 6, 8
_LOG = (32844, 32845)
_FAX_AND_OLD_JPEG = (2, 3, 4, 6)
_PLAIN, _LZW, _JPEG, _PACKBITS, _WEBP = 1, 5, 7, 32773, 50001
_DEFLATE = (8, 32946)


def _jpeg2000_size(head: bytes) -> tuple[int, int] | None:
    """Width and height, with what is cut off at the left and above."""
    at = head.find(b"\xff\x4f\xff\x51")
    return struct.unpack_from(">II", head, at + 8) if 0 <= at <= len(head) - 16 else None


_JPEG2000, _PNG, _JPEGXL = (33003, 33005, 34712), 34933, (50002, 52546)
_INSIDE: dict[int, Callable[[bytes], tuple[int, int] | None]] = {
    _JPEG: jpeg_size,
    _WEBP: webp_size,
    _PNG: lambda head: struct.unpack_from(">II", head.ljust(24, b"\0"), 16),
    **dict.fromkeys(_JPEG2000, _jpeg2000_size),
    **dict.fromkeys(_JPEGXL, jpegxl_size),
}
"""Packings that are picture formats themselves, with a size of their own."""
_PACKINGS = (_PLAIN, _LZW, _PACKBITS, *_DEFLATE, *_FAX_AND_OLD_JPEG, *_INSIDE, 34676, 34677, 34887, 34925, 50000)
_PREMULTIPLIED = 1
_SIGNS = np.array([0, 0x8000, 0x8000], np.uint16)
"""What turns the signed numbers of 16-bit L*a*b* into those that begin at 0."""
_DNG_VERSION, _ICC = 50706, 34675
_BIG = 43
_COLOURS = {_WHITE_IS_ZERO: 1, _BLACK_IS_ZERO: 1, _RGB: 3, _PALETTE: 1, _CMYK: 4, _YCBCR: 3, _LAB: 3}
_PAGES_LOOKED_AT = 4
_UNSIGNED, _SIGNED, _FLOATING = 1, 2, 3


def read_tiff(stream: BinaryIO, info: Metadata) -> Image:
    """The first page that is no thumbnail; 16 bits and floating numbers are kept.

    Raises:
        ReadError: cut off, too large, or of a kind that is no finished picture.
    """
    import tifffile

    logging.getLogger("tifffile").addHandler(logging.NullHandler())
    _check_start(stream, info)
    check_tags(stream, _PAGES_LOOKED_AT, info)
    stream.seek(0)
    with tifffile.TiffFile(stream) as tiff:
        page = _first_picture(tiff)
        info = _metadata(page, stream, info)
        _check(page, stream, info)
        kind = int(page.photometric)
        if kind in _LOG:
            return _read_log(stream, info)
        if _is_for_pillow(page, kind):
            stream.seek(0)
            still = read_still(stream, info, "TIFF")
            return replace(still, info=replace(still.info, exif=upright(info.exif)[0], dpi=info.dpi, format="TIFF"))
        _mend_counts(page, stream, info)
        samples = _samples(page)
        map_, bits = page.colormap, page.bitspersample
    if kind == _PALETTE and map_ is not None:
        return assemble(looked_up(samples, map_), None, info)
    return _picture(
        from_zero_to_one(full_range(samples, bits), info), kind, tuple(int(each) for each in page.extrasamples), info
    )


def _check_start(stream: BinaryIO, info: Metadata) -> None:
    """Many programs write the directory last, so that a file that is cut off lacks it."""
    size = stream.seek(0, 2)
    stream.seek(0)
    head = stream.read(16).ljust(16, b"\0")
    order = "<" if head[:1] == b"I" else ">"
    is_big = struct.unpack_from(order + "H", head, 2)[0] == _BIG
    (start,) = struct.unpack_from(order + "Q", head, 8) if is_big else struct.unpack_from(order + "I", head, 4)
    if start >= size:
        raise ReadError(f"{name_of(info)} is cut off; copy or download it again.", info.source)
    stream.seek(0)


def _read_log(stream: BinaryIO, info: Metadata) -> Image:
    """Logarithmic brightness, which OpenCV writes for floating pictures and hence reads as it wrote them."""
    import cv2

    stream.seek(0)
    bgr = cv2.imdecode(np.frombuffer(stream.read(), np.uint8), cv2.IMREAD_UNCHANGED)
    if bgr is None:
        raise ReadError(f"{name_of(info)} is damaged; copy or download it again.", info.source)
    rgb = bgr[:, :, None] if bgr.ndim == 2 else bgr[:, :, ::-1]
    return assemble(np.ascontiguousarray(rgb, np.float32), None, info)


def _first_picture(tiff: TiffFile) -> TiffPage:
    for index in range(_PAGES_LOOKED_AT):
        try:
            page = cast("TiffPage", tiff.pages[index])
        except IndexError:
            break
        if not page.is_reduced and not page.is_mask:
            return page
    return cast("TiffPage", tiff.pages[0])


def _is_for_pillow(page: TiffPage, kind: int) -> bool:
    compression = int(page.compression)
    lab = kind == _LAB and page.bitspersample == 8
    return compression in _FAX_AND_OLD_JPEG or lab or (kind == _YCBCR and compression != _JPEG)


def _check(page: TiffPage, stream: BinaryIO, info: Metadata) -> None:
    kind, name = int(page.photometric), name_of(info)
    if _DNG_VERSION in page.tags:
        raise ReadError(f"{name} is a camera's raw file; develop it to TIFF or JPEG first.", info.source)
    if kind not in (*_COLOURS, *_LOG) or (kind == _LAB and page.bitspersample not in (8, 16)):
        raise ReadError(f"{name} stores its colours in a rare way; save it as an RGB TIFF first.", info.source)
    if int(page.compression) not in _PACKINGS:
        raise ReadError(f"{name} is packed in a rare way; save it as a TIFF with LZW or Deflate first.", info.source)
    if kind not in _LOG:
        _check_numbers(page, info)
    if page.imagedepth != 1:
        raise ReadError(f"{name} is a volume; save one layer of it as a TIFF.", info.source)
    if page.samplesperpixel < _COLOURS.get(kind, 1):
        raise ReadError(f"{name} is damaged; copy or download it again.", info.source)
    size = page.samplesperpixel * max(1, page.bitspersample // 8)
    check_size(page.imagewidth, page.imagelength, size, info)
    check_packed("TIFF", page.imagewidth * page.imagelength * size, stream.seek(0, 2), info)
    if page.is_tiled and page.tilewidth * page.tilelength > max(1 << 24, 4 * page.imagewidth * page.imagelength):
        raise ReadError(f"{name} is damaged: it claims to be larger than it can be.", info.source)


def _check_numbers(page: TiffPage, info: Metadata) -> None:
    name, bits = name_of(info), page.bitspersample
    if page.sampleformat == _SIGNED:
        text = f"{name} stores unusual numbers (signed ones), for which nobody says what black and white are"
        raise ReadError(f"{text}; save it with unsigned or floating ones.", info.source)
    whole = page.sampleformat in (_UNSIGNED, 4) and (bits <= 16 or bits == 32)
    if not whole and not (page.sampleformat == _FLOATING and bits in (16, 32, 64)):
        raise ReadError(f"{name} stores unusual numbers ({bits} bits); save it with 8, 16 or 32 bits.", info.source)


def _mend_counts(page: TiffPage, stream: BinaryIO, info: Metadata) -> None:
    """Byte counts are what nobody needs where the pixels are not packed; else a last one may reach too far.

    Raises:
        ReadError: pixels are missing.
    """
    end, plain = stream.seek(0, 2), int(page.compression) == _PLAIN
    counts = []
    for index, (start, said) in enumerate(zip(page.dataoffsets, page.databytecounts, strict=False)):
        need = _bytes_of(page, index)
        size = need if plain and start else said
        if start + size > end and (plain or not _unpacks(page, stream, start, need)):
            raise ReadError(f"{name_of(info)} is cut off; copy or download it again.", info.source)
        _check_inside(page, stream, start, info)
        counts.append(min(size, end - start))
    page.databytecounts = tuple(counts)


def _bytes_of(page: TiffPage, index: int) -> int:
    """Of a strip or tile that is not packed."""
    samples = 1 if int(page.planarconfig) == 2 else page.samplesperpixel
    if page.is_tiled:
        width, rows = page.tilewidth, page.tilelength
    else:
        strips = -(-page.imagelength // max(1, page.rowsperstrip))
        rows = min(page.rowsperstrip, page.imagelength - index % strips * page.rowsperstrip)
        width = page.imagewidth
    return rows * -(-width * samples * page.bitspersample // 8)


def _unpacks(page: TiffPage, stream: BinaryIO, start: int, need: int) -> bool:
    """Whether what the file has of a strip is all of it."""
    import imagecodecs

    packing = int(page.compression)
    decoders = {_LZW: imagecodecs.lzw_decode, _PACKBITS: imagecodecs.packbits_decode}
    stream.seek(start)
    data = stream.read()
    try:
        if packing in _DEFLATE:
            return len(zlib.decompressobj().decompress(data, need)) == need
        if packing == _JPEG:
            return has_end(data)
        return packing in decoders and len(decoders[packing](data, out=need)) == need
    except (zlib.error, RuntimeError, ValueError):
        return False


def _check_inside(page: TiffPage, stream: BinaryIO, start: int, info: Metadata) -> None:
    """A picture format in a strip or tile has a size of its own, which is not much larger."""
    size = _INSIDE.get(int(page.compression))
    if size is None:
        return
    stream.seek(start)
    width, height = size(stream.read(1 << 16)) or (1, 1)
    if width * height > max(1 << 24, 2 * page.imagewidth * page.imagelength):
        raise ReadError(f"{name_of(info)} is damaged: it claims to be larger than it can be.", info.source)


def _samples(page: TiffPage) -> NDArray[Any]:
    """(H, W, C) as stored."""
    array: NDArray[Any] = np.asarray(page.asarray(maxworkers=1))
    if array.ndim == 2:
        return array[:, :, None]
    planar = int(page.planarconfig) == 2 and page.samplesperpixel > 1
    return np.moveaxis(array, 0, 2) if planar else array


def _picture(samples: NDArray[Any], kind: int, extra: tuple[int, ...], info: Metadata) -> Image:
    colours = _COLOURS[kind]
    colour, alpha = samples[:, :, :colours], None
    if kind == _WHITE_IS_ZERO:
        colour = inverted(colour)
    if kind == _LAB:
        colour, info = from_lab(colour ^ _SIGNS), replace(info, icc=None)
    which = _transparency(extra)
    if samples.shape[2] > colours and which is not None:
        alpha = np.ascontiguousarray(samples[:, :, colours + which])
        if extra[which : which + 1] == (_PREMULTIPLIED,):
            colour = divided(colour, alpha)
    return assemble(np.ascontiguousarray(colour), alpha, info)


def _transparency(extra: tuple[int, ...]) -> int | None:
    """Which of the extra samples it is; one of which nothing is said is, one that is said to be something else not."""
    return next((place for place, meaning in enumerate(extra) if meaning in (1, 2)), None if extra else 0)


def _metadata(page: TiffPage, stream: BinaryIO, info: Metadata) -> Metadata:
    tags = page.tags
    icc, xmp = (_bytes(tags.valueof(code)) for code in (_ICC, XMP_TAG))
    return Metadata(icc, exif_of_tiff(stream), xmp, _dpi(page), "TIFF", info.source)


def _bytes(value: object) -> bytes | None:
    if isinstance(value, str):
        return value.encode("utf-8")
    return bytes(value) if isinstance(value, bytes) and value else None


def _dpi(page: TiffPage) -> tuple[float, float] | None:
    scale = {2: 1.0, 3: 2.54}.get(int(page.tags.valueof(296) or 2))
    try:
        (a, b), (c, d) = page.tags.valueof(282), page.tags.valueof(283)
        return resolution({"dpi": (a / b * scale, c / d * scale)}) if scale else None
    except (TypeError, ValueError, ZeroDivisionError):
        return None


# ---- writing
