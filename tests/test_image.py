from __future__ import annotations

import base64
import io
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import ArrayLike

import senga
from senga import Animation, Frame, Image, Layer, Metadata, preview
from senga.compose import Blend, feathered
from senga.face import mask_of
from senga.image import to_depth


@given(st.integers(0, 65535))
def test_eight_bits_survive_a_trip_through_every_depth(value: int) -> None:
    byte = np.array([[value % 256]], np.uint8)
    for depth in (np.uint16, np.float32):
        assert to_depth(to_depth(byte, depth), np.uint8) == byte
    word = np.array([[value]], np.uint16)
    assert to_depth(to_depth(word, np.float32), np.uint16) == word


def test_full_scale_means_white_in_every_depth() -> None:
    white = [np.array([[255]], np.uint8), np.array([[65535]], np.uint16), np.array([[1.0]], np.float32)]
    for source in white:
        for target in white:
            assert to_depth(source, target.dtype) == target


def test_floats_beyond_the_range_are_clipped_and_nan_is_black() -> None:
    values = np.array([[-1.0, 0.5, 7.0, np.nan]], np.float32)
    assert to_depth(values, np.uint8).tolist() == [[0, 128, 255, 0]]


@pytest.mark.parametrize(("shape", "grey", "has_alpha"), [
    ((4, 5), True, False),
    ((4, 5, 1), True, False),
    ((4, 5, 2), True, True),
    ((4, 5, 3), False, False),
    ((4, 5, 4), False, True),
])  # fmt: skip
def test_arrays_become_pictures_and_back(
    rng: np.random.Generator, shape: tuple[int, ...], grey: bool, has_alpha: bool
) -> None:
    array = rng.integers(0, 256, shape, dtype=np.uint8)
    image = Image.of(array)
    assert image.grey is grey
    assert (image.alpha is not None) is has_alpha
    back = np.asarray(image)
    assert np.array_equal(back[:, :, -1], array.reshape(4, 5, -1)[:, :, -1])


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK"])
def test_pil_pictures_come_and_go(mode: str) -> None:
    pil = PIL.Image.new("RGBA", (7, 5), (10, 200, 30, 128)).convert(mode)
    image = Image.of(pil)
    assert (image.height, image.width) == (5, 7)
    assert image.pil().size == (7, 5)


def test_a_grey_picture_costs_one_channel() -> None:
    image = Image.of(np.zeros((100, 100), np.uint8))
    assert image.pixels.strides[2] == 0


@pytest.mark.parametrize("array", [np.zeros((0, 4, 3), np.uint8), np.zeros((2, 2, 5), np.uint8), np.zeros(3, np.uint8)])
def test_what_is_no_picture_is_refused(array: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"picture|pixels"):
        Image.of(array)


def test_other_numbers_are_refused() -> None:
    with pytest.raises(TypeError, match="int64"):
        Image(np.zeros((2, 2, 3), np.int64))


def test_a_notebook_shows_it(rng: np.random.Generator) -> None:
    png = Image.of(rng.integers(0, 256, (9, 8, 4), dtype=np.uint8))._repr_png_()
    assert png.startswith(b"\x89PNG")


def moving(count: int, seconds: float = 0.0) -> Animation:
    def frames() -> Iterator[Frame]:
        for number in range(count):
            time.sleep(seconds)
            yield Frame(Image(np.full((60, 900, 3), number, np.uint8)), 0.1)

    return Animation(frames, 60, 900, count)


RAMP = np.linspace(0, 255, 12 * 10).reshape(10, 12).round()
NATURAL = RAMP.copy() + 0.25

