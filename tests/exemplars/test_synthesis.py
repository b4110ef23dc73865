"""Guided synthesis: what its energy promises, and that NumPy and the compiled loops agree."""

from __future__ import annotations

import time
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from senga.errors import Cancelled
from senga.exemplars import matching, synthesis, votes
from senga.exemplars.compiled import kernels
from senga.exemplars.matching import Level, Matching
from senga.exemplars.synthesis import WEIGHT, Options, Pair, synthesised
from senga.job import Job
from senga.testing import sample

STYLE = sample(36, 44, 1).pixels
GUIDE = np.dstack([STYLE.mean(axis=2)] * 2).astype(np.uint8)
TARGET = np.dstack([sample(40, 30, 2).pixels.mean(axis=2)] * 2).astype(np.uint8)
PAIRS = [Pair(GUIDE, TARGET, 2.0)]
QUICK = Options(rounds=2, passes=2)


def made(options: Options = QUICK, threads: int = 2, **more: Any) -> Any:
    return synthesised(STYLE, PAIRS, options, Job(threads=threads), **more)


@pytest.mark.parametrize("uniformity", [0.0, 3500.0, 50_000.0])
def test_the_energy_never_rises_on_a_level(uniformity: float) -> None:
    told: list[tuple[str, float]] = []
    made(Options(uniformity=uniformity, rounds=3), heard=lambda what, energy: told.append((what, energy)))
    assert {what.split()[1] for what, _ in told} == {"0", "1"}
    for (first, before), (second, after) in pairwise(told):
        assert first[-1] != second[-1] or after <= before, f"{second}: {before} became {after}"
    assert told[-1][1] < told[0][1]


def test_the_energy_is_what_it_says() -> None:
    level = Level.of(np.dstack([STYLE, GUIDE]), TARGET, synthesis._weights(PAIRS), np.ones(STYLE.shape[:2], bool))
    it = Matching(level, QUICK, level.first(np.random.default_rng(0)))
    it.vote(Job())
    picture = votes.blended(STYLE.astype(np.int16), it.places, 2, Job())
    whole, used = np.dstack([picture, TARGET]).astype(int), np.zeros((36 + 4, 44 + 4))
    source = np.dstack([STYLE, GUIDE]).astype(int)
    weights = np.rint(WEIGHT * np.array([1 / 3] * 3 + [1.0] * 2)) / WEIGHT
    total = 0.0
    for y in range(40):
        for x in range(30):
            p = it.places[y, x]
            used[p[1] : p[1] + 5, p[0] : p[0] + 5] += 1
            for down in range(-2, 3):
                for across in range(-2, 3):
                    if 0 <= y + down < 40 and 0 <= x + across < 30:
                        there = source[np.clip(p[1] + down, 0, 35), np.clip(p[0] + across, 0, 43)]
                        total += ((there - whole[y + down, x + across]) ** 2) @ weights
    best = 40 * 30 / (36 * 44) * 25
    total += 0.5 * 3500 / (25 * best) * (used[2:-2, 2:-2] ** 2).sum()
    assert it.energy() == pytest.approx(total, rel=1e-9)


def test_equal_seeds_give_equal_places_on_any_number_of_threads() -> None:
    first = made(threads=1)
    assert np.array_equal(first, made(threads=4))
    assert not np.array_equal(first, made(Options(rounds=2, passes=2, seed=2)))


def test_compiled_loops_and_numpy_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    if kernels() is None:
        pytest.skip("numba is not installed")
    options = Options(rounds=1, passes=2, fine=True)
    first = made(options)
    for module in (matching, votes):
        monkeypatch.setattr(module, "kernels", lambda: None)
    assert np.array_equal(first, made(options))


def test_an_exemplar_guided_by_itself_comes_back() -> None:
    pair = Pair(STYLE, STYLE, 2.0)
    places = synthesised(STYLE, [pair], Options(uniformity=0), Job())
    picture = votes.blended(STYLE.astype(np.int16), places, 2, Job())
    assert np.abs(picture - STYLE).mean() < 3


def test_uniformity_spreads_over_the_exemplar() -> None:
    def unevenness(uniformity: float) -> float:
        places = made(Options(uniformity=uniformity))
        used = np.bincount(places[..., 1].ravel() // 6 * 8 + places[..., 0].ravel() // 6, minlength=48)
        return float(used.std())

    assert unevenness(200_000) < 0.75 * unevenness(0)


def test_only_allowed_places_are_used() -> None:
    allowed = np.zeros(STYLE.shape[:2], bool)
    allowed[:, :19] = True
    places = made(allowed=allowed)
    assert (places[..., 0] < 19).all()
    assert made(allowed=np.zeros(STYLE.shape[:2], bool)).shape == (40, 30, 2), "a mask that forbids all is none"


def test_guides_that_weigh_more_are_followed_more_closely() -> None:
    def gap(weight: float) -> float:
        places = synthesised(STYLE, [Pair(GUIDE, TARGET, weight)], QUICK, Job())
        return float(np.abs(GUIDE[places[..., 1], places[..., 0]].astype(int) - TARGET).mean())

    assert gap(20) < gap(0.05)


@pytest.mark.parametrize("size", [(1, 1), (2, 40), (3, 3)])
def test_tiny_pictures_and_exemplars_are_synthesised(size: tuple[int, int]) -> None:
    tiny = sample(*size).pixels
    assert synthesised(STYLE, [Pair(STYLE, tiny)], QUICK, Job()).shape == (*size, 2)
    places = synthesised(tiny, [Pair(tiny, STYLE)], QUICK, Job())
    assert (places >= 0).all()
    assert (places < np.array(size[::-1])).all()


def test_a_cancel_is_heard_within_a_second() -> None:
    large = sample(300, 300).pixels
    asked: list[float] = []

    def cancelled() -> bool:
        asked.append(time.monotonic())
        return len(asked) > 60

    with pytest.raises(Cancelled):
        synthesised(large, [Pair(large, large)], Options(), Job(cancelled=cancelled))
    gaps = np.diff(asked)
    assert len(asked) == 61
    assert np.median(gaps) < 1
