from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from senga.strokes import geometry
from senga.strokes.geometry import Box, Turn

ANGLES = st.floats(-90, 90)
SIDES = st.integers(1, 90)


def smooth(height: int, width: int) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width]
    return np.rint(127 + 60 * np.sin(x / 9) + 60 * np.cos(y / 7)).astype(np.uint8)


@given(SIDES, SIDES, ANGLES)
@settings(max_examples=40, deadline=None)
def test_there_and_back(height: int, width: int, angle: float) -> None:
    picture = smooth(height + 8, width + 8)
    turn = Turn.of(picture.shape, angle)
    whole = Box(-4, turn.frame[0] + 4, -4, turn.frame[1] + 4)
    part, back = turn.turn_back(turn.turn(picture, whole, 255), whole)
    assert part.size == picture.shape
    assert np.abs(back[2:-2, 2:-2].astype(int) - picture[2:-2, 2:-2]).max() < 12


@given(SIDES, SIDES, ANGLES, st.integers(40, 4000))
@settings(max_examples=60, deadline=None)
def test_bands_hold_the_whole_picture(height: int, width: int, angle: float, area: int) -> None:
    turn = Turn.of((height, width), angle)
    whole = turn.turn(np.full((height, width), 200, np.uint8), Box(0, turn.frame[0], 0, turn.frame[1]), 0)
    seen = np.zeros_like(whole)
    for band in turn.bands(area):
        seen[band.slices] = 255
    assert (seen[whole > 0] == 255).all()


def test_strokes_become_rows() -> None:
    picture = np.full((80, 80), 255, np.uint8)
    cv2.line(picture, (10, 70), (70, 10), 0, 3)  # rises to the right: 45 degrees
    turn = Turn.of(picture.shape, 45)
    turned = turn.turn(picture, Box(0, turn.frame[0], 0, turn.frame[1]), 255)
    rows = np.flatnonzero((turned < 100).any(axis=1))
    assert rows[-1] - rows[0] < 5


def test_a_scaled_frame_shows_the_same() -> None:
    small = smooth(60, 80)
    large = cv2.resize(small, (240, 180), interpolation=cv2.INTER_CUBIC)
    turn = Turn.of(small.shape, 30)
    scaled = turn.scaled(large.shape, 3)
    whole = Box(0, scaled.frame[0], 0, scaled.frame[1])
    at_once = scaled.turn(large, whole, 128)
    grown = cv2.resize(turn.turn(small, Box(0, turn.frame[0], 0, turn.frame[1]), 128), at_once.shape[::-1])
    inside = cv2.erode(scaled.turn(np.full_like(large, 255), whole, 0), np.ones((15, 15), np.uint8))
    assert np.abs(at_once.astype(int) - grown)[inside == 255].mean() < 3


@pytest.mark.parametrize("fill", [(7,), (7, 9)])
def test_large_warps_are_made_of_tiles(monkeypatch: pytest.MonkeyPatch, fill: tuple[int, ...]) -> None:
    picture = smooth(70, 90)
    source = picture if len(fill) == 1 else np.dstack([picture, 255 - picture])
    turn = Turn.of(picture.shape, 33)
    box = Box(-5, turn.frame[0] + 5, -5, turn.frame[1] + 5)
    whole = turn.turn(source, box, *fill)
    monkeypatch.setattr(geometry, "_TILE", 16)
    tiled = turn.turn(source, box, *fill)
    assert np.abs(whole.astype(int) - tiled).max() <= 8
    assert (whole != tiled).mean() < 0.2
