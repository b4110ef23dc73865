"""What the numbers of a file mean where formats differ: channels that are no transparency, L*a*b*, rare packings."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import imagecodecs
import numpy as np
import PIL.Image
import PIL.ImageCms
import pytest
import tifffile
from numpy.typing import NDArray

from senga import files
from senga.errors import ReadError
from senga.files.png import chunk
from senga.image import Image, to_depth

Saved = Callable[..., bytes]
_Y, _X = np.mgrid[0:48, 0:64]
COLOUR = np.stack([_X * 4, _Y * 5, (_X + _Y) * 2], axis=2).astype(np.uint8)
ALPHA = np.linspace(0, 255, 48 * 64).reshape(48, 64).astype(np.uint8)
LAYERED = np.dstack([COLOUR, ALPHA])


def read(data: bytes) -> Image:
    image = files.read(data)
    assert isinstance(image, Image)
    return image


def tiff(*pages: tuple[NDArray[Any], dict[str, Any]], order: Any = "<") -> bytes:
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream, byteorder=order) as writer:
        for samples, options in pages:
            writer.write(samples, metadata=None, **options)
    return stream.getvalue()


def near(image: Image, wanted: NDArray[Any], most: int = 1) -> bool:
    return bool(np.abs(to_depth(image.pixels, np.uint8).astype(int) - wanted).max() <= most)


# ---- TIFF


def test_a_fourth_channel_that_is_said_to_be_something_else_is_no_transparency() -> None:
    data = tiff((LAYERED, {"photometric": "rgb", "extrasamples": ["unspecified"]}))
    image = read(data)
    assert image.alpha is None
    assert near(image, COLOUR, 0)
    nothing_said = data.replace(struct.pack("<HHI", 338, 3, 1), struct.pack("<HHI", 65000, 3, 1))
    assert read(nothing_said).alpha is not None


def test_a_mask_before_the_picture_is_not_it() -> None:
    mask = (np.ones((48, 64), bool), {"subfiletype": 4, "photometric": "minisblack"})
    assert near(read(tiff(mask, (COLOUR, {"photometric": "rgb"}))), COLOUR, 0)


@pytest.mark.parametrize("order", ["<", ">"])
def test_lab_in_sixteen_bits(order: str) -> None:
    lab = PIL.ImageCms.createProfile("LAB")
    pil = PIL.ImageCms.profileToProfile(
        PIL.Image.fromarray(COLOUR), PIL.ImageCms.createProfile("sRGB"), lab, outputMode="LAB"
    )
    assert pil is not None
    eight = np.asarray(pil).astype(np.uint16)  # L from 0 to 255, a and b signed
    deep = np.dstack([eight[:, :, 0] * 257, eight[:, :, 1] << 8, eight[:, :, 2] << 8])
    data = tiff((deep, {"photometric": "cielab"}), order=order)
    image = read(data)
    assert image.depth == np.uint16
    assert np.abs(to_depth(image.pixels, np.uint8).astype(int) - COLOUR).mean() < 2.5


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("big", [False, True])
def test_a_tiff_without_its_directory_is_cut_off(big: bool, order: str) -> None:
    stream = io.BytesIO()
    tifffile.imwrite(stream, COLOUR, photometric="rgb", bigtiff=big, byteorder=order, metadata=None)
    data = bytearray(stream.getvalue())
    data[8 if big else 4 : 16 if big else 8] = struct.pack(order + ("Q" if big else "I"), len(data) + 100)
    with pytest.raises(ReadError, match="cut off"):
        files.read(bytes(data))


# ---- Photoshop


@pytest.mark.parametrize("deep", [False, True])
def test_photoshop_s_packing_by_differences(deep: bool) -> None:
    planes = np.moveaxis(COLOUR.astype(np.uint16) * 257 if deep else COLOUR, 2, 0)
    steps = planes.copy()
    steps[:, :, 1:] -= planes[:, :, :-1]
    body = zlib.compress(steps.astype(steps.dtype.newbyteorder(">")).tobytes())
    head = b"8BPS" + struct.pack(">H6xHIIHH", 1, 3, 48, 64, 16 if deep else 8, 3) + bytes(12)
    image = read(head + b"\0\3" + body)
    assert near(image, COLOUR, 0)
    with pytest.raises(ReadError):
        files.read(head + b"\0\3" + body[:-100])


def test_colours_that_do_not_lie_on_white_stay() -> None:
    planes = np.moveaxis(LAYERED, 2, 0)
    head = b"8BPS" + struct.pack(">H6xHIIHH", 1, 4, 48, 64, 8, 3) + bytes(8)
    image = read(head + struct.pack(">IIh", 6, 2, -1) + b"\0\0" + planes.tobytes())
    assert image.alpha is not None
    assert near(image, COLOUR, 0)


# ---- others


def test_a_targa_whose_fourth_channel_is_filling(saved: Saved) -> None:
    data = bytearray(saved(PIL.Image.fromarray(LAYERED), "TGA"))
    assert read(bytes(data)).alpha is not None
    data[17] &= 0xF0
    image = read(bytes(data))
    assert image.alpha is None
    assert near(image, COLOUR, 0)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("most", [255, 65535])
def test_netpbm_of_any_channels(channels: int, most: int) -> None:
    samples = LAYERED if channels == 4 else COLOUR if channels == 3 else np.dstack([COLOUR[:, :, 0], ALPHA])
    samples = samples[:, :, :channels]
    head = f"P7\nWIDTH 64\n# said so\nHEIGHT 48\nDEPTH {channels}\nMAXVAL {most}\nTUPLTYPE ANY\nENDHDR\n".encode()
    body = samples if most == 255 else samples.astype(np.uint16) * np.uint16(257)
    data = head + body.astype(">u2" if most > 255 else "u1").tobytes()
    image = read(data)
    assert near(image, COLOUR if channels > 2 else COLOUR[:, :, :1], 0)
    assert (image.alpha is not None) == (channels % 2 == 0)
    for cut in (data[:-1], head[:20], head.replace(b"64", b"0"), head.replace(b"DEPTH", b"DEPT")):
        with pytest.raises(ReadError):
            files.read(cut)


@pytest.mark.parametrize("colour", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
def test_floating_netpbm(order: str, colour: bool) -> None:
    wanted = COLOUR if colour else COLOUR[:, :, :1]
    head = f"P{'F' if colour else 'f'}\n64 48\n{'-' if order == '<' else ''}1.0\n".encode()
    data = head + (wanted[::-1] / 255).astype(f"{order}f4").tobytes()
    image = read(data)
    assert image.depth == np.float32
    assert near(image, wanted, 0)
    with pytest.raises(ReadError, match="cut off"):
        files.read(data[:-1])


@pytest.mark.parametrize("text", [b"P3 1 1 255 -5 1 1", b"P2 1 1 255 x", b"P2 1 1 255 1.5"])
def test_what_is_no_number_is_damage(text: bytes) -> None:
    with pytest.raises(ReadError):
        files.read(text)


def test_numbers_above_the_maximum_are_white() -> None:
    assert read(b"P3 1 1 255 999 99999 1").pixels.tolist() == [[[255, 255, 1]]]


def test_a_qoi_is_whole_without_its_end_mark_and_cut_off_without_a_pixel() -> None:
    data = bytes(imagecodecs.qoi_encode(COLOUR))
    assert near(read(data[:-8]), COLOUR, 0)
    for cut in (len(data) // 2, len(data) - 12):
        with pytest.raises(ReadError, match="cut off"):
            files.read(data[:cut])


@pytest.mark.parametrize("kind", ["JXL", "AVIF"])
@pytest.mark.parametrize("share", [0.5, 0.95])
def test_younger_formats_that_are_cut_off_are_called_so(kind: str, share: float, saved: Saved) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (96, 96, 3)).astype(np.uint8)
    data = imagecodecs.jpegxl_encode(noise) if kind == "JXL" else saved(PIL.Image.fromarray(noise), "AVIF")
    with pytest.raises(ReadError, match="cut off"):
        files.read(data[: int(len(data) * share)])


@pytest.mark.parametrize(
    ("start", "words"),
    [
        (b"<!DOCTYPE html><html>", "a web page"),
        (b"<!-- made by hand --><svg/>", "SVG"),
        (b"\xc5\xd0\xd3\xc6", "PostScript"),
        (b"Rar!\x1a\7", "an archive"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "sound without pictures"),
        (b"CSFCHUNK", "Clip Studio"),
        (b"IIRO\x08\0\0\0", "raw file"),
        (b"\xff\xd8\xff\xf7\0\x0b\x08\0\1\0\1\1\1\x11\0", "medicine or measuring"),
        (b"\x89PNG\r\n\x1a\n" + chunk(b"CgBI", bytes(4)) + chunk(b"IHDR", bytes(13)), "Apple's form"),
    ],
)
def test_strangers_are_called_what_they_are(start: bytes, words: str) -> None:
    with pytest.raises(ReadError, match=words):
        files.read(start + bytes(60))
