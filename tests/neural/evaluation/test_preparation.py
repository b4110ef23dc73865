from __future__ import annotations

import numpy as np
import pytest

from senga.neural.evaluation.preparation import Convention, prepare, resize


def at(picture: np.ndarray, row: int, column: int, centred: bool) -> np.ndarray:
    """One pixel of the resized picture, by the definition."""
    height, width = picture.shape[:2]
    shift = 0.5 if centred else 0.0
    y, x = (max((place + shift) * size / 299 - shift, 0) for place, size in ((row, height), (column, width)))
    top, left = int(y), int(x)
    below, right = min(top + 1, height - 1), min(left + 1, width - 1)
    down, across = y - top, x - left
    upper = picture[top, left] * (1 - across) + picture[top, right] * across
    lower = picture[below, left] * (1 - across) + picture[below, right] * across
    return upper * (1 - down) + lower * down


@pytest.mark.parametrize("convention", list(Convention))
@pytest.mark.parametrize("size", [(1, 1), (7, 640), (299, 299), (450, 301)])
def test_pixels_are_where_the_convention_has_them(
    convention: Convention, size: tuple[int, int], rng: np.random.Generator
) -> None:
    picture = rng.integers(0, 256, (*size, 3), dtype=np.uint8)
    resized = resize(picture, convention)
    assert resized.shape == (3, 299, 299)
    for row, column in ((0, 0), (298, 298), (298, 0), (13, 250), (151, 77)):
        expected = at(picture.astype(float), row, column, convention is Convention.PYTORCH_FID)
        np.testing.assert_allclose(resized[:, row, column], expected, atol=1e-3)


def test_the_ranges_differ() -> None:
    white, black = np.full((4, 4, 3), 255, np.uint8), np.zeros((4, 4, 3), np.uint8)
    assert np.allclose(prepare(white, Convention.FIDELITY), 127 / 128)
    assert np.allclose(prepare(white, Convention.PYTORCH_FID), 1)
    assert np.allclose(prepare(black, Convention.FIDELITY), -1)
    assert np.allclose(prepare(black, Convention.PYTORCH_FID), -1)
    assert prepare(black).dtype == np.float32
