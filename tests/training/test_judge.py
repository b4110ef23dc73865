from __future__ import annotations

import numpy as np
import pytest

from training.judge import compare, mean_figures


def photo() -> np.ndarray:
    return np.random.default_rng(2).integers(0, 256, (48, 64, 3)).astype(np.uint8)


def test_a_photo_compared_with_itself() -> None:
    figures = compare(photo(), photo())
    assert (figures.contrast, figures.saturation, figures.detail) == pytest.approx((1, 1, 1), rel=1e-4)
    assert (figures.black, figures.cast) == (0, 0)


def test_a_veil_shows_in_contrast_and_blacks() -> None:
    veiled = (photo() * 0.5 + 96).astype(np.uint8)
    figures = mean_figures([compare(veiled, photo())] * 2)
    assert figures.contrast < 0.7
    assert figures.black > 60


def test_a_cast_shows() -> None:
    cast = photo().copy()
    cast[..., 2] //= 2
    assert compare(cast, photo()).cast > 10
