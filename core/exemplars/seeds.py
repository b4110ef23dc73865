"""Jittered grids of seeds, and for every pixel the nearest one: a tile that repeats, made once and kept.

Level ``n`` has one seed in each cell of 2^n pixels. A pixel belongs to the nearest seed of the 3 x 3 cells around it.
The grids repeat after ``TILE`` pixels; shifting the tile gives other grids, which is how seeds and films vary.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

TILE = 512
"""Pixels after which the grids repeat."""
LEVELS = (6, 5, 4, 3, 2, 1)
"""From the largest cells, of 64 pixels, to the smallest; below them every pixel is a seed."""
VARIANTS = 16
"""Draws of a pixel among equally good places of an exemplar."""


@dataclass(frozen=True, eq=False)
class Grid:
    """One level.

    Attributes:
        seeds: ((cells + 2)^2, 2) int32: column and row of the seed of each cell, from one cell before the tile.
        nearest: (TILE, TILE) int32: which of the seeds is nearest.
        drawn: ((cells + 2)^2,) numbers of ``draws`` at the seeds.
    """

    seeds: NDArray[np.int32]
    nearest: NDArray[np.int32]
    drawn: NDArray[np.uint8]


@lru_cache(maxsize=1)
def grids() -> tuple[Grid, ...]:
    """The grids of ``LEVELS``."""
    jitter = np.random.default_rng(0).random((256, 256, 2))
    return tuple(_grid(1 << level, jitter) for level in LEVELS)


Tile = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.uint8], NDArray[np.int64], NDArray[np.uint8]]
"""All levels one behind the other: (levels, TILE, TILE) nearest seeds, (all seeds, 2), their draws, where the seeds of
each level begin, and the draws of pixels."""


@lru_cache(maxsize=1)
def tile() -> Tile:
    """The grids as compiled loops take them."""
    first = np.cumsum([0, *(len(grid.seeds) for grid in grids()[:-1])]).astype(np.int64)
    seeds, drawn = (np.concatenate([getattr(grid, name) for grid in grids()]) for name in ("seeds", "drawn"))
    return np.stack([grid.nearest for grid in grids()]), seeds, drawn, first, draws()


@lru_cache(maxsize=1)
def draws() -> NDArray[np.uint8]:
    """(TILE, TILE) numbers below ``VARIANTS``."""
    return np.random.default_rng(1).integers(0, VARIANTS, (TILE, TILE), np.uint8)


def _grid(side: int, jitter: NDArray[np.float64]) -> Grid:
    count = TILE // side
    across, down = np.meshgrid(*[np.arange(-1, count + 1)] * 2)
    drawn = jitter[down % count, across % count]
    seeds = np.floor(side * (np.dstack([across, down]) + drawn)).astype(np.int32)
    flat = seeds.reshape(-1, 2)  # (cells, 2)
    return Grid(flat, _nearest(side, seeds), draws()[flat[:, 1] % TILE, flat[:, 0] % TILE])


def _nearest(side: int, seeds: NDArray[np.int32]) -> NDArray[np.int32]:
    """The number of the nearest seed of each pixel; of equally near ones the first, row by row."""
    place = np.arange(TILE, dtype=np.int32)
    own = place // side + 1
    best = np.full((TILE, TILE), np.iinfo(np.int32).max, np.int32)
    found = np.zeros((TILE, TILE), np.int32)
    for down in (own - 1, own, own + 1):
        for across in (own - 1, own, own + 1):
            x, y = (seeds[down[:, None], across[None], axis] for axis in (0, 1))
            far = (x - place) ** 2 + (y - place[:, None]) ** 2
            number = down[:, None] * len(seeds) + across[None]
            nearer = far < best
            np.copyto(best, far, where=nearer)
            np.copyto(found, number, where=nearer, casting="unsafe")
    return found
