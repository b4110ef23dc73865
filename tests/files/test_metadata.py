"""EXIF, XMP and resolution stay, rotation is applied once, thumbnails go, places go on request."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import PIL.ExifTags
import PIL.Image
import PIL.ImageOps
import pytest
import tifffile
from numpy.typing import NDArray

from senga import files
from senga.files.exif import Exif, upright, without_place, xmp_upright, xmp_without_place
from senga.image import Image, Metadata

Grain = Callable[..., NDArray[Any]]
Saved = Callable[..., bytes]
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description tiff:Orientation="6" exif:GPSLatitude="48,8N" '
    b'dc:title="T"><exif:GPSLongitude>11,5E</exif:GPSLongitude></rdf:Description></rdf:RDF></x:xmpmeta>'
)
WITH_METADATA = ["png", "jpg", "tif", "webp", "avif"]


def read(data: bytes) -> Image:
    image = files.read(data)
    assert isinstance(image, Image)
    return image


def exif(turn: int = 1, *, place: bool = True, order: str = "<") -> bytes:
    block = PIL.Image.Exif()
    block.endian = order
    block[0x0112] = turn
    block[0x010F], block[0x013B] = "Camera & Sons", "A. Painter"
    block[0x8769] = {0x829A: (1, 125), 0x927C: b"maker's own bytes", 0x9003: "2026:01:02 03:04:05"}
    if place:
        block[0x8825] = {1: "N", 2: (48.0, 8.0, 14.25), 3: "E", 4: (11.0, 34.0, 31.5)}
    return block.tobytes()


def parsed(block: bytes | None) -> PIL.Image.Exif:
    assert block is not None
    result = PIL.Image.Exif()
    result.load(block)
    return result


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_rotation_is_applied_once(kind: str, turn: int, grain: Grain, saved: Saved) -> None:
    pil = PIL.Image.fromarray(grain(40, 24, 3) // 8 + np.linspace(0, 200, 24).astype(np.uint8)[None, :, None])
    data = saved(pil, kind, exif=exif(turn), **({"lossless": True} if kind == "WEBP" else {}))
    with PIL.Image.open(io.BytesIO(data)) as opened:
        opened.load()
        # Pillow turns TIFF (and AVIF, by its own box) while it loads.
        expected = np.asarray(PIL.ImageOps.exif_transpose(opened).convert("RGB"))
    image = read(data)
    np.testing.assert_array_equal(image.pixels, expected)
    assert parsed(image.info.exif).get(0x0112, 1) == 1
    np.testing.assert_array_equal(read(files.encode(image, "png")).pixels, expected)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", WITH_METADATA)
def test_metadata_stays(kind: str, order: str, grain: Grain) -> None:
    info = Metadata(exif=exif(order=order), xmp=XMP, dpi=(300.0, 300.0))
    data = files.encode(replace(Image.of(grain(16, 16, 3)), info=info), kind)
    back = read(data).info
    seen = parsed(back.exif)
    assert seen[0x010F] == "Camera & Sons"
    assert seen[0x013B] == "A. Painter"
    assert seen.get_ifd(0x8769)[0x9003] == "2026:01:02 03:04:05"
    assert seen.get_ifd(0x8769)[0x829A] == (1, 125) or float(seen.get_ifd(0x8769)[0x829A]) == 1 / 125
    assert [float(each) for each in seen.get_ifd(0x8825)[2]] == [48.0, 8.0, 14.25]
    assert back.xmp == xmp_upright(XMP)
    if kind not in ("webp", "avif"):
        assert back.dpi == pytest.approx((300, 300), abs=0.1)
    with PIL.Image.open(io.BytesIO(data)) as pil:
        assert pil.getexif()[0x010F] == "Camera & Sons"
        assert pil.getexif().get_ifd(0x8825)[1] == "N"


def test_tiff_tags_are_where_other_programs_look(grain: Grain) -> None:
    data = files.encode(replace(Image.of(grain(16, 16, 3, "uint16")), info=Metadata(exif=exif(), xmp=XMP)), "tif")
    with tifffile.TiffFile(io.BytesIO(data)) as tiff:
        tags = tiff.pages.first.tags
        assert tags.valueof(271) == "Camera & Sons"
        assert tags.valueof(34665)["DateTimeOriginal"] == "2026:01:02 03:04:05"
        assert tags.valueof(34853)["GPSLatitudeRef"] == "N"


@pytest.mark.parametrize("kind", WITH_METADATA)
def test_places_and_all_metadata_can_be_left_out(kind: str, grain: Grain) -> None:
    info = Metadata(exif=exif(), xmp=XMP, dpi=(72, 72))
    image = replace(Image.of(grain(16, 16, 3)), info=info)
    without = files.encode(image, kind, metadata="strip-gps")
    back = read(without).info
    assert not parsed(back.exif).get_ifd(0x8825)
    assert parsed(back.exif)[0x013B] == "A. Painter"
    assert back.xmp is not None
    assert b"GPS" not in back.xmp
    assert struct.pack("<II", 1425, 100) not in without  # 14.25 seconds, as a fraction
    bare = read(files.encode(image, kind, metadata="strip")).info
    assert (bare.exif, bare.xmp) == (None, None)


def test_only_the_named_bytes_of_exif_change() -> None:
    before = exif(6).removeprefix(b"Exif\0\0")
    after, turn = upright(before)
    assert turn == 6
    assert after is not None
    assert sum(one != other for one, other in zip(before, after, strict=True)) == 1
    removed = without_place(before)
    assert removed is not None
    assert len(removed) == len(before)
    assert parsed(removed).get_ifd(0x8769) == parsed(before).get_ifd(0x8769)


def test_the_thumbnail_of_the_old_picture_goes(saved: Saved) -> None:
    """A directory with an orientation, followed by one that points to a thumbnail."""
    picture = saved(PIL.Image.new("RGB", (8, 8), "red"), "JPEG")
    first = struct.pack("<HHHIHHI", 1, 0x0112, 3, 1, 1, 0, 26)
    second = struct.pack("<HHHIIHHIII", 2, 0x0201, 4, 1, 56, 0x0202, 4, 1, len(picture), 0)
    block = b"II*\0\x08\0\0\0" + first + second
    block = block + picture
    assert block[56:58] == b"\xff\xd8"
    after, _ = upright(block)
    assert after is not None
    assert b"\xff\xd8" not in after
    assert len(list(Exif(after).entries(8))) == 1


@pytest.mark.parametrize(
    "block", [b"", b"Exif\0\0", b"II*\0", b"II*\0\xff\xff\xff\xff", b"MM\0*\0\0\0\x08\xff\xff", b"nonsense" * 9]
)
def test_damaged_exif_is_ignored(block: bytes, grain: Grain, saved: Saved) -> None:
    assert upright(block) == (None, 1)
    image = read(saved(PIL.Image.fromarray(grain(8, 8, 3)), "JPEG", exif=b"Exif\0\0" + block))
    assert image.info.exif is None


def test_xmp_that_hides_places_goes_altogether() -> None:
    assert xmp_without_place(b"<a>GPS in a form of its own</a>") is None
    assert xmp_upright(None) is None


def test_too_much_exif_for_jpeg_is_left_out(grain: Grain) -> None:
    block = PIL.Image.Exif()
    block[0x8769] = {0x927C: bytes(70000)}
    image = replace(Image.of(grain(8, 8, 3)), info=Metadata(exif=block.tobytes()))
    assert read(files.encode(image, "jpg")).info.exif is None
    assert read(files.encode(image, "png")).info.exif is not None
