"""TIFF as other programs write it."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import PIL.Image
import pytest
import tifffile
from numpy.typing import NDArray

from senga import files
from senga.errors import ReadError
from senga.image import Image

Grain = Callable[..., NDArray[Any]]
Saved = Callable[..., bytes]


def written(samples: NDArray[Any], **options: Any) -> bytes:
    stream = io.BytesIO()
    options.setdefault("photometric", "rgb" if samples.ndim == 3 else "minisblack")
    tifffile.imwrite(stream, samples, **options)
    return stream.getvalue()


def read(data: bytes) -> Image:
    image = files.read(data)
    assert isinstance(image, Image)
    return image


@pytest.mark.parametrize("compression", [None, "lzw", "zlib", "zstd", "packbits", "lzma"])
@pytest.mark.parametrize("layout", [{}, {"tile": (32, 16)}, {"rowsperstrip": 5}, {"byteorder": ">"}, {"bigtiff": True}])
def test_layouts_and_compressions(compression: str | None, layout: dict[str, Any], grain: Grain) -> None:
    samples = grain(45, 37, 3, "uint16")
    image = read(written(samples, compression=compression, **layout))
    np.testing.assert_array_equal(image.pixels, samples)
    assert image.pixels.dtype.isnative


def test_colour_planes_stored_apart(grain: Grain) -> None:
    samples = grain(20, 30, 4)
    data = written(np.moveaxis(samples, 2, 0), planarconfig="separate", photometric="rgb", extrasamples=("unassalpha",))
    image = read(data)
    np.testing.assert_array_equal(image.pixels, samples[:, :, :3])
    np.testing.assert_array_equal(image.alpha, samples[:, :, 3])


@pytest.mark.parametrize("depth", ["float16", "float32", "float64"])
def test_floating_numbers_stay_floating(depth: str, grain: Grain) -> None:
    samples = (grain(9, 8, 3, "float32") * 3 - 1).astype(depth)
    image = read(written(samples))
    np.testing.assert_array_equal(image.pixels, samples.astype(np.float32))


def test_thirty_two_bit_integers_become_floating() -> None:
    samples = np.array([[0, 2**31, 2**32 - 1]], np.uint32)
    np.testing.assert_allclose(read(written(samples)).pixels[0, :, 0], [0, 0.5, 1], atol=1e-6)


def test_white_is_zero(grain: Grain) -> None:
    samples = grain(9, 8, 1)[:, :, 0]
    np.testing.assert_array_equal(read(written(samples, photometric="miniswhite")).pixels[:, :, 0], 255 - samples)


def test_multiplied_alpha_is_divided_again() -> None:
    samples = np.zeros((2, 3, 4), np.uint16)
    samples[...] = (10000, 20000, 30000, 32768)
    image = read(written(samples, extrasamples=("assocalpha",)))
    assert np.abs(image.pixels.astype(int) - [20000, 39999, 59999]).max() <= 1
    np.testing.assert_array_equal(image.alpha, samples[:, :, 3])


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "LAB", "YCbCr"])
@pytest.mark.parametrize("compression", [None, "tiff_lzw"])
def test_every_mode_looks_as_in_pillow(mode: str, compression: str | None, grain: Grain, saved: Saved) -> None:
    base = PIL.Image.fromarray(grain(21, 17, 3))
    pil = PIL.Image.frombytes("LAB", base.size, base.tobytes()) if mode == "LAB" else base.convert(mode)
    image = read(saved(pil, "TIFF", compression=compression))
    np.testing.assert_allclose(image.pixels, Image.of(pil).pixels, atol=1)
    assert image.grey == (mode in ("1", "L", "LA"))


@pytest.mark.parametrize("compression", ["group3", "group4"])
def test_fax(compression: str, grain: Grain, saved: Saved) -> None:
    pil = PIL.Image.fromarray(grain(21, 17, 1)[:, :, 0]).convert("1")
    np.testing.assert_array_equal(
        read(saved(pil, "TIFF", compression=compression)).pixels[:, :, 0] > 0, np.asarray(pil)
    )


@pytest.mark.parametrize("mode", ["RGB", "YCbCr", "L", "CMYK"])
def test_jpeg_inside(mode: str, saved: Saved, picture: Callable[..., Image]) -> None:
    pil = picture(64, 80).pil().convert(mode)
    image = read(saved(pil, "TIFF", compression="jpeg", quality=95))
    assert np.abs(image.pixels.astype(int) - Image.of(pil).pixels).mean() < 6


def test_the_first_page_counts_and_thumbnails_do_not(grain: Grain) -> None:
    small, first, second = grain(4, 4, 3), grain(30, 20, 3), grain(20, 30, 3)
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream) as tiff:
        tiff.write(small, photometric="rgb", subfiletype=1)
        tiff.write(first, photometric="rgb")
        tiff.write(second, photometric="rgb")
    np.testing.assert_array_equal(read(stream.getvalue()).pixels, first)


def test_raw_files_and_signed_numbers_are_refused(grain: Grain) -> None:
    raw = written(grain(9, 9, 3), extratags=[(50706, 1, 4, b"\1\4\0\0", True)])
    with pytest.raises(ReadError, match="raw file"):
        files.read(raw)
    with pytest.raises(ReadError, match="unusual numbers"):
        files.read(written(np.zeros((4, 4), np.int16)))


def test_a_cut_off_strip_is_noticed(grain: Grain) -> None:
    data = written(grain(90, 80, 3))
    with pytest.raises(ReadError, match="cut off"):
        files.read(data[:-4000])
