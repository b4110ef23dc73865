"""Small files that claim much: a picture or a sentence, soon and in little memory."""

from __future__ import annotations

import io
import struct
import time
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable

import imagecodecs
import numpy as np
import PIL.Image
import pytest

from senga import files
from senga.errors import ReadError
from senga.files import budget
from senga.files.png import SIGNATURE, chunk
from senga.image import Animation, Image

SIDE = 30_000


def jpeg(scans: int, side: int, end: bytes = b"\xff\xd9") -> bytes:
    stream = io.BytesIO()
    PIL.Image.new("L", (64, 64), 128).save(stream, "JPEG", progressive=True)
    data = stream.getvalue()
    frame, last = data.index(b"\xff\xc2") + 5, data.rindex(b"\xff\xda")
    begin = data[:frame] + struct.pack(">HH", side, side) + data[frame + 4 : -2]
    return begin + data[last:-2] * scans + end


def gif(width: int, height: int, *frames: tuple[int, int, int, int], times: int = 1) -> bytes:
    data = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6)
    return data + b"".join(b"," + struct.pack("<HHHHB", *each, 0) + b"\2\2\x44\1\0" for each in frames) * times + b";"


def bmp(side: int, packing: int, body: bytes, bits: int = 8) -> bytes:
    head = struct.pack("<IiiHHIIiiII", 40, side, side, 1, bits, packing, len(body), 0, 0, 256, 0)
    return b"BM" + struct.pack("<IHHI", 0, 0, 0, 54 + 1024) + head + bytes(1024) + body


def png(side: int, *parts: bytes) -> bytes:
    pixels = zlib.compress(bytes((side + 1) * side), 9)
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
    return SIGNATURE + head + b"".join(parts) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def webp(side: int) -> bytes:
    stream = io.BytesIO()
    PIL.Image.new("RGB", (64, 64), (1, 2, 3)).save(stream, "WEBP", lossless=True)
    data = bytearray(stream.getvalue())
    at = data.index(b"VP8L") + 9
    struct.pack_into("<I", data, at, (data[at + 3] >> 4) << 28 | (side - 1) | (side - 1) << 14)
    return bytes(data)


def webp_film(count: int, side: int) -> bytes:
    part = webp(1)[12:]
    frame = b"ANMF" + struct.pack("<I", 16 + len(part)) + bytes(12) + b"\x0a\0\0\2" + part
    size = struct.pack("<I", side - 1)[:3] * 2
    body = b"VP8X" + struct.pack("<II", 10, 2) + size + b"ANIM" + struct.pack("<IIH", 6, 0, 0) + frame * count
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def tiff(code: int, count: int, size: int) -> bytes:
    """Very many tags that share their bytes."""
    place = 8 + 2 + 12 * count + 4
    entries = struct.pack("<HHII", 256, 3, 1, 1) + struct.pack("<HHII", 257, 3, 1, 1)
    entries += struct.pack("<HHII", code, 2, size, place) * (count - 2)
    return b"II*\0\x08\0\0\0" + struct.pack("<H", count) + entries + bytes(4) + bytes(size)


def ora(merged: bytes, packing: int, others: int = 0) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("mimetype", "image/openraster")
        archive.writestr("mergedimage.png", merged, packing)
        for number in range(others):
            archive.writestr(f"data/{number}", b"")
    return stream.getvalue()


def exif_bomb() -> bytes:
    size = 8_000_000
    values = struct.pack("<HHII", 0x8298, 2, size, 100) * 65535
    return chunk(
        b"eXIf", b"II*\0\x08\0\0\0\0\0" + struct.pack("<I", 14) + struct.pack("<H", 65535) + values + bytes(size)
    )


def psd(channels: int, side: int, bits: int) -> bytes:
    return b"8BPS" + struct.pack(">H6xHIIHH", 1, channels, side, side, bits, 3) + bytes(12) + b"\0\1" + bytes(400)


def icon() -> bytes:
    inside = png(1)
    claims = inside[:16] + struct.pack(">II", SIDE, SIDE) + inside[24:]
    return b"\0\0\1\0\1\0" + struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, 32, len(claims), 22) + claims


def texture() -> bytes:
    head = b"DDS " + struct.pack("<7I", 124, 0x1007, SIDE, SIDE, 0, 0, 0) + bytes(44)
    return head + struct.pack("<8I", 32, 0x41, 0, 32, 0xFF, 0xFF00, 0xFF0000, 0xFF000000) + bytes(20)


BOMB = zlib.compress(bytes(100_000_000), 9)
XMP = b'xmlns:h="http://ns.adobe.com/hdr-gain-map/1.0/"' + (b" " * 2000 + b"<h:a >" + b" h:b = ") * 4000

