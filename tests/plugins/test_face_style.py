"""Portraits synthesised by example."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from senga.exemplars import gallery
from senga.faces import read_faces
from senga.faces.head import Head
from senga.image import Image
from senga.job import Job, Moment
from senga.plugins.example import face_parts
from senga.plugins.example.face_canvas import FaceCanvas
from senga.plugins.example.face_exemplar import FaceExemplar
from senga.plugins.example.face_film import Before
from senga.plugins.example.face_parts import Weights

from .given_faces import small
from .test_face_blit import head, painted

FEW: dict[str, Any] = {"rounds": 2, "passes": 1, "fineness": 60, "background": "photograph"}
CARD = gallery.find("adele")
PORTRAIT = gallery.picture_of(CARD)
POINTS = read_faces(str(CARD.landmarks), (PORTRAIT.height, PORTRAIT.width))[0].points
OWN = [(x / PORTRAIT.width, y / PORTRAIT.height) for x, y in POINTS.tolist()]


def test_a_portrait_synthesised_by_itself_is_nearly_itself() -> None:
    result = painted(PORTRAIT, name="face-style", exemplar="adele", points=OWN, likeness=0, **FEW)
    gap = np.abs(result.astype(int) - PORTRAIT.pixels)
    assert gap[head(POINTS, gap.shape[:2])].mean() < 9
    assert np.array_equal(result[-40:], PORTRAIT.pixels[-40:])


def test_guides_come_in_pairs_of_a_size_and_the_fourth_with_films() -> None:
    canvas = FaceCanvas(
        FaceExemplar(PORTRAIT, POINTS, 80.0), PORTRAIT.pixels, POINTS, Head.of(PORTRAIT.pixels, POINTS, Job())
    )
    weights = Weights(1, 2, 3, 4)
    pairs = face_parts.pairs_of(canvas, weights, None)
    assert [pair.weight for pair in pairs] == [1, 2, 3]
    before = Before(canvas.pixels, np.ones(canvas.pixels.shape[:2], np.float32))
    pairs = face_parts.pairs_of(canvas, weights, before)
    assert [pair.picture.shape for pair in pairs] == [(canvas.height, canvas.width, n) for n in (6, 2, 1, 3)]
    shape = canvas.exemplar.pixels.shape[:2]
    assert all(pair.exemplar.shape[:2] == shape for pair in pairs)
    mine, theirs = pairs[1].picture.astype(int), pairs[1].exemplar.astype(int)
    tall, wide = (min(a, b) for a, b in zip(mine.shape[:2], theirs.shape[:2], strict=True))
    assert np.abs(mine[-tall:, -wide:] - theirs[-tall:, -wide:]).max() < 30, "a face over itself is where it is"


def test_eyes_and_mouth_are_all_that_the_last_step_changes() -> None:
    settings = {**FEW, "exemplar": "adele", "points": OWN, "likeness": 0}
    plain = painted(PORTRAIT, name="face-style", eyes_and_mouth=False, **settings)
    more = painted(PORTRAIT, name="face-style", eyes_and_mouth=True, **settings)
    changed = (plain != more).any(axis=2)
    assert 0.001 < changed.mean() < 0.1
    rows, columns = np.nonzero(changed)
    low, high = POINTS.min(axis=0), POINTS.max(axis=0)
    assert (columns > low[0] - 20).all()
    assert (columns < high[0] + 20).all()
    assert (rows < high[1]).all()


def test_another_seed_grows_another_picture_and_films_follow_the_frame_before(tmp_path: Path) -> None:
    settings = {**FEW, **small(tmp_path)}
    image, last = (Image(np.full((90, 80, 3), shade, np.uint8)) for shade in (90, 30))
    still = painted(image, name="face-style", **settings)
    assert not np.array_equal(still, painted(image, name="face-style", seed=2, **settings))
    job = Job(moment=Moment(1, 2, last, image), threads=2)
    follow = painted(image, job, name="face-style", before_weight=100, likeness=0, **settings)
    free = painted(image, job, name="face-style", before_weight=0, likeness=0, **settings)
    assert follow[40:60, 35:50].mean() < free[40:60, 35:50].mean()
