"""What is carried from frame to frame in films of painted faces: where it goes, what it keeps, when it ends."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from senga.image import Image, to_depth
from senga.plugins.example.face_steady import Carried, mixed

SIZE = 160, 200


def scene(seed: int, sigma: float = 3.0) -> Any:
    """(H, W, 3) bytes: something that motion can be seen in."""
    noise = np.random.default_rng(seed).normal(0, 1, (*SIZE, 3)).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), sigma)
    return np.clip(128 + 45 * soft / soft.std(), 0, 255).astype(np.uint8)


def steepness(pixels: Any) -> float:
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return float((cv2.Sobel(grey, cv2.CV_32F, 1, 0) ** 2 + cv2.Sobel(grey, cv2.CV_32F, 0, 1) ** 2).mean())


def test_what_was_painted_goes_where_the_film_goes() -> None:
    film, painting = scene(0), scene(1)
    carried = Carried(Image(np.roll(film, 5, axis=1)), Image(film))
    moved = carried.moved(painting)
    inside = np.s_[20:-20, 30:-30]
    assert np.abs(moved[inside].astype(int) - np.roll(painting, 5, axis=1)[inside]).mean() < 4
    assert not carried.is_cut
    assert carried.unlike[inside].mean() < 3


def test_noise_of_paintings_is_less_and_edges_stay_as_steep() -> None:
    rng, film, painting = np.random.default_rng(3), scene(0), scene(1, 1.5)
    shown, changes, plain_changes, last = Image(painting), [], [], painting
    for number in range(1, 9):
        now, before = (np.roll(film, 2 * at, axis=0) for at in (number, number - 1))
        plain = np.clip(np.roll(painting, 2 * number, axis=0) + rng.normal(0, 20, painting.shape), 0, 255)
        plain = plain.astype(np.uint8)
        made = mixed(Image(plain), shown, Carried(Image(now), Image(before)), 0.85)
        inside = np.s_[20:-20, 20:-20]
        for new, old, kept in ((made.pixels, shown.pixels, changes), (plain, last, plain_changes)):
            kept.append(np.abs(new.astype(int) - np.roll(old, 2, axis=0))[inside].mean())
        shown, last = made, plain
    assert np.mean(changes[3:]) < 0.5 * np.mean(plain_changes[3:])
    assert 0.9 < steepness(shown.pixels) / steepness(last) < 1.1


@pytest.mark.parametrize("depth", ["uint16", "float32"])
def test_other_depths_are_mixed_likewise_and_finer(depth: str) -> None:
    film, before, new = scene(0), scene(1), scene(2)
    carried = Carried(Image(np.roll(film, 1, axis=1)), Image(film))
    bytes_made = mixed(Image(new), Image(before), carried, 0.8).pixels
    deep = mixed(*(Image(to_depth(each, depth)) for each in (new, before)), carried, 0.8).pixels
    assert deep.dtype == depth
    assert np.abs(to_depth(deep, np.uint8).astype(int) - bytes_made).mean() < 1
    assert len(np.unique(deep)) > 256


def test_nothing_is_carried_over_a_cut() -> None:
    painted = Image(scene(4))
    dark, light = (Image(np.full((*SIZE, 3), value, np.uint8)) for value in (20, 220))
    carried = Carried(dark, light)
    assert carried.is_cut
    assert mixed(painted, Image(scene(5)), carried, 0.9) is painted


def test_where_the_film_has_changed_the_new_painting_is_shown() -> None:
    film, now = scene(0), scene(0)
    now[40:100, 60:140] = scene(7)[40:100, 60:140]
    new, old = (np.full((*SIZE, 3), value, np.uint8) for value in (60, 200))
    made = mixed(Image(new), Image(old), Carried(Image(now), Image(film)), 0.85).pixels
    still, changed = made[:30, :40].mean(), made[60:80, 85:115].mean()
    assert still > 170
    assert changed < still - 20
