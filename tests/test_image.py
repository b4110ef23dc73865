from __future__ import annotations

import numpy as np
import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st

from senga import Image
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
        Image.of(np.zeros((2, 2, 3), np.int64))


def test_a_notebook_shows_it(rng: np.random.Generator) -> None:
    png = Image.of(rng.integers(0, 256, (9, 8, 4), dtype=np.uint8))._repr_png_()
    assert png.startswith(b"\x89PNG")
