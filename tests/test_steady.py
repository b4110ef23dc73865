"""Steadied films: less flicker in what moves and what stands still, nothing of what changes is held back."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from senga.image import Animation, Frame, Image
from senga.ops.motion import motion, moved
from senga.registry import plugins
from senga.steady import Steadier
from senga.work import Work

HEIGHT, WIDTH, COUNT = 90, 120, 8


def scene(shift: float, seed: int = 3) -> np.ndarray[Any, Any]:
    """Something smooth with edges, seen by a camera that moves to the right."""
    noise = np.random.default_rng(seed).random((HEIGHT, 2 * WIDTH)).astype(np.float32)
    wide = cv2.GaussianBlur(noise, (0, 0), 3)
    wide = np.where(wide > wide.mean(), 200, 60).astype(np.float32)
    grid = np.indices((HEIGHT, WIDTH), np.float32)
    part = cv2.remap(cv2.GaussianBlur(wide, (0, 0), 1), grid[1] + np.float32(shift), grid[0], cv2.INTER_CUBIC)
    return np.dstack([part, part * 0.8, part * 0.9]).clip(0, 255).astype(np.uint8)


def flickering(picture: np.ndarray[Any, Any], number: int) -> np.ndarray[Any, Any]:
    """The picture in another light from frame to frame, here brighter and there darker."""
    light = cv2.resize(np.random.default_rng(number).normal(0, 12, (5, 6)).astype(np.float32), (WIDTH, HEIGHT))
    return (picture + light[:, :, None]).clip(0, 255).astype(np.uint8)


def warp_error(film: list[Any], pace: float) -> float:
    """Mean difference to the last frame where that must be, the border left out."""
    flow = np.zeros((HEIGHT, WIDTH, 2), np.float32)
    flow[:, :, 0] = pace
    wide = [frame.astype(np.float32) for frame in film]
    pairs = zip(wide[1:], wide[:-1], strict=True)
    return float(np.mean([np.abs(now - moved(before, flow))[8:-8, 8:-8].mean() for now, before in pairs]))


def sharpness(film: list[Any]) -> float:
    return float(np.mean([cv2.Laplacian(frame.astype(np.float32), cv2.CV_32F)[8:-8, 8:-16].var() for frame in film]))


@pytest.mark.parametrize("pace", [0.0, 2.3])
def test_flicker_is_more_than_halved_and_sharpness_kept(pace: float) -> None:
    film = [scene(pace * number) for number in range(COUNT)]
    painted = [flickering(frame, number) for number, frame in enumerate(film)]
    steadier = Steadier()
    shown = [steadier(Image(source), Image(result)).pixels for source, result in zip(film, painted, strict=True)]
    assert np.array_equal(shown[0], painted[0])
    assert warp_error(shown, pace) < 0.45 * warp_error(painted, pace)
    assert 0.97 < sharpness(shown) / sharpness(painted) < 1.03


def test_a_cut_begins_anew() -> None:
    one, other = scene(0), scene(0, seed=9)
    steadier = Steadier()
    steadier(Image(one), Image(255 - one))
    assert np.array_equal(steadier(Image(other), Image(255 - other)).pixels, 255 - other)


def test_what_appears_is_not_held_back() -> None:
    """Something bright comes into the picture, in the film and in what is painted of it."""
    before, after = scene(0), scene(0)
    after[30:60, 40:80] = (250, 20, 20)
    steadier = Steadier()
    steadier(Image(before), Image(before))
    shown = steadier(Image(after), Image(after)).pixels.astype(int)
    assert np.abs(shown - after)[34:56, 44:76].mean() < 4


def test_what_is_not_selected_stays_as_it_is() -> None:
    film = [scene(2.0 * number) for number in range(3)]
    selected = np.zeros((HEIGHT, WIDTH), np.uint8)
    selected[:, 60:] = 1
    steadier = Steadier(selected)
    for number, source in enumerate(film):
        painted = source.copy()
        painted[:, 60:] = flickering(source, number)[:, 60:]
        shown = steadier(Image(source), Image(painted)).pixels
        assert np.array_equal(shown[:, :60], source[:, :60])


@pytest.mark.parametrize("depth", [np.uint8, np.uint16, np.float32])
def test_depth_transparency_and_other_sizes(depth: Any) -> None:
    full = {np.uint8: 255, np.uint16: 65535, np.float32: 1.0}[depth]
    steadier = Steadier()
    for number in range(2):
        source = Image((scene(number) / 255 * full).astype(depth), np.full((HEIGHT, WIDTH), full, depth))
        result = Image(source.pixels[::2, ::2], source.pixels[::2, ::2, 0])
        shown = steadier(source, result)
        assert shown.pixels.dtype == depth
        assert shown.pixels.shape == (45, 60, 3)
        assert shown.alpha is result.alpha


def test_films_are_steadied_where_that_is_asked_for() -> None:
    film = [scene(0) for _ in range(4)]
    frames = [Frame(Image(flickering(frame, number))) for number, frame in enumerate(film)]
    source = Animation(lambda: iter(frames), HEIGHT, WIDTH, 4)
    shown = {}
    for steady in (False, True):
        result = Work.of(plugins(), "posterize", steady=steady).run(plugins(), source)
        assert isinstance(result, Animation)
        shown[steady] = [frame.image.pixels for frame in result.frames()]
    assert warp_error(shown[True], 0) < warp_error(shown[False], 0)
    assert np.array_equal(shown[True][0], shown[False][0])


def test_films_in_the_manner_of_a_painting_flicker_less_and_stay_sharp() -> None:
    """A network's brushwork hangs on the noise of the film and boils with it."""
    rng = np.random.default_rng(5)
    film = [(scene(2.0 * i) + rng.normal(0, 2, (HEIGHT, WIDTH, 1))).clip(0, 255).astype(np.uint8) for i in range(5)]
    source = Animation(lambda: iter([Frame(Image(frame)) for frame in film]), HEIGHT, WIDTH, len(film))
    shown = {}
    for steady in (False, True):
        result = Work.of(plugins(), "fast-style", steady=steady).run(plugins(), source)
        assert isinstance(result, Animation)
        shown[steady] = [frame.image.pixels for frame in result.frames()]
    assert warp_error(shown[False], 2.0) > 2 * warp_error(film, 2.0)
    assert warp_error(shown[True], 2.0) < 0.6 * warp_error(shown[False], 2.0)
    assert sharpness(shown[True]) > 0.95 * sharpness(shown[False])


