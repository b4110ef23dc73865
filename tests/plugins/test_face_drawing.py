"""Drawn faces: what is drawn where, what is left alone, and what is said."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from safetensors.numpy import save_file

import senga
from senga.errors import ModelError, SengaError
from senga.exemplars import gallery
from senga.faces import read_faces
from senga.image import Image
from senga.job import Job, Weights
from senga.plugins.face_drawing.network import SIDE, Shape, generator
from senga.plugins.face_drawing.painting import EYES, LEVEL, MOUTH, upright
from senga.plugins.face_drawing.published import facts
from senga.registry import plugins
from senga.testing import check_filter, sample

from .given_faces import shares

SMALL = Shape(4, 1)
NETWORK = "senga.plugins.face_drawing.published:network_of"
CARD = gallery.find("kellogg")
PORTRAIT = gallery.picture_of(CARD)
POINTS = read_faces(str(CARD.landmarks), (PORTRAIT.height, PORTRAIT.width))[0].points
OWN_POINTS = [(x / PORTRAIT.width, y / PORTRAIT.height) for x, y in POINTS.tolist()]


@cache
def made_up() -> dict[str, Any]:
    """Numbers of a generator that nobody trained."""
    rng = np.random.default_rng(0)
    shapes = generator(SMALL).parameters.items()
    return {name: rng.normal(0, 0.3, shape).astype(np.float32) for name, shape in shapes}


def job() -> Job:
    return Job(threads=2, weights=lambda _: Weights(made_up(), facts(SMALL), NETWORK))


def drawn(image: Image, **settings: Any) -> Any:
    act = plugins().make("face-drawing", settings)
    return act(image, job()).pixels


def inside(points: Any, size: tuple[int, int]) -> Any:
    """(H, W): surely inside the face."""
    mask = np.zeros(size, np.uint8)
    cv2.fillConvexPoly(mask, cv2.convexHull(np.rint(points).astype(np.int32)), 1)
    return mask > 0


def test_the_face_is_drawn_and_the_rest_stays() -> None:
    result = drawn(PORTRAIT, points=OWN_POINTS)
    changed = (result != PORTRAIT.pixels).any(axis=2)
    assert changed[inside(POINTS, changed.shape)].mean() > 0.9
    assert not changed[-20:].any(), "what is not the head stays as it is"
    whole = (drawn(PORTRAIT, points=OWN_POINTS, whole=True) != PORTRAIT.pixels).any(axis=2)
    assert whole.sum() > changed.sum()


def test_strength_is_a_share() -> None:
    none, half, full = (drawn(PORTRAIT, points=OWN_POINTS, strength=share).astype(int) for share in (0, 0.5, 1))
    assert np.array_equal(none, PORTRAIT.pixels)
    assert abs(half - (none + full) / 2).max() <= 2


def test_broad_colours_of_the_photograph_come_back() -> None:
    """And nothing fine does."""
    inner = inside(POINTS, PORTRAIT.pixels.shape[:2])
    none, full = (drawn(PORTRAIT, points=OWN_POINTS, colours=share).astype(np.float32) for share in (0, 1))

    def apart(found: Any) -> float:
        return float(np.abs(found[inner].mean(axis=0) - PORTRAIT.pixels[inner].mean(axis=0)).max())

    assert apart(full) < 0.3 * apart(none)
    fine = [(each - cv2.GaussianBlur(each, (0, 0), 3))[inner] for each in (none, full)]
    assert np.corrcoef(fine[0].ravel(), fine[1].ravel())[0, 1] > 0.8


@pytest.mark.parametrize("turn", [1, 2, 3])
def test_a_turned_picture_is_drawn_turned(turn: int) -> None:
    places = np.array(OWN_POINTS)
    for _ in range(turn):
        places = np.stack([places[:, 1], 1 - places[:, 0]], axis=-1)
    turned = Image(np.ascontiguousarray(np.rot90(PORTRAIT.pixels, turn)))
    gap = np.rot90(drawn(turned, points=places.tolist(), whole=True), -turn).astype(int)
    assert abs(gap - drawn(PORTRAIT, points=OWN_POINTS, whole=True)).mean() < 1


def test_the_square_stands_upright() -> None:
    way = upright(POINTS, 1.0)
    parts = slice(36, 48), slice(48, 60)
    eyes, mouth = (way.of(POINTS[part].mean(axis=0, keepdims=True))[0] / SIDE for part in parts)
    assert np.allclose(eyes, (sum(EYES) / 2, LEVEL), atol=0.03)
    assert np.allclose(mouth, (0.5, MOUTH), atol=0.03)


def test_every_face_is_drawn_before_another_picture() -> None:
    image, other = sample(200, 400), Image(np.full((200, 400, 3), 77, np.uint8))
    both = [*shares(0.1, 0.3, 0.15, 0.4), *shares(0.6, 0.3, 0.2, 0.5)]
    result = drawn(image, points=both, background=other)
    changed = (result != 77).any(axis=2)
    assert changed[:, :120].mean() > 0.1
    assert changed[:, 240:330].mean() > 0.1
    assert not changed[:, 180:190].any()


def test_where_the_network_looks() -> None:
    result = drawn(PORTRAIT, points=OWN_POINTS, shows="attention", whole=True)
    middle = result[tuple(np.rint(POINTS.mean(axis=0)).astype(int)[::-1])]
    assert len(set(middle.tolist())) == 1, "it is grey"


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32])
def test_depths_and_transparency_stay(kind: Any) -> None:
    top = {np.uint8: 255, np.uint16: 65535}.get(kind, 1)
    pixels = (PORTRAIT.pixels / 255 * top).astype(kind)
    alpha = np.full(pixels.shape[:2], top, kind)
    alpha[:10] = 0
    result = plugins().make("face-drawing", {"points": OWN_POINTS})(Image(pixels, alpha), job())
    assert result.pixels.dtype == kind
    assert np.array_equal(result.alpha, alpha)
    assert np.array_equal(result.pixels[-20:], pixels[-20:])


def test_nobody_there_is_a_sentence() -> None:
    for size in ((60, 80), (1, 1)):
        with pytest.raises(SengaError, match="No face was found in this picture"):
            drawn(Image(np.full((*size, 3), 128, np.uint8)))


@contextmanager
def imported(file: Path) -> Iterator[None]:
    """The generator in the store, under the name of a file."""
    save_file(made_up(), file, metadata=facts(SMALL))
    plugins().store().import_file(file)
    try:
        yield
    finally:
        plugins().store().remove(file.stem)


def test_the_filter_keeps_every_promise(tmp_path: Path) -> None:
    with imported(tmp_path / "drawn.safetensors"):
        check_filter(plugins().make("face-drawing", {"points": shares(0.3, 0.2, 0.4, 0.6)}), plugins=plugins())


def test_a_file_is_imported_and_draws(tmp_path: Path) -> None:
    with imported(tmp_path / "portrait.safetensors"):
        result = senga.apply("face-drawing", PORTRAIT.pixels, style="portrait", points=OWN_POINTS)
    assert np.array_equal(result, drawn(PORTRAIT, points=OWN_POINTS))


def test_without_a_network_it_is_said_where_to_get_one() -> None:
    with pytest.raises(ModelError, match="senga models import"):
        senga.apply("face-drawing", PORTRAIT.pixels, points=OWN_POINTS)
