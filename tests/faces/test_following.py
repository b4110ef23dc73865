"""Faces of films that are followed: where they went, and what is lost."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from senga.faces import Face, find_faces, followed
from senga.files import read
from senga.image import Image
from senga.job import Job

ROOT = Path(__file__).resolve().parents[2]
TURNED = np.array([[1.02, 0.06, 3.0], [-0.06, 1.02, 9.0]])
"""How the picture moves from the first frame to the second."""


@pytest.fixture(scope="module")
def first() -> Image:
    found = read(ROOT / "examples" / "astronaut.png")
    assert isinstance(found, Image)
    return found


@pytest.fixture(scope="module")
def face(first: Image) -> Face:
    (found,) = find_faces(first, Job())
    return found


def second(first: Image) -> Image:
    matrix = np.c_[TURNED[:, :2], TURNED[:, 2] + TURNED[:, :2] @ [0.5, 0.5] - 0.5]
    return Image(cv2.warpAffine(first.pixels, matrix, (512, 512), borderMode=cv2.BORDER_REPLICATE))


def test_landmarks_go_with_the_face(first: Image, face: Face) -> None:
    (found,) = followed(second(first), first, [face], Job())
    assert found is not None
    wanted = face.points @ TURNED[:, :2].T + TURNED[:, 2]
    assert np.linalg.norm(found.points - wanted, axis=1).mean() < 0.03 * face.eye_distance
    assert np.linalg.norm(found.points - face.points, axis=1).mean() > 0.1 * face.eye_distance
    assert found.score == face.score


def test_a_face_that_is_covered_or_gone_is_lost(first: Image, face: Face) -> None:
    x0, y0, x1, y1 = (round(side) for side in face.box)
    pixels = first.pixels.copy()
    pixels[y0 - 20 : y1 + 5, x0 - 5 : x1 + 5] = (90, 110, 60)
    assert followed(Image(pixels), first, [face], Job()) == [None]
    noise = np.random.default_rng(0).integers(0, 255, (512, 512, 3)).astype(np.uint8)
    assert followed(Image(noise), first, [face], Job()) == [None]
    assert followed(Image(noise[:200]), first, [face], Job()) == [None], "a frame of another size"
    assert followed(Image(noise), first, [], Job()) == []


def test_what_is_known_is_not_found_again(first: Image, face: Face) -> None:
    assert find_faces(first, Job(), known=[face]) == []
    (again,) = find_faces(first, Job(), known=[face.moved(200, 200)])
    assert np.abs(again.points - face.points).max() < 1e-3