REFUSED: dict[str, Callable[[], bytes]] = {
    "JPEG of 20,000 passes": lambda: jpeg(20_000, 8000),
    "JPEG of 20,000 passes without end": lambda: jpeg(20_000, 8000, b""),
    "JPEG of few passes, large": lambda: jpeg(5, SIDE),
    "GIF, frame larger than all": lambda: gif(10, 10, (0, 0, 65535, 65535)),
    "GIF, second frame larger than all": lambda: gif(10, 10, (0, 0, 1, 1), (0, 0, 65535, 65535)),
    "GIF, screen": lambda: gif(SIDE, SIDE, (0, 0, 1, 1)),
    "GIF, no screen": lambda: gif(0, 0, (0, 0, 65535, 65535)),
    "GIF of 20,000 frames": lambda: gif(2000, 2000, (0, 0, 1, 1), times=20_000),
    "BMP of line ends": lambda: bmp(SIDE, 1, b"\1\0\0\0" * SIDE),
    "BMP of jumps": lambda: bmp(SIDE, 2, b"\0\2\0\xff" * 200, 4),
    "BMP of nothing": lambda: bmp(SIDE, 0, b""),
    "DIB of line ends": lambda: bmp(SIDE, 1, b"\1\0\0\0" * SIDE)[14:],
    "WebP": lambda: webp(16383),
    "WebP of 10,000 frames": lambda: webp_film(10_000, 16383),
    "TIFF of tags": lambda: tiff(270, 60_000, 500_000),
    "TIFF of places": lambda: tiff(273, 1000, 500_000),
    "OpenRaster": lambda: ora(bytes(100_000_000), zipfile.ZIP_DEFLATED),
    "PSD": lambda: psd(3, SIDE, 8),
    "PSD of channels": lambda: psd(56, 8000, 16),
    "JPEG XL": lambda: imagecodecs.jpegxl_encode(np.zeros((9000, 9000), np.uint8), lossless=True, effort=1),
    "JPEG 2000": lambda: imagecodecs.jpeg2k_encode(np.zeros((9000, 9000), np.uint8)),
    "ICO": icon,
    "DDS": texture,
    "PPM as text": lambda: b"P3 8000 8000 65535 " + b"1 " * 1000,
    "PPM": lambda: b"P6 30000 30000 255 " + bytes(1000),
    "PBM": lambda: b"P4 30000 30000 " + bytes(1000),
    "QOI": lambda: b"qoif" + struct.pack(">IIBB", SIDE, SIDE, 4, 0) + b"\xfd" * 100 + bytes(8),
    "TGA": lambda: bytes([0, 0, 10] + [0] * 9) + struct.pack("<HHBB", SIDE, SIDE, 24, 0) + b"\xff\0\0\0" * 99,
    "SGI": lambda: struct.pack(">HBBHHHH", 474, 1, 1, 3, SIDE, SIDE, 3) + bytes(5500),
}
OPENED: dict[str, Callable[[], bytes]] = {
    "PNG of texts": lambda: png(4, *[chunk(b"zTXt", b"a\0\0" + BOMB)] * 5, chunk(b"iCCP", b"a\0\0" + BOMB)),
    "PNG of XMP": lambda: png(4, chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP)),
    "PNG of EXIF": lambda: png(4, exif_bomb()),
    "GIF, frame far outside": lambda: gif(10, 10, (0, 0, 1, 1), (60_000, 60_000, 5000, 5000)),
    "GIF, first frame far outside": lambda: gif(10, 10, (60_000, 60_000, 2, 2)),
    "GIF of frames without size": lambda: gif(10, 10, (0, 0, 0, 0), times=2000),
    "OpenRaster of many parts": lambda: ora(png(4), zipfile.ZIP_STORED, 3000),
}


def opened(data: bytes) -> Image | Animation:
    """The picture; it must come soon and in little memory."""
    start = time.process_time()
    tracemalloc.start()
    try:
        picture = files.read(data)
        if isinstance(picture, Animation):
            assert all(frame.image.width == picture.width for _, frame in zip(range(3), picture.frames(), strict=False))
        return picture
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 200e6
        assert time.process_time() - start < 10


@pytest.mark.parametrize("name", REFUSED)
def test_what_claims_too_much_is_refused(name: str) -> None:
    with pytest.raises(ReadError) as caught:
        opened(REFUSED[name]())
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize("name", OPENED)
def test_what_is_too_much_beside_the_picture_costs_nothing(name: str) -> None:
    picture = opened(OPENED[name]())
    assert (picture.width, picture.height) in ((4, 4), (10, 10))


def test_empty_pictures_of_everyday_size_are_opened() -> None:
    """Nothing is doubted that decodes in a moment."""
    blank = Image.of(np.full((3000, 4000, 3), 255, np.uint8))
    for kind, quality in (("png", None), ("jpg", None), ("webp", 100), ("gif", None), ("tif", None), ("avif", None)):
        assert files.read(files.encode(blank, kind, quality=quality)).width == 4000
    assert files.read(imagecodecs.jpegxl_encode(blank.pixels, lossless=True, effort=1)).width == 4000


def test_the_budget_can_be_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    film = gif(20, 20, (0, 0, 1, 1), times=50)
    assert files.read(film).width == 20
    monkeypatch.setenv("SENGA_MAX_PIXELS", "900")
    with pytest.raises(ReadError, match="50 frames of 20 × 20 pixels"):
        files.read(film)
    assert budget.pixel_limit() == 900
