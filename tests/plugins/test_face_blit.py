"""Portraits by example: what is painted where, what is left alone, and what is said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import senga
from senga.errors import SengaError, SettingsError
from senga.exemplars import gallery
from senga.exemplars.gallery import Exemplar
from senga.faces import Face, read_faces
from senga.faces.head import Head
from senga.faces.outlines import face_outline
from senga.image import Image
from senga.job import Job, Moment
from senga.plugins.example import face_film
from senga.plugins.example.face_canvas import FaceCanvas
from senga.plugins.example.face_exemplar import FaceExemplar
from senga.plugins.example.face_settings import FaceSettings
from senga.registry import plugins
from senga.testing import sample

from .given_faces import frontal, shares, small, written

CARD = gallery.find("adele")
PORTRAIT = gallery.picture_of(CARD)
POINTS = read_faces(str(CARD.landmarks), (PORTRAIT.height, PORTRAIT.width))[0].points
OWN = [(x / PORTRAIT.width, y / PORTRAIT.height) for x, y in POINTS.tolist()]


def painted(image: Image, job: Job | None = None, name: str = "face-blit", **settings: Any) -> Any:
    act = plugins().make(name, settings)
    job = job or Job(threads=2)
    return act(image, replace(job, prepared=act.prepare(job))).pixels


def head(points: Any, size: tuple[int, int]) -> Any:
    """(H, W): surely inside the face."""
    mask = np.zeros(size, np.uint8)
    cv2.fillConvexPoly(mask, cv2.convexHull(np.rint(points).astype(np.int32)), 1)
    return mask > 0


def test_a_portrait_painted_by_itself_is_itself() -> None:
    result = painted(PORTRAIT, exemplar="adele", points=OWN, likeness=0, background="photograph")
    gap = np.abs(result.astype(int) - PORTRAIT.pixels)
    assert gap[head(POINTS, gap.shape[:2])].mean() < 4
    assert np.array_equal(result[-40:], PORTRAIT.pixels[-40:]), "what is not the head stays as it is"


@pytest.mark.parametrize("turn", [1, 2, 3])
def test_a_turned_picture_is_painted_turned(turn: int) -> None:
    photo = cv2.GaussianBlur(PORTRAIT.pixels, (0, 0), 3)
    places = np.array(OWN)
    for _ in range(turn):
        places = np.stack([places[:, 1], 1 - places[:, 0]], axis=-1)
    upright = painted(Image(photo), exemplar="kellogg", points=OWN, background="photograph")
    turned = Image(np.ascontiguousarray(np.rot90(photo, turn)))
    result = painted(turned, exemplar="kellogg", points=places.tolist(), background="photograph")
    gap = np.abs(np.rot90(result, -turn).astype(int) - upright)
    assert gap.mean() < 2


def test_every_face_is_painted_and_nothing_else() -> None:
    image = sample(200, 400)
    both = [*shares(0.1, 0.3, 0.15, 0.4), *shares(0.6, 0.3, 0.2, 0.5)]
    result = painted(image, exemplar="kellogg", points=both, background="photograph")
    changed = (result != image.pixels).any(axis=2)
    assert changed[:, :120].mean() > 0.2
    assert changed[:, 240:330].mean() > 0.2
    assert not changed[:, 175:190].any()
    assert painted(image, exemplar="kellogg", points=both)[:, 150:190].std() > 0
    assert (painted(image, exemplar="kellogg", points=both) != image.pixels).any(axis=2).mean() > 0.9


def test_what_cannot_be_painted_is_told_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SengaError, match="No face was found in this picture"):
        painted(sample(90, 90), exemplar="kellogg")
    with pytest.raises(SettingsError, match="No face was found in the portrait"):
        painted(sample(90, 90), painting=sample(80, 80), points=shares(0.3, 0.3, 0.4, 0.5))
    with pytest.raises(SettingsError, match="68 points each"):
        senga.apply("face-blit", sample(40, 40), points=[(0.5, 0.5)] * 67)
    for points, trouble in ((frontal() * (20, 90), "turned too far"), (frontal() * 6, "too small to be painted")):
        found = [Face.of_points(points, 0.9)]
        monkeypatch.setattr(FaceSettings, "faces_of", lambda *_, found=found: found)
        with pytest.raises(SengaError, match=trouble):
            painted(sample(90, 90), exemplar="kellogg")
        film = Job(moment=Moment(0, 1), threads=1)
        image = sample(90, 90)
        assert np.array_equal(painted(image, film, exemplar="kellogg", background="photograph"), image.pixels)


def test_a_frame_without_a_face_is_left_alone(tmp_path: Path) -> None:
    settings = {**small(tmp_path), "points": (), "background": "photograph"}
    image = sample(60, 80)
    assert np.array_equal(painted(image, Job(moment=Moment(3, 9)), **settings), image.pixels)


def test_an_exemplar_of_a_plugin_brings_its_landmarks(tmp_path: Path) -> None:
    blue = np.zeros((120, 100, 3), np.uint8)
    blue[..., 2] = 255
    Image(blue).save(tmp_path / "blue.png")
    card = Exemplar(
        "blue", "Blue", tmp_path / "blue.png", landmarks=Path(written(tmp_path, frontal() * 60 + 20, (120, 100)))
    )
    job = Job(threads=1, resources=lambda kind: [card] if kind == "exemplars" else [])
    image = sample(200, 200)
    result = painted(
        image, job, exemplar="blue", points=shares(0.3, 0.3, 0.4, 0.4), likeness=0, background="photograph"
    )
    assert np.abs(result[90:110, 90:110].astype(int) - (0, 0, 255)).max() <= 1


def test_light_and_shade_follow_the_photograph_as_far_as_asked() -> None:
    soft = cv2.GaussianBlur(PORTRAIT.pixels, (0, 0), 2)
    inside = head(POINTS, soft.shape[:2])

    def likeness(share: float) -> float:
        result = painted(Image(soft), exemplar="kellogg", points=OWN, likeness=share, background="photograph")
        planes = [cv2.GaussianBlur(each.mean(axis=2), (0, 0), 4)[inside] for each in (result, soft.astype(float))]
        return float(np.corrcoef(*planes)[0, 1])

    assert likeness(1.0) > likeness(0.0) + 0.05


# ---- films


def canvas_of(pixels: Any) -> FaceCanvas:
    return FaceCanvas(FaceExemplar(PORTRAIT, POINTS, 100.0), pixels, POINTS, Head.of(pixels, POINTS, Job()))


def test_what_was_painted_last_is_where_the_head_is_now() -> None:
    canvas = canvas_of(PORTRAIT.pixels)
    last = sample(PORTRAIT.height, PORTRAIT.width)
    before = face_film.before_on(canvas, Job(moment=Moment(1, 2, last, PORTRAIT)))
    assert before is not None
    assert np.abs(before.pixels.astype(int) - canvas.seen(last.pixels)).mean() < 3, "nothing moved"
    moved = (Image(np.roll(each.pixels, 12, axis=1)) for each in (last, PORTRAIT))
    before = face_film.before_on(canvas, Job(moment=Moment(1, 2, *moved)))
    assert before is not None
    gap = np.abs(before.pixels.astype(int) - canvas.seen(last.pixels)).mean(axis=2)
    assert gap[canvas.mask > 250].mean() < 12


def test_a_film_that_changes_its_size_begins_anew() -> None:
    canvas = canvas_of(PORTRAIT.pixels)
    other = sample(50, 60)
    assert face_film.before_on(canvas, Job(moment=Moment(1, 2, other, other))) is None
    assert face_film.before_on(canvas, Job()) is None


def test_noise_of_a_film_changes_less_with_the_temporal_guide(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)

    def frames(steadiness: float) -> float:
        before: tuple[Any, Any] = (None, None)
        changes = []
        for number in range(3):
            noisy = np.clip(PORTRAIT.pixels + rng.normal(0, 14, PORTRAIT.pixels.shape), 0, 255).astype(np.uint8)
            moment = Moment(number, 3, *before)
            made = painted(
                Image(noisy), Job(moment=moment, threads=2), exemplar="kellogg", points=OWN, likeness=0,
                background="photograph", steadiness=steadiness,
            )  # fmt: skip
            if before[0] is not None:
                gap = np.abs(made.astype(int) - before[0].pixels).mean(axis=2)
                changes.append(gap[head(POINTS, gap.shape)].mean())
            before = Image(made), Image(noisy)
        return float(np.mean(changes))

    assert frames(0.8) < 0.8 * frames(0.0)


def test_what_is_round_a_head_stays_as_it_is() -> None:
    points = frontal() * (120, 140) + (140, 130)
    pixels = np.full((440, 400, 3), (90, 130, 180), np.uint8)
    cv2.ellipse(pixels, (200, 190), (88, 112), 0, 0, 360, (60, 40, 30), -1, cv2.LINE_AA)
    cv2.fillPoly(pixels, [np.rint(face_outline(points)).astype(np.int32)], (205, 160, 130), cv2.LINE_AA)
    shares = (points / (400, 440)).tolist()
    result = painted(Image(pixels), exemplar="kellogg", points=shares, background="photograph")
    changed = np.abs(result.astype(int) - pixels).max(axis=2)
    y, x = np.mgrid[:440, :400]
    apart = np.hypot((x - 200) / 88, (y - 190) / 112)
    assert changed[apart > 1.2].mean() < 2
    assert changed[apart > 1.35].max() <= 3
    assert changed[head(points, (440, 400))].mean() > 20