ARRAYS = {
    "u8": RAMP.astype(np.uint8),
    "u16": (RAMP * 257).astype(np.uint16),
    "big endian": (RAMP * 257).astype(">u2"),
    "int64": RAMP.astype(np.int64),
    "uint32": RAMP.astype(np.uint32),
    "int32 of 16 bits": (RAMP * 257).astype(np.int32),
    "f8 to 1": RAMP / 255,
    "f2 to 1": (RAMP / 255).astype(np.float16),
    "f4 to 255": RAMP.astype(np.float32),
    "f8 to 255": RAMP,
    "f8 to 255, not whole": np.clip(NATURAL, 0, 255),
    "big endian floats": (RAMP / 255).astype(">f8"),
    "a list": RAMP.astype(int).tolist(),
    "one channel": RAMP[:, :, None].astype(np.uint8),
    "three channels": np.repeat(RAMP[:, :, None], 3, axis=2).astype(np.uint8),
    "every second pixel": np.repeat(np.repeat(RAMP, 2, axis=0), 2, axis=1).astype(np.uint8)[::2, ::2],
    "upside down twice": RAMP.astype(np.uint8)[::-1].copy()[::-1],
    "channels turned about": np.repeat(RAMP[:, :, None], 3, axis=2).astype(np.uint8)[:, :, ::-1],
    "Fortran": np.asfortranarray(RAMP.astype(np.uint8)),
    "alpha": np.dstack([RAMP, np.full_like(RAMP, 255)]).astype(np.uint8),
}


@pytest.mark.parametrize("array", ARRAYS.values(), ids=list(ARRAYS))
def test_arrays_of_any_type_are_the_same_picture(array: ArrayLike) -> None:
    image = Image.of(array)
    assert np.abs(image.float()[:, :, 0] * 255 - RAMP).max() < 1
    assert all(step >= 0 for step in image.pixels.strides)
    senga.apply("sketch", array)


WRONG = {
    "negative": (np.full((4, 4), -3), "from -3 to -3"),
    "too large": (np.full((4, 4), 70_000), "70000"),
    "floats of 16 bits": (np.full((4, 4), 40_000.0), "divide them by their white"),
    "channels first": (np.zeros((3, 64, 48)), r"transpose\(1, 2, 0\)"),
    "a batch": (np.zeros((2, 8, 8, 3)), "one picture of them"),
    "no picture": (np.zeros(5), "a picture is"),
    "empty": (np.zeros((0, 5, 3)), "empty"),
    "words": (np.array([["a", "b"]]), "made of numbers"),
    "complex": (np.zeros((4, 4), complex), "made of numbers"),
    "objects": (np.full((4, 4), None), "made of numbers"),
}


@pytest.mark.parametrize(("array", "says"), WRONG.values(), ids=list(WRONG))
def test_arrays_that_are_no_pictures_are_told_in_a_sentence(array: ArrayLike, says: str) -> None:
    with pytest.raises((ValueError, TypeError), match=says):
        Image.of(array)


def test_samples_of_a_host_are_never_rescaled() -> None:
    assert Image.of_samples(np.full((2, 2, 4), 200, np.float32)).pixels.max() == 200


@pytest.mark.parametrize("thing", [None, 5, object, b"x", moving(2)], ids=str)
def test_what_is_no_array_is_told_by_its_type(thing: object) -> None:
    with pytest.raises(TypeError, match=f"not {type(thing).__name__}"):
        Image.of(thing)  # type: ignore[arg-type]


def test_the_content_of_a_file_is_taken_too(tmp_path: Path) -> None:
    content = Image.of(RAMP.astype(np.uint8)).save(tmp_path / "photo.png").read_bytes()
    for source in (content, io.BytesIO(content)):
        assert senga.apply("sketch", source).width == 12


def test_wide_floats_stay_wide() -> None:
    wide = np.full((9, 9, 3), 0.5)
    wide[0, 0], wide[1, 1], wide[2, 2] = 30.5, -0.3, np.nan
    kept = Image.of(wide).pixels
    assert kept[0, 0, 0] == 30.5
    assert kept[1, 1, 0] == np.float32(-0.3)
    assert np.isnan(kept[2, 2, 0])


GREY = PIL.Image.fromarray(RAMP.astype(np.uint8))
MODES = ["1", "L", "P", "PA", "LA", "La", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "HSV", "I", "I;16", "F"]


@pytest.mark.parametrize("mode", MODES)
def test_pillow_pictures_of_any_mode_are_the_same_picture(mode: str) -> None:
    over = {"La": "LA", "PA": "LA", "RGBa": "RGBA", "YCbCr": "RGB", "HSV": "RGB", "RGBX": "RGB", "CMYK": "RGB"}
    image = Image.of(GREY.convert(over.get(mode, mode)).convert(mode))
    exact = np.asarray(GREY.convert("1")) * 255.0 if mode == "1" else RAMP
    assert np.abs(image.float()[:, :, 1] * 255 - exact).max() < 3


