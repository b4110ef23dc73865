from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from senga.image import Image
from senga.strokes import colour, paper

PIXELS = arrays(np.uint8, (6, 7, 3))
GREYS = arrays(np.uint8, (6, 7))


def luma(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    return picture @ np.array([0.299, 0.587, 0.114])


@given(GREYS, PIXELS, st.floats(0, 2))
def test_light_and_dark_stay_those_of_the_drawing(
    drawing: NDArray[np.uint8], photo: NDArray[np.uint8], saturation: float
) -> None:
    painted = colour.paint(drawing, photo, saturation)
    assert np.abs(luma(painted) - drawing).max() <= 1.01


@given(GREYS, PIXELS)
def test_hues_do_not_change(drawing: NDArray[np.uint8], photo: NDArray[np.uint8]) -> None:
    """The chroma of the result is that of the photograph times a number that is not negative."""
    painted = colour.paint(drawing, photo, 1.5)
    wanted = photo - luma(photo)[..., None]
    found = painted - luma(painted)[..., None]
    length = np.maximum(np.linalg.norm(wanted, axis=2, keepdims=True), 1e-9)
    along = (found * wanted / length).sum(axis=2, keepdims=True)
    assert (along >= -1.5).all()
    assert np.abs(found - along * wanted / length).max() < 2


@given(GREYS, GREYS)
def test_grey_photographs_stay_grey(drawing: NDArray[np.uint8], photo: NDArray[np.uint8]) -> None:
    painted = colour.paint(drawing, np.dstack([photo] * 3), 2.0)
    assert (np.ptp(painted.astype(int), axis=2) <= 1).all()


def test_paper_stays_white_and_darkness_has_no_tint() -> None:
    reds = np.full((4, 4, 3), (250, 30, 30), np.uint8)
    assert np.ptp(colour.paint(np.full((4, 4), 251, np.uint8), reds, 1.0).astype(int)) <= 1
    almost_black = np.full((4, 4, 3), (12, 3, 2), np.uint8)
    assert np.ptp(colour.paint(np.full((4, 4), 120, np.uint8), almost_black, 1.0).astype(int)) <= 6
    assert np.ptp(colour.paint(np.full((4, 4), 120, np.uint8), reds, 1.0).astype(int)) > 100


def test_strips_change_nothing() -> None:
    rng = np.random.default_rng(0)
    drawing, photo = rng.integers(0, 256, (600, 5), np.uint8), rng.integers(0, 256, (600, 5, 3), np.uint8)
    assert np.array_equal(colour.paint(drawing, photo, 1.0), colour.Palette.of(photo, 1.0).paint(drawing))


@pytest.mark.parametrize("depth", [np.uint8, np.uint16, np.float32])
def test_soft_colours_of_any_depth(depth: type) -> None:
    rng = np.random.default_rng(0)
    full = 1 if depth is np.float32 else np.iinfo(depth).max
    image = Image((rng.random((40, 50, 3)) * full).astype(depth))
    soft = colour.soft_colours(image, 5)
    assert soft.shape == (40, 50, 3)
    assert soft.std() < 0.5 * image.u8().std()
    assert np.abs(soft.mean(axis=(0, 1)) - image.u8().mean(axis=(0, 1))).max() < 4


def test_aged_paper_is_yellow_and_keeps_the_drawing() -> None:
    drawing = np.tile(np.arange(256, dtype=np.uint8), (64, 1))
    young, old = (paper.age(drawing, amount, 1).astype(int) for amount in (0.3, 1.0))
    for aged in (young, old):
        assert np.array_equal(aged[..., 0], drawing)
        assert (aged[..., 1] >= aged[..., 2]).all()
    assert old[:, 250, 2].mean() < young[:, 250, 2].mean() < 245
    assert (paper.age(np.dstack([drawing] * 3), 1.0, 1) == old).all()
