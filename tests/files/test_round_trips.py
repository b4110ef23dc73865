"""Pictures of every mode survive every format that can hold them; independent readers agree."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import imagecodecs
import numpy as np
import PIL.Image
import pytest
import tifffile
from numpy.typing import NDArray

from senga import files
from senga.errors import WriteError
from senga.image import Image, to_depth

Grain = Callable[..., NDArray[Any]]
Saved = Callable[..., bytes]
SIZES = [(1, 1), (13, 17), (3, 700)]


def same(one: Image, other: Image) -> None:
    np.testing.assert_array_equal(one.pixels, other.pixels)
    assert one.depth == other.depth
    assert one.grey == other.grey
    assert (one.alpha is None) == (other.alpha is None)
    if one.alpha is not None and other.alpha is not None:
        np.testing.assert_array_equal(one.alpha, other.alpha)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize(
    ("kind", "depth"), [("png", "uint8"), ("png", "uint16"), *(("tif", d) for d in ("uint8", "uint16", "float32"))]
)
def test_lossless_formats_keep_every_sample(
    kind: str, depth: str, channels: int, size: tuple[int, int], grain: Grain
) -> None:
    picture = Image.of(grain(*size, channels, depth))
    back = files.read(files.encode(picture, kind))
    assert isinstance(back, Image)
    same(picture, back)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize(("kind", "quality"), [("webp", 100), ("bmp", None)])
def test_lossless_eight_bit_formats(
    kind: str, quality: int | None, channels: int, size: tuple[int, int], grain: Grain
) -> None:
    picture = Image.of(grain(*size, channels))
    back = files.read(files.encode(picture, kind, quality=quality))
    assert isinstance(back, Image)
    expected = picture if kind == "webp" else Image.of(PIL.Image.open(io.BytesIO(files.encode(picture, kind))))
    np.testing.assert_array_equal(back.pixels, expected.pixels)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("depth", ["uint8", "uint16", "float32"])
def test_another_reader_sees_the_same_tiff(depth: str, channels: int, grain: Grain) -> None:
    samples = grain(31, 19, channels, depth)
    seen = tifffile.imread(io.BytesIO(files.encode(Image.of(samples), "tif")))
    np.testing.assert_array_equal(seen.reshape(samples.shape), samples)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("depth", ["uint8", "uint16"])
def test_another_reader_sees_the_same_png(depth: str, channels: int, grain: Grain) -> None:
    samples = grain(31, 19, channels, depth)
    data = files.encode(Image.of(samples), "png")
    np.testing.assert_array_equal(imagecodecs.png_decode(data).reshape(samples.shape), samples)
    with PIL.Image.open(io.BytesIO(data)) as pil:
        pil.load()
        if depth == "uint8":
            np.testing.assert_array_equal(np.asarray(pil).reshape(samples.shape), samples)


@pytest.mark.parametrize("kind", ["jpg", "webp", "avif"])
def test_lossy_formats_stay_close(kind: str, picture: Callable[..., Image]) -> None:
    before = picture(64, 80)
    after = files.read(files.encode(before, kind))
    assert isinstance(after, Image)
    assert np.abs(after.float() - to_depth(before.u8(), np.float32)).mean() < 0.02


def test_jpeg_keeps_the_full_colour_resolution(grain: Grain) -> None:
    data = files.encode(Image.of(grain(16, 16, 3)), "jpg")
    with PIL.Image.open(io.BytesIO(data)) as pil:
        assert {layer[1:3] for layer in pil.layer} == {(1, 1)}  # type: ignore[attr-defined]


def test_a_grey_picture_is_one_channel_until_it_gets_colour(grain: Grain) -> None:
    grey = Image.of(grain(9, 9, 1))
    coloured = grey.with_pixels(grain(9, 9, 3))
    for kind, single in (("png", "L"), ("jpg", "L"), ("tif", "L")):
        for image, mode in ((grey, single), (coloured, "RGB")):
            with PIL.Image.open(io.BytesIO(files.encode(image, kind))) as pil:
                assert pil.mode == mode


def test_depth_that_a_format_lacks_is_rounded(grain: Grain) -> None:
    floating = Image.of(grain(9, 9, 3, "float32"))
    png = files.read(files.encode(floating, "png"))
    assert isinstance(png, Image)
    np.testing.assert_array_equal(png.pixels, to_depth(floating.pixels, np.uint16))
    bmp = files.read(files.encode(floating, "bmp"))
    assert isinstance(bmp, Image)
    np.testing.assert_array_equal(bmp.pixels, to_depth(floating.pixels, np.uint8))


@pytest.mark.parametrize("depth", ["uint8", "uint16", "float32"])
def test_transparency_goes_over_white_where_there_is_none(depth: str) -> None:
    full = {"uint8": 255, "uint16": 65535, "float32": 1}[depth]
    samples = np.zeros((8, 24, 4), depth)
    samples[:, 8:16, 3] = full / 2
    samples[:, 16:, 3] = full
    back = files.read(files.encode(Image.of(samples), "bmp"))
    assert isinstance(back, Image)
    assert back.alpha is None
    assert back.pixels[4, 0].tolist() == [255] * 3
    assert abs(int(back.pixels[4, 12, 0]) - 127) <= 1
    assert back.pixels[4, 20].tolist() == [0] * 3


def test_a_gif_of_few_colours_is_exact_and_its_holes_are_holes(grain: Grain) -> None:
    colours = grain(1, 40, 3)[0]
    samples = np.dstack([colours[grain(20, 30, 1)[:, :, 0] % 40], np.full((20, 30), 255, np.uint8)])
    samples[3:6, 4:9, 3] = 0
    back = files.read(files.encode(Image.of(samples), "gif"))
    assert isinstance(back, Image)
    assert back.alpha is not None
    np.testing.assert_array_equal(back.alpha, samples[:, :, 3])
    np.testing.assert_array_equal(back.pixels[back.alpha > 0], samples[:, :, :3][back.alpha > 0])


MODES = ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "RGBX", "RGBa", "La", "PA", "HSV"]


@pytest.mark.parametrize("mode", MODES)
def test_pillow_pictures_of_every_mode_mean_what_pillow_says(mode: str, grain: Grain) -> None:
    pil = (
        PIL.Image.fromarray(grain(300, 7, 4)).convert("RGB").convert(mode)
        if mode in ("CMYK", "YCbCr", "HSV", "1", "RGBX")
        else None
    )
    pil = pil or PIL.Image.fromarray(grain(300, 7, 4)).convert({"La": "LA", "PA": "P"}.get(mode, mode)).convert(mode)
    image = Image.of(pil)
    has_alpha = mode in ("LA", "RGBA", "RGBa", "La", "PA")
    plain = pil.convert("LA") if mode == "La" else pil
    expected = np.asarray(plain.convert("RGBA" if has_alpha else "RGB"))
    assert np.abs(image.pixels.astype(int) - expected[:, :, :3]).max() <= (1 if mode == "CMYK" else 0)
    assert image.grey == (mode in ("1", "L", "LA", "La"))
    assert (image.alpha is not None) == has_alpha
    if image.alpha is not None:
        np.testing.assert_array_equal(image.alpha, expected[:, :, 3])


def test_single_channel_modes_of_more_bits(grain: Grain) -> None:
    sixteen = grain(9, 9, 1, "uint16")[:, :, 0]
    image = Image.of(PIL.Image.fromarray(sixteen))
    np.testing.assert_array_equal(image.pixels[:, :, 1], sixteen)
    floating = grain(9, 9, 1, "float32")[:, :, 0]
    np.testing.assert_array_equal(Image.of(PIL.Image.fromarray(floating)).pixels[:, :, 1], floating)


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_palettes_with_transparency(kind: str, grain: Grain, saved: Saved) -> None:
    pil = PIL.Image.fromarray(grain(9, 9, 3)).quantize(16)
    image = files.read(saved(pil, kind, transparency=3))
    assert isinstance(image, Image)
    assert image.alpha is not None
    np.testing.assert_array_equal(image.alpha == 0, np.asarray(pil) == 3)
    np.testing.assert_array_equal(image.pixels[image.alpha > 0], np.asarray(pil.convert("RGB"))[image.alpha > 0])


@pytest.mark.parametrize("kind", ["PPM", "TGA", "ICO", "JPEG2000", "PCX", "SGI", "DDS", "QOI", "BMP"])
def test_what_pillow_reads_besides(kind: str, grain: Grain, saved: Saved) -> None:
    pil = PIL.Image.fromarray(grain(16, 16, 3))
    options = {"ICO": {"sizes": [(16, 16)]}, "JPEG2000": {"irreversible": False}}.get(kind, {})
    image = files.read(saved(pil, kind, **options))
    assert isinstance(image, Image)
    np.testing.assert_array_equal(image.pixels, np.asarray(pil))


def test_an_animation_format_refuses_a_still_and_the_reverse(grain: Grain) -> None:
    with pytest.raises(WriteError, match="MP4 cannot hold a single picture"):
        files.encode(Image.of(grain(4, 4, 3)), "mp4")


def test_formats_tell_the_truth(grain: Grain) -> None:
    picture = Image.of(grain(8, 8, 4, "float32"))
    for each in files.formats():
        if each.writes and each.still:
            back = files.read(files.encode(picture, each.endings[0]))
            assert isinstance(back, Image)
            assert back.info.format == each.name
            assert (back.alpha is not None) == each.alpha
            assert back.depth.itemsize * 8 == each.bits


def test_the_preview_is_small(grain: Grain) -> None:
    with PIL.Image.open(io.BytesIO(files.preview_png(Image.of(grain(300, 50, 3)), 100))) as pil:
        assert pil.size == (17, 100)
