"""The frame of a face turns, grows and moves with it, and its square is what stands there."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from senga.faces.cuts import centred, square
from senga.faces.face import Face
from senga.faces.frame import Frame, inverse, moved, rotation

Points = NDArray[np.float64]


@pytest.mark.parametrize("degrees", [-170, -90, -35, 0, 20, 90, 135])
@pytest.mark.parametrize("scale", [0.3, 1.0, 7.0])
def test_a_frame_follows_its_face(upright: Points, degrees: float, scale: float) -> None:
    before, turn = Frame.of(upright), np.deg2rad(degrees)
    shift = np.array([300.0, -20.0])
    after = Frame.of(scale * upright @ rotation(turn).T + shift)
    assert after.size == pytest.approx(scale * before.size)
    assert np.cos(after.turn - before.turn - turn) == pytest.approx(1)
    expected = scale * rotation(turn) @ (before.x, before.y) + shift
    np.testing.assert_allclose((after.x, after.y), expected)
    np.testing.assert_allclose(after.up, rotation(turn) @ before.up, atol=1e-9)


def test_the_square_of_a_frame_is_upright_and_goes_back(upright: Points) -> None:
    points = 2.0 * upright @ rotation(0.7).T + (200, 180)
    matrix = Frame.of(points).matrix(112)
    seen = moved(points, matrix)
    assert abs(seen[36:42, 1].mean() - seen[42:48, 1].mean()) < 2
    assert seen[48:60, 1].mean() > seen[42:48, 1].mean() + 10
    assert seen.min() > 0
    assert seen.max() < 112
    np.testing.assert_allclose(moved(seen, inverse(matrix)), points)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_a_square_shows_what_is_there_at_any_depth(dtype: str) -> None:
    y, x = np.mgrid[:300, :400]
    spot = np.exp(-((x + 0.5 - 260) ** 2 + (y + 0.5 - 120) ** 2) / 800)
    full = {"uint8": 255, "uint16": 65535, "float32": 1}[dtype]
    pixels = np.repeat((full * spot)[:, :, None], 3, axis=2).astype(dtype)
    for size in (60.0, 30.0, 250.0):
        matrix = Frame(250.0, 130.0, size, 0.4).matrix(100)
        found = centred(square(pixels, matrix, 100))[:, :, 0] + 1
        down, across = np.unravel_index(np.argmax(cv2.GaussianBlur(found, (0, 0), 1.0)), found.shape)
        np.testing.assert_allclose((across + 0.5, down + 0.5), moved(np.array([260.0, 120.0]), matrix), atol=1.6)
        assert found.max() == pytest.approx(2, abs=0.1)


def test_squares_beyond_the_picture_show_its_border() -> None:
    pixels = np.full((20, 30, 3), 128, np.uint8)
    for frame in (Frame(-50, -50, 40, 0), Frame(15, 10, 400, 1.0), Frame(500, 5, 3, 2.0)):
        assert (np.abs(square(pixels, frame.matrix(64), 64).astype(int) - 128) <= 1).all()


def test_numbers_that_are_none_are_grey() -> None:
    pixels = np.full((4, 4, 3), np.nan, np.float32)
    pixels[0] = np.inf
    assert (centred(pixels)[1:] == 0).all()
    assert (centred(pixels)[0] == 1).all()


def test_a_face_moves_as_its_points_do(upright: Points) -> None:
    face = Face.of_points(upright)
    after = face.moved(7, -3, 2)
    np.testing.assert_allclose(after.points, 2 * face.points + (7, -3), rtol=1e-6)
    assert after.box == pytest.approx(
        [2 * face.box[0] + 7, 2 * face.box[1] - 3, 2 * face.box[2] + 7, 2 * face.box[3] - 3]
    )
    assert after.eye_distance == pytest.approx(2 * face.eye_distance)
    np.testing.assert_allclose(face.eyes, [[-23, -6], [23, -6]], atol=1e-5)
