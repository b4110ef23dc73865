"""Colours mean the same before and after, whatever profile a file carries."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import PIL.Image
import PIL.ImageCms
import pytest
from numpy.typing import NDArray

from senga import files
from senga.files.color_profile import from_srgb, is_srgb, to_srgb
from senga.image import Image, Metadata

Grain = Callable[..., NDArray[Any]]
Saved = Callable[..., bytes]
Profiles = dict[str, bytes]
WITH_PROFILE = ["png", "jpg", "tif", "webp", "avif"]


def read(data: bytes) -> Image:
    image = files.read(data)
    assert isinstance(image, Image)
    return image


def srgb_curve(linear: NDArray[Any]) -> NDArray[Any]:
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * np.maximum(linear, 0) ** (1 / 2.4) - 0.055)


def test_colours_of_a_wide_profile_are_converted_by_the_book(profiles: Profiles) -> None:
    """Display P3 with gamma 2.2 to sRGB: the matrix from the standards' primaries (both with white D65)."""
    matrix = [[1.2249, -0.2247, 0.0], [-0.0420, 1.0419, 0.0], [-0.0197, -0.0786, 1.0979]]
    seen = np.array([[[0.5, 0.4, 0.6], [0.2, 0.5, 0.3], [0.9, 0.9, 0.9]]], np.float32)
    expected = srgb_curve((seen.astype(float) ** (563 / 256)) @ np.transpose(matrix))
    np.testing.assert_allclose(to_srgb(seen, profiles["p3"]), expected, atol=0.004)


@pytest.mark.parametrize("name", ["p3", "adobe"])
@pytest.mark.parametrize(("depth", "steps"), [("uint8", 1), ("uint16", 2)])
@pytest.mark.parametrize("kind", ["png", "tif"])
def test_a_file_comes_back_in_its_own_colours(
    kind: str, depth: str, steps: int, name: str, profiles: Profiles, grain: Grain
) -> None:
    """In the colours that sRGB holds as well: out into the profile, read, written, read raw."""
    inside = from_srgb(grain(40, 50, 3, depth), profiles[name])
    stored = Image.of(inside)  # without a profile nothing is converted
    tagged = _with_raw_profile(stored, kind, profiles[name])
    first = read(tagged)
    assert first.info.icc == profiles[name]
    assert np.abs(first.pixels.astype(int) - inside).max() > 5
    again = _raw(files.encode(first, kind), kind)
    assert np.abs(again.astype(int) - inside).max() <= steps


def _with_raw_profile(image: Image, kind: str, profile: bytes) -> bytes:
    """Samples as they are, with a profile beside them."""
    in_srgb = replace(image, pixels=to_srgb(image.pixels, profile), info=Metadata(icc=profile))
    if image.depth == np.uint16:
        return files.encode(in_srgb, kind)
    stream = io.BytesIO()
    PIL.Image.fromarray(image.pixels).save(stream, {"png": "PNG", "tif": "TIFF"}[kind], icc_profile=profile)
    return stream.getvalue()


def _raw(data: bytes, kind: str) -> NDArray[Any]:
    import imagecodecs
    import tifffile

    return np.asarray(imagecodecs.png_decode(data) if kind == "png" else tifffile.imread(io.BytesIO(data)))


