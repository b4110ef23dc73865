"""The search of one pass in NumPy: the same places as the compiled loops, for all pixels of some rows at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

NEIGHBOURS = ((-1, 0), (0, -1), (1, 0), (0, 1))
"""Column and row, in the order in which they are asked."""


def errors(source: Any, picture: Any, weights: Any, radius: int, places: Any, top: int, bottom: int, out: Any) -> None:
    """The squared differences of each pixel's patch to that at its place, where both lie in their pictures."""
    row, column = np.mgrid[top:bottom, 0 : places.shape[1]].reshape(2, -1)
    x, y = places[row, column, 0].astype(np.int64), places[row, column, 1].astype(np.int64)
    out[top:bottom] = _gaps(source, picture, weights, radius, column, row, x, y).reshape(bottom - top, -1)


def _gaps(source: Any, picture: Any, weights: Any, radius: int, column: Any, row: Any, x: Any, y: Any) -> Any:
    height, width = picture.shape[:2]
    total = np.zeros(row.shape, np.int64)
    for down in range(-radius, radius + 1):
        for across in range(-radius, radius + 1):
            inside = (row + down >= 0) & (row + down < height) & (column + across >= 0) & (column + across < width)
            there = source[_within(y + down, source.shape[0]), _within(x + across, source.shape[1])]
            here = picture[_within(row + down, height), _within(column + across, width)]
            gap = there.astype(np.int64) - here
            total += np.where(inside, (gap * gap) @ weights, 0)
    return total


def _within(places: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    return np.clip(places, 0, count - 1)


def improve(
    source: Any, picture: Any, weights: Any, radius: int, places: Any, active: Any, allowed: Any,
    state: Any, worn: Any, top: int, bottom: int, found: Any, errors: Any,
) -> None:  # fmt: skip
    """Better places for the active pixels of some rows: those of neighbours, shifted, and random ones near the best."""
    row, column = np.nonzero(active[top:bottom])
    row = row + top
    height, width = source.shape[:2]
    best_x, best_y = (places[row, column, axis].astype(np.int64) for axis in (0, 1))
    best_error = errors[row, column]
    best = best_error + worn[best_y, best_x]
    draw = state[row, column].astype(np.uint64)

    def ask(x: Any, y: Any) -> None:
        x, y = _within(x, width), _within(y, height)
        gap = _gaps(source, picture, weights, radius, column, row, x, y)
        score = gap + worn[y, x]
        better = (score < best) & allowed[y, x]
        for values, new in ((best_x, x), (best_y, y), (best_error, gap), (best, score)):
            values[better] = new[better]

    for across, down in NEIGHBOURS:
        near_row, near_column = _within(row + down, places.shape[0]), _within(column + across, places.shape[1])
        near = places[near_row, near_column].astype(np.int64)
        ask(near[:, 0] - (near_column - column), near[:, 1] - (near_row - row))
    reach = max(width, height)
    while reach >= 1:
        draw = (draw * 1664525 + 1013904223) & 0xFFFFFFFF
        x = best_x - reach + (draw >> 8).astype(np.int64) % (2 * reach + 1)
        draw = (draw * 1664525 + 1013904223) & 0xFFFFFFFF
        y = best_y - reach + (draw >> 8).astype(np.int64) % (2 * reach + 1)
        ask(x, y)
        reach //= 2
    found[row, column, 0], found[row, column, 1] = best_x, best_y
    errors[row, column] = best_error
