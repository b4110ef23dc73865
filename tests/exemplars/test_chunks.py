"""Pieces of an exemplar: equal to the words of the paper, pixel by pixel, with and without compiled loops."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from senga.errors import Cancelled
from senga.exemplars import chunks, seeds, votes
from senga.exemplars.chunks import Example, fill
from senga.exemplars.compiled import kernels
from senga.exemplars.lookup import STEPS, Guide, Sphere, Table, bins_of
from senga.job import Job

WAYS = [pytest.param(True, id="compiled"), pytest.param(False, id="numpy")]


def waves(height: int, width: int, seed: int) -> Guide:
    """A guide with slopes and edges."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width] / 17
    planes = [np.sin(x * a + y * b + c) for a, b, c in rng.uniform(-1, 1, (3, 3)) * (1, 1, 3)]
    shade = 128 + 70 * np.dstack(planes)
    shade[height // 3 :, width // 2 :] *= 0.7
    return shade.astype(np.uint8)


@pytest.fixture(params=WAYS)
def compiled(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    if request.param and kernels() is None:
        pytest.skip("numba is not installed")
    if not request.param:
        monkeypatch.setattr(chunks, "kernels", lambda: None)
        monkeypatch.setattr(votes, "kernels", lambda: None)
    return bool(request.param)


# ---- the paper's algorithm, written down as it is told


JITTER = np.random.default_rng(0).random((256, 256, 2))


def seed_near(p: tuple[int, int], h: int) -> tuple[int, int]:
    """The nearest seed of the 3 x 3 cells round a pixel (x, y) of a jittered grid."""
    period = min(256, seeds.TILE // h)
    found, best = (0, 0), math.inf
    for down in (-1, 0, 1):
        for across in (-1, 0, 1):
            b = p[0] // h + across, p[1] // h + down
            j = JITTER[b[1] % period, b[0] % period]
            q = math.floor(h * (b[0] + j[0])), math.floor(h * (b[1] + j[1]))
            far = math.hypot(q[0] - p[0], q[1] - p[1])
            if far < best:
                found, best = q, far
    return found


def told(example: Example, guide: Guide, threshold: int, shift: tuple[int, int]) -> Any:
    height, width = guide.shape[:2]
    tall, wide = example.guide.shape[:2]
    draws = seeds.draws()
    down, across = shift
    result = np.zeros((height, width, 2), np.int16)

    def lookup(x: int, y: int) -> tuple[int, int]:
        g = guide[min(max(y, 0), height - 1), min(max(x, 0), width - 1)]
        draw = draws[(y + down) % seeds.TILE, (x + across) % seeds.TILE]
        u = example.lookup.find(g, draw)
        return int(u[0]), int(u[1])

    for y in range(height):
        for x in range(width):
            result[y, x] = lookup(x, y)
            for level in (6, 5, 4, 3, 2, 1, 0):
                seed = seed_near((x + across, y + down), 1 << level)
                q = seed[0] - across, seed[1] - down
                u = lookup(*q)
                o = u[0] + x - q[0], u[1] + y - q[1]
                if not (0 <= o[0] < wide and 0 <= o[1] < tall):
                    continue
                e = np.abs(guide[y, x].astype(int) - example.guide[o[1], o[0]].astype(int)).sum()
                if e < threshold:
                    result[y, x] = o
                    break
    return result


@pytest.mark.parametrize(("size", "shift", "threshold"), [
    ((20, 27), (0, 0), 24), ((20, 27), (500, 490), 60), ((1, 1), (7, 9), 24), ((3, 70), (511, 511), 200),
])  # fmt: skip
def test_pieces_are_those_of_the_paper(
    compiled: bool, size: tuple[int, int], shift: tuple[int, int], threshold: int
) -> None:
    source = waves(50, 45, 3)
    example, guide = Example(source, Table.of(source)), waves(*size, 4)
    made = fill(example, guide, threshold, Job(threads=1), shift)
    assert np.array_equal(made, told(example, guide, threshold, shift))


def test_a_painted_sphere_is_looked_up_by_its_normals(compiled: bool) -> None:
    sphere = Sphere(30, 24)
    example = Example(sphere.guide(), sphere)
    larger = np.repeat(np.repeat(sphere.guide(), 2, axis=0), 2, axis=1)[:40, :30]
    made = fill(example, larger, 24, Job(threads=1))
    assert np.array_equal(made, told(example, larger, 24, (0, 0)))
    inside = (np.indices((30, 24)).transpose(1, 2, 0) - (14.5, 11.5)) / (15, 12)
    inside = np.hypot(*np.moveaxis(inside, -1, 0)) < 0.9
    found = sphere.find(sphere.guide(), np.zeros((30, 24), np.uint8))
    own = np.dstack(np.meshgrid(np.arange(24), np.arange(30)))
    assert np.abs(found - own)[inside].max() <= 1, "the closed form finds a pixel of the sphere where it is"


def test_an_exemplar_by_its_own_guide_gives_itself() -> None:
    source = np.dstack([*np.meshgrid(np.arange(64) * 4, np.arange(64) * 4), np.zeros((64, 64))]).astype(np.uint8)
    made = fill(Example(source, Table.of(source)), source, 1, Job(threads=2))
    assert np.array_equal(made, np.dstack(np.meshgrid(np.arange(64), np.arange(64))))


def test_higher_thresholds_give_larger_pieces() -> None:
    source, guide = waves(90, 80, 3), waves(70, 60, 4)
    example = Example(source, Table.of(source))
    here = np.dstack(np.meshgrid(np.arange(60), np.arange(70)))
    cuts = [
        (np.diff(fill(example, guide, threshold, Job(threads=1)) - here, axis=1) != 0).any(axis=2).mean()
        for threshold in (8, 24, 72, 200)
    ]
    assert cuts == sorted(cuts, reverse=True)
    assert cuts[-1] < cuts[0] / 2


def test_the_table_finds_the_nearest_numbers() -> None:
    rng = np.random.default_rng(5)
    guide = rng.integers(60, 200, (9, 11, 3), np.uint8)
    table = Table.of(guide, variants=3)
    asked = rng.integers(0, 256, (200, 3), np.uint8)
    mine = (guide >> 2).astype(int).reshape(-1, 3)
    for variant in range(3):
        found = table.find(asked, np.full(200, variant, np.uint8))
        gap = np.abs(guide[found[:, 1], found[:, 0]].astype(int) // 4 - asked // 4).sum(axis=1)
        assert np.array_equal(gap, np.abs(mine[None] - (asked // 4)[:, None]).sum(axis=2).min(axis=1))


def test_the_table_prefers_calm_places() -> None:
    guide = np.full((100, 100, 3), 100, np.uint8)
    guide[:, 60:] = np.random.default_rng(0).choice([100, 140], (100, 40))[:, :, None]
    table = Table.of(guide)
    places = table.places[table.owner[bins_of(np.full(3, 100, np.uint8))]]
    assert places.shape == (seeds.VARIANTS, 2)
    assert (places[:, 0] < 60).all()
    assert bins_of(np.full(3, 255, np.uint8)) == STEPS**3 - 1


# ---- voting


def voted(exemplar: Any, places: Any, radius: int) -> Any:
    height, width = places.shape[:2]
    result = np.zeros((height, width, 3), np.int16)
    for y in range(height):
        for x in range(width):
            heard = []
            for down in range(-radius, radius + 1):
                for across in range(-radius, radius + 1):
                    if 0 <= y + down < height and 0 <= x + across < width:
                        q = places[y + down, x + across] - np.array([across, down])
                        q = np.clip(q, 0, [exemplar.shape[1] - 1, exemplar.shape[0] - 1])
                        heard.append(exemplar[q[1], q[0]].astype(int))
            result[y, x] = (np.sum(heard, axis=0) + len(heard) // 2) // len(heard)
    return result


@pytest.mark.parametrize("radius", [0, 1, 3])
@pytest.mark.parametrize("size", [(1, 1), (5, 11), (140, 5)])
def test_votes_are_the_mean_of_what_neighbours_propose(compiled: bool, radius: int, size: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    exemplar = rng.integers(-200, 256, (20, 30, 3)).astype(np.int16)
    places = np.dstack([rng.integers(0, 30, size), rng.integers(0, 20, size)]).astype(np.int16)
    places[size[0] // 2 :] = np.dstack(np.meshgrid(np.arange(size[1]) % 30, np.arange(size[0]) % 20))[size[0] // 2 :]
    assert np.array_equal(votes.blended(exemplar, places, radius, Job(threads=2)), voted(exemplar, places, radius))


def test_large_pictures_are_equal_on_any_number_of_threads_and_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    source, guide = waves(120, 130, 3), waves(600, 530, 4)
    example, exemplar = Example(source, Table.of(source)), source.astype(np.int16)

    def made(threads: int) -> Any:
        return votes.blended(exemplar, fill(example, guide, 30, Job(threads=threads), (5, 6)), 2, Job(threads=threads))

    first = made(1)
    assert np.array_equal(first, made(4))
    for module in (chunks, votes):
        monkeypatch.setattr(module, "kernels", lambda: None)
    assert np.array_equal(first, made(3))


@pytest.mark.parametrize("act", [
    lambda job: fill(Example(waves(9, 9, 1), Table.of(waves(9, 9, 1))), waves(900, 900, 2), 24, job),
    lambda job: votes.blended(np.zeros((9, 9, 3), np.int16), np.zeros((900, 9, 2), np.int16), 1, job),
])  # fmt: skip
def test_both_can_be_cancelled(act: Callable[[Job], Any]) -> None:
    asked = iter(range(10))
    with pytest.raises(Cancelled):
        act(Job(cancelled=lambda: next(asked) > 1, threads=1))
