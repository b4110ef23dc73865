"""Faces laid over each other."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from senga.faces.alignment import Similarity, seen, unlikeness
from senga.faces.face import width_of
from senga.testing import sample
from tests.plugins.given_faces import frontal

FACE = frontal() * 200


@pytest.mark.parametrize("angle", [0.0, 0.4, np.pi / 2, np.pi])
@pytest.mark.parametrize("size", [0.3, 1.0, 4.0])
def test_a_turn_a_size_and_a_shift_are_found_again(angle: float, size: float) -> None:
    way = Similarity(size * np.exp(1j * angle), 30 - 7j)
    found = Similarity.between(FACE, way.of(FACE))
    assert abs(found.factor - way.factor) < 1e-9
    assert abs(found.shift - way.shift) < 1e-6
    assert np.allclose(way.inverse.of(way.of(FACE)), FACE)
    assert unlikeness(FACE, way.of(FACE)) < 1e-9
    assert width_of(way.of(FACE)) == pytest.approx(size * width_of(FACE))


def test_a_face_that_is_turned_away_is_unlike() -> None:
    turned = FACE * (0.25, 1)
    assert unlikeness(turned, FACE) > 0.1
    assert 150 < width_of(FACE) < 260, "it is about the width of the face"


def test_pixels_are_seen_where_the_way_leads() -> None:
    pixels = cv2.GaussianBlur(sample(90, 120).pixels, (0, 0), 2)
    assert np.array_equal(seen(pixels, Similarity(1, 0), 90, 120), pixels)
    turned = seen(pixels, Similarity(1j, complex(90, 0)), 120, 90)
    assert np.array_equal(turned, np.rot90(pixels, -1))
    shifted = seen(pixels, Similarity(1, complex(-20, -10)), 50, 60)
    assert np.array_equal(shifted, pixels[10:60, 20:80])


@pytest.mark.parametrize("size", [0.21, 0.5, 3.0])
def test_pixels_are_seen_at_any_size(size: float) -> None:
    pixels = cv2.GaussianBlur(sample(240, 300).pixels, (0, 0), 5)
    height, width = round(240 * size), round(300 * size)
    how = cv2.INTER_AREA if size < 1 else cv2.INTER_CUBIC
    wanted = cv2.resize(pixels, (width, height), interpolation=how).astype(int)
    assert np.abs(seen(pixels, Similarity(size, 0), height, width) - wanted)[2:-2, 2:-2].max() < 12
