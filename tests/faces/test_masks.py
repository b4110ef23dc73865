"""Masks of a head that is drawn: they lie where its parts are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from functools import partial

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from senga.errors import Cancelled
from senga.faces import Face
from senga.faces.colours import Mixture
from senga.faces.frame import rotation
from senga.faces.masks import Masks, masks_of
from senga.faces.outlines import face_outline
from senga.image import Image
from senga.job import Job

SKIN, HAIR, WALL = (205, 160, 130), (70, 45, 30), (90, 130, 180)


Head = Callable[..., tuple[Image, Face]]


@pytest.fixture
def drawn(upright: NDArray[np.float64]) -> Head:
    return partial(head, upright)


def head(upright: NDArray[np.float64], turn: float = 0.0, scale: float = 1.5) -> tuple[Image, Face]:
    """A head with hair before a wall, and its landmarks."""
    points = scale * upright @ rotation(turn).T + (150, 160)
    pixels = np.full((320, 300, 3), WALL, np.uint8)
    hair = scale * np.array([(46 * np.cos(t), -16 + 52 * np.sin(t)) for t in np.linspace(0, 2 * np.pi, 40)])
    for outline, colour in ((hair @ rotation(turn).T + (150, 160), HAIR), (face_outline(points), SKIN)):
        cv2.fillPoly(pixels, [np.rint(outline).astype(np.int32)], colour)
    noise = np.random.default_rng(0).normal(0, 4, pixels.shape)
    return Image(np.clip(pixels + noise, 0, 255).astype(np.uint8)), Face.of_points(points)


def at(plane: np.ndarray, x: float, y: float, turn: float = 0.0) -> float:
    """A mask at a place of the face."""
    across, down = 1.5 * rotation(turn) @ (x, y) + (150, 160)
    return float(plane[round(down), round(across)])


@pytest.mark.parametrize("turn", [0.0, 0.5, -1.5])
def test_parts_are_where_they_are(drawn: Head, turn: float) -> None:
    image, face = drawn(turn)
    masks = masks_of(image, face, Job())
    for name in ("head", "skin"):
        for x, y in ((-25, 15), (25, 15), (0, 40), (0, -30)):
            assert at(getattr(masks, name), x, y, turn) > 0.8, (name, x, y)
    assert at(masks.hair, 0, -62, turn) > 0.7
    assert at(masks.head, 0, -62, turn) > 0.7
    assert at(masks.eyes, -23, -6, turn) > 0.5 > at(masks.skin, -23, -6, turn)
    assert at(masks.brows, 22, -20, turn) > 0.5
    assert at(masks.nose, 0, 10, turn) > 0.8
    assert at(masks.mouth, 0, 28, turn) > 0.4
    for plane in (getattr(masks, field.name) for field in fields(Masks)):
        assert plane.shape == (320, 300)
        assert plane.dtype == np.float32
        assert 0 <= plane.min() <= plane.max() <= 1.0001
        assert at(plane, -70, -60, turn) < 0.1
        assert (masks.head - plane).min() > -0.35, "the head holds all"


def test_hair_and_skin_are_different_things(drawn: Head) -> None:
    masks = masks_of(*drawn(), Job())
    assert np.minimum(masks.hair, masks.skin).sum() < 0.08 * masks.skin.sum()


BLOND, SHIRT = (214, 182, 128), (120, 30, 40)


def portrait(upright: NDArray[np.float64], hair: tuple[int, int, int] | None) -> tuple[Image, Face]:
    """A head with long hair, or a bald one, over a shirt before a wall that grows darker, in light from one side."""
    points, size = 1.5 * upright + (150, 150), (400, 300)
    y, x = np.mgrid[: size[0], : size[1]]
    pixels = np.multiply.outer(1 - y / 1200, np.array(WALL, float)).astype(np.uint8)
    cv2.ellipse(pixels, (150, 330), (140, 110), 0, 0, 360, SHIRT, -1)
    cv2.ellipse(pixels, (150, 130), (72, 84), 0, 0, 360, hair or SKIN, -1)
    for side in (-1, 1) if hair else ():
        cv2.ellipse(pixels, (150 + 58 * side, 210), (30, 110), 0, 0, 360, hair, -1)
    cv2.rectangle(pixels, (128, 190), (172, 250), SKIN, -1)
    cv2.fillPoly(pixels, [np.rint(face_outline(points)).astype(np.int32)], SKIN)
    if hair:  # a fringe
        cv2.ellipse(pixels, (150, 80), (52, 26), 0, 0, 360, hair, -1)
    light = 1 + 0.08 * (x - 150)[:, :, None] / 150 + np.random.default_rng(0).normal(0, 0.03, (*size, 1))
    return Image(np.clip(pixels * light, 0, 255).astype(np.uint8)), Face.of_points(points)


@pytest.mark.parametrize("colour", [HAIR, BLOND, (225, 220, 215)])
def test_hair_is_hair_where_it_is_like_skin_and_where_it_hangs_down(
    upright: NDArray[np.float64], colour: tuple[int, int, int]
) -> None:
    masks = masks_of(*portrait(upright, colour), Job())
    for x, y in ((150, 62), (150, 94), (175, 92), (96, 100), (204, 100), (90, 170), (210, 170), (92, 200)):
        assert masks.hair[y, x] > 0.6, (x, y)
        assert masks.skin[y, x] < 0.3, (x, y)
    for x, y in ((150, 135), (120, 170), (180, 170)):
        assert masks.skin[y, x] > 0.8, (x, y)
    assert masks.head[300:].max() < 0.1, "what hangs lower is left out"
    assert masks.head[:300, :40].max() < 0.1


def test_a_bald_head_has_no_hair(upright: NDArray[np.float64]) -> None:
    masks = masks_of(*portrait(upright, None), Job())
    assert masks.hair.sum() < 0.1 * masks.skin.sum()
    assert masks.head[62, 150] > 0.7
    assert masks.skin[75, 150] > 0.7


def test_edges_are_as_soft_as_asked(drawn: Head) -> None:
    image, face = drawn()
    hard, soft = (masks_of(image, face, Job(), soft=share).head for share in (0.005, 0.08))
    assert ((soft > 0.05) & (soft < 0.95)).sum() > 2 * ((hard > 0.05) & (hard < 0.95)).sum()


def test_the_same_picture_has_the_same_masks_at_every_depth(drawn: Head) -> None:
    image, face = drawn()
    first = masks_of(image, face, Job(threads=1))
    deep = replace(image, pixels=image.pixels.astype(np.uint16) * 257)
    again, other = masks_of(image, face, Job(threads=4)), masks_of(deep, face, Job())
    for name in (field.name for field in fields(Masks)):
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))
        assert np.abs(getattr(first, name) - getattr(other, name)).mean() < 0.01


def test_a_face_beyond_the_border_and_one_of_few_pixels(drawn: Head) -> None:
    image, face = drawn()
    for other in (face.moved(-140, -120), face.moved(0, 0, 0.05), face.moved(5000, 0)):
        masks = masks_of(image, other, Job())
        assert np.isfinite(masks.head).all()


def test_masks_stop_when_they_are_asked_to(drawn: Head) -> None:
    with pytest.raises(Cancelled):
        masks_of(*drawn(), Job(cancelled=lambda: True))


def test_a_mixture_tells_colours_apart_and_has_no_chance_in_it() -> None:
    rng = np.random.default_rng(0)
    warm = np.concatenate([rng.normal(mean, 6, (4000, 3)) for mean in ((200, 140, 120), (90, 60, 50))])
    cold = rng.normal((120, 140, 190), 12, (500, 3))
    one, other = Mixture.of(warm, 3), Mixture.of(cold, 2)
    assert (one.log(warm) > other.log(warm)).mean() > 0.99
    assert (one.log(cold) < other.log(cold)).mean() > 0.99
    np.testing.assert_array_equal(one.log(cold), Mixture.of(warm, 3).log(cold))
    flat = Mixture.of(np.full((1, 3), 7.0), 3)
    assert np.isfinite(flat.log(warm[:5])).all()