def test_pillow_pictures_of_lab_and_of_floats_to_one() -> None:
    from PIL import ImageCms

    profiles = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    lab = ImageCms.profileToProfile(GREY.convert("RGB"), *profiles, outputMode="LAB")
    assert np.abs(Image.of(lab).float()[:, :, 1] * 255 - RAMP).max() < 4
    unit = PIL.Image.fromarray((RAMP / 255).astype(np.float32))
    assert np.abs(Image.of(unit).float()[:, :, 1] * 255 - RAMP).max() < 1


INNER = np.zeros((10, 12), bool)
INNER[2:8, 3:9] = True
MASKS = {
    "bool": INNER,
    "int of 0 and 1": INNER.astype(int),
    "u8 of 0 and 1": INNER.astype(np.uint8),
    "u8": INNER.astype(np.uint8) * 255,
    "u16": INNER.astype(np.uint16) * 65535,
    "float64": INNER.astype(float),
    "float32 to 255": INNER.astype(np.float32) * 255,
    "int64 to 255": INNER.astype(int) * 255,
    "one channel": INNER[:, :, None],
    "three channels": np.repeat(INNER[:, :, None], 3, axis=2),
    "a list": INNER.tolist(),
    "turned": INNER[::-1, ::-1].copy()[::-1, ::-1],
    "NaN outside": np.where(INNER, 1.0, np.nan),
    "Pillow 1": PIL.Image.fromarray(INNER),
    "Pillow L": PIL.Image.fromarray(INNER.astype(np.uint8) * 255),
    "Pillow L of 0 and 1": PIL.Image.fromarray(INNER.astype(np.uint8)),
    "Pillow F": PIL.Image.fromarray(INNER.astype(np.float32)),
    "Pillow RGBA": PIL.Image.fromarray(INNER.astype(np.uint8) * 255).convert("RGBA"),
    "Pillow P": PIL.Image.fromarray(INNER.astype(np.uint8) * 255).convert("P"),
    "Image": Image.of(INNER),
}


@pytest.mark.parametrize("mask", MASKS.values(), ids=list(MASKS))
def test_selections_of_any_type_select_the_same(mask: object) -> None:
    assert np.allclose(feathered(mask_of(mask), 0), INNER)  # type: ignore[arg-type]


def test_a_path_is_accepted_where_a_picture_is(tmp_path: Path) -> None:
    Image.of(RAMP.astype(np.uint8)).save(tmp_path / "photo.png")
    Image.of(INNER).save(tmp_path / "mask.png")
    photo, mask = tmp_path / "photo.png", tmp_path / "mask.png"
    assert Image.of(photo).width == 12
    by_path = senga.apply("sketch", str(photo), selection=mask)
    by_value = senga.apply("sketch", RAMP.astype(np.uint8), selection=INNER)
    assert np.array_equal(by_path.pixels, by_value.pixels)


@pytest.mark.parametrize("mask", [np.zeros(5), np.zeros((3, 4, 5, 6)), np.full((4, 4), -1), np.zeros((0, 4))])
def test_arrays_that_are_no_selections_are_told_in_a_sentence(mask: np.ndarray) -> None:  # type: ignore[type-arg]
    with pytest.raises(ValueError, match=r"selection|picture"):
        mask_of(mask)


def test_what_is_printed_is_one_line() -> None:
    info = Metadata(icc=bytes(5000), source=Path("a\nb.png"))
    things = [Image(np.zeros((500, 400, 3), np.uint8), info=info), moving(3), info, Blend(selection=INNER)]
    for thing in [*things, Layer("x", Image.of(RAMP)), Frame(Image.of(RAMP))]:
        assert len(repr(thing)) < 200
        assert "\n" not in repr(thing)
    assert repr(Image.of(np.zeros((2, 3, 4), np.uint8))) == "<Image 3 x 2, RGB with alpha, uint8>"


def test_notebooks_show_animations_small_and_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    page = moving(3)._repr_html_()
    gif = PIL.Image.open(io.BytesIO(base64.b64decode(page.split("base64,")[1].split('"')[0])))
    assert (gif.width, gif.n_frames) == (480, 3)  # type: ignore[attr-defined]
    assert "first" not in page
    assert "The first 60 of 200 frames" in moving(200)._repr_html_()
    monkeypatch.setattr(preview, "PATIENCE", 0.05)
    assert "The first 2 of 9 frames" in moving(9, 0.03)._repr_html_()