@pytest.mark.parametrize("size", [(1, 1), (5, 300), (11, 11), (700, 500)])
def test_motion_of_any_size(size: tuple[int, int]) -> None:
    grey = np.random.default_rng(1).integers(0, 255, size, np.uint8)
    found = motion(grey, grey)
    assert found.flow.shape == (*size, 2)
    assert found.trust.shape == size
    assert np.abs(found.flow).max() < 0.5
    assert found.trust.min() > 0.5


def test_strokes_stay_whole_where_nothing_moves() -> None:
    """Each place comes from one frame: where the film stands still it stays to the bit, elsewhere it is new."""
    rng = np.random.default_rng(2)
    one, other = scene(0), scene(0)
    other[:, 80:] = scene(0, seed=7)[:, 80:]
    drawn = [110 + 30 * rng.integers(0, 2, (HEIGHT, WIDTH, 1), np.uint8).repeat(3, 2) for _ in range(2)]
    steadier = Steadier(strokes=True)
    steadier(Image(one), Image(drawn[0]))
    shown = steadier(Image(other), Image(drawn[1])).pixels
    assert (shown[10:-10, 10:60] == drawn[0][10:-10, 10:60]).mean() > 0.99
    assert (shown[10:-10, 95:-5] == drawn[1][10:-10, 95:-5]).mean() > 0.6
    tone = [each.copy() for each in drawn]
    tone[1][:] = 255 - tone[1] // 4
    shown = steadier(Image(other), Image(tone[1])).pixels
    assert np.abs(shown[10:-10, 10:-10].astype(int) - tone[1][10:-10, 10:-10]).mean() < 4  # the tone wins


def test_strokes_that_move_are_drawn_anew_in_time() -> None:
    """What is carried becomes soft; every place is as new after some frames."""
    steadier = Steadier(strokes=True)
    marks = [np.full((HEIGHT, WIDTH, 3), 100 + 3 * (number % 2), np.uint8) for number in range(2)]
    steadier(Image(scene(0)), Image(marks[0]))
    for number in range(1, 40):
        shown = steadier(Image(scene(2.0 * number)), Image(marks[1])).pixels
    assert np.abs(shown[:, :-8].astype(int) - marks[1][:, :-8]).max() <= 1


@pytest.mark.parametrize("boil", [False, True])
def test_strokes_stay_unless_they_are_to_boil(boil: bool) -> None:
    frames = [Frame(Image(scene(0))) for _ in range(2)]
    source = Animation(lambda: iter(frames), HEIGHT, WIDTH, 2)
    result = Work.of(plugins(), "sketch", boil=boil).run(plugins(), source)
    assert isinstance(result, Animation)
    first, second = (frame.image.pixels for frame in result.frames())
    assert np.array_equal(first, second) is not boil