def test_floating_pictures_keep_colours_beyond_srgb(profiles: Profiles) -> None:
    wide = np.array([[[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]], np.float32)
    there = to_srgb(wide, profiles["p3"])
    assert there.min() < 0 or there.max() > 1
    np.testing.assert_allclose(from_srgb(there, profiles["p3"]), wide, atol=1e-3)


def test_small_pictures_are_right_in_sixteen_bits(profiles: Profiles, grain: Grain) -> None:
    """The shortcuts of the colour library are off by thousands of steps; they must not be taken."""
    deep = grain(30, 30, 3, "uint16")
    exact = to_srgb((deep / 65535).astype(np.float32), profiles["p3"])
    assert np.abs(to_srgb(deep, profiles["p3"]) / 65535 - np.clip(exact, 0, 1)).max() < 2e-4


def test_srgb_in_any_dress_leaves_the_samples_alone(grain: Grain, saved: Saved) -> None:
    dress = PIL.ImageCms.ImageCmsProfile(PIL.ImageCms.createProfile("sRGB")).tobytes()
    assert is_srgb(dress)
    samples = grain(20, 20, 3)
    image = read(saved(PIL.Image.fromarray(samples), "PNG", icc_profile=dress))
    np.testing.assert_array_equal(image.pixels, samples)
    assert image.info.icc == dress


@pytest.mark.parametrize("kind", WITH_PROFILE)
def test_the_profile_is_written_and_its_colours_with_it(kind: str, profiles: Profiles) -> None:
    flat = replace(Image.of(np.full((32, 32, 3), (180, 90, 60), np.uint8)), info=Metadata(icc=profiles["adobe"]))
    data = files.encode(flat, kind)
    with PIL.Image.open(io.BytesIO(data)) as pil:
        assert pil.info["icc_profile"] == profiles["adobe"]
        stored = np.asarray(pil.convert("RGB"))[16, 16].astype(int)
    expected = from_srgb(flat.pixels[:1, :1], profiles["adobe"])[0, 0].astype(int)
    assert np.abs(stored - expected).max() <= 3
    assert np.abs(expected - [180, 90, 60]).max() > 5
    assert np.abs(read(data).pixels[16, 16].astype(int) - [180, 90, 60]).max() <= 4


@pytest.mark.parametrize("depth", ["uint8", "uint16"])
def test_grey_pictures_have_grey_profiles(depth: str, profiles: Profiles, grain: Grain) -> None:
    grey = replace(Image.of(grain(20, 20, 1, depth)), info=Metadata(icc=profiles["grey"]))
    back = read(files.encode(grey, "png"))
    assert back.grey
    assert back.info.icc == profiles["grey"]
    step = 2 if depth == "uint8" else 60
    assert np.abs(back.pixels.astype(int) - grey.pixels).max() <= step
    coloured = replace(grey, pixels=grain(20, 20, 3, depth))
    again = read(files.encode(coloured, "png"))
    np.testing.assert_array_equal(again.pixels, coloured.pixels)
    assert again.info.icc is not None
    assert is_srgb(again.info.icc)


def test_ink_is_read_through_its_profile_and_written_as_srgb(profiles: Profiles, saved: Saved) -> None:
    ink = PIL.Image.new("CMYK", (3, 1))
    ink.putdata([(0, 0, 0, 0), (255, 0, 0, 0), (0, 0, 0, 255)])
    for kind in ("TIFF", "JPEG"):
        options = {"quality": 100} if kind == "JPEG" else {}
        image = read(saved(ink, kind, icc_profile=profiles["cmyk"], **options))
        white, cyan, black = image.pixels[0].astype(int)
        assert white.min() > 245
        assert black.max() < 12
        # Lab (50, -50, 0) relative to D50 is about sRGB (0, 140, 120): a green that plain subtraction never makes.
        assert cyan[0] < 30
        assert abs(cyan[1] - 139) < 12
        assert abs(cyan[2] - 120) < 12
        again = read(files.encode(image, "tif"))
        np.testing.assert_array_equal(again.pixels, image.pixels)
        assert again.info.icc is not None
        assert is_srgb(again.info.icc)


def test_ink_without_a_profile(saved: Saved) -> None:
    ink = PIL.Image.new("CMYK", (1, 1), (255, 128, 0, 51))
    assert read(saved(ink, "TIFF")).pixels[0, 0].tolist() == [0, 102, 204]


@pytest.mark.parametrize("damage", ["short", "zeros", "ink", "noise"])
def test_a_wrong_profile_is_ignored_with_a_note(
    damage: str, profiles: Profiles, grain: Grain, saved: Saved, caplog: pytest.LogCaptureFixture
) -> None:
    whole = profiles["p3"]
    bad = {
        "short": whole[:90],
        "zeros": whole[:128] + bytes(len(whole) - 128),
        "ink": profiles["cmyk"],
        "noise": b"x" * 500,
    }
    samples = grain(6, 6, 3)
    with caplog.at_level(logging.WARNING, "senga.files"):
        image = read(saved(PIL.Image.fromarray(samples), "PNG", icc_profile=bad[damage]))
    np.testing.assert_array_equal(image.pixels, samples)
    assert image.info.icc is None
    assert "profile" in caplog.text


def test_gif_and_bmp_have_no_profile_and_are_srgb(profiles: Profiles) -> None:
    flat = replace(Image.of(np.full((8, 8, 3), (180, 90, 60), np.uint8)), info=Metadata(icc=profiles["adobe"]))
    for kind in ("gif", "bmp"):
        assert read(files.encode(flat, kind)).pixels[0, 0].tolist() == [180, 90, 60]
