"""The cube of places: the best one for every cell, and a portrait by its own guide is itself."""

from __future__ import annotations

import numpy as np

from senga.exemplars.chunks import Example, fill
from senga.exemplars.cube import LEVELS, ROOM, Cube
from senga.job import Job

NO_DRAW = np.zeros(1, np.uint8)


def guide_of(height: int, width: int, step: int, seed: int = 0) -> np.ndarray:  # type: ignore[type-arg]
    light = np.random.default_rng(seed).integers(0, 512, (height, width))
    across, down = np.meshgrid(np.arange(width) * step, np.arange(height) * step)
    return np.dstack([across, down, light]).astype(np.int16)


def test_the_best_place_of_all_is_found() -> None:
    guide = guide_of(9, 12, 5)
    cube = Cube.of(guide, 512)
    rng = np.random.default_rng(1)
    asked = np.stack([rng.integers(0, 60, 300), rng.integers(0, 45, 300), rng.integers(0, 512, 300)], axis=-1)
    steps = np.array([cube.side, cube.side, cube.deep])
    found = cube.find(asked.astype(np.int16), NO_DRAW)
    cells = guide.reshape(-1, 3) // steps  # (9 * 12, 3)
    wanted = np.clip(asked // steps, 0, [cube.places.shape[1] - 1, cube.places.shape[0] - 1, LEVELS - 1])
    gaps = (np.abs(cells[None] - wanted[:, None]) * steps).sum(axis=2)
    mine = gaps[np.arange(300), found[:, 1].astype(int) * 12 + found[:, 0]]
    assert np.array_equal(mine, gaps.min(axis=1))


def test_a_portrait_by_its_own_guide_is_itself() -> None:
    guide = guide_of(40, 50, 9)
    made = fill(Example(guide, Cube.of(guide, 512)), guide, 1, Job(threads=2))
    assert np.array_equal(made, np.dstack(np.meshgrid(np.arange(50), np.arange(40))))


def test_a_place_beyond_the_portrait_gets_its_border() -> None:
    guide = guide_of(6, 7, 9)
    found = Cube.of(guide, 512).find(np.array([[-500, -500, 0], [9000, 9000, 511]], np.int16), NO_DRAW)
    assert ((found >= 0) & (found < (7, 6))).all()


def test_a_cube_keeps_to_its_room() -> None:
    guide = guide_of(300, 400, 40)
    assert Cube.of(guide, 512).places.nbytes <= ROOM <= 64 << 20
