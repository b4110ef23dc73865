"""What numba compiles: plain loops over pixels. Import it through ``compiled.kernels``."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np


def _look(cells: Any, guide: Any, row: int, column: int, draw: int) -> Any:
    """Column and row of the exemplar for a pixel of a guide; see ``lookup.Cells``."""
    order, steps, counts, owner, places, variants = cells
    flat = np.int64(0)
    for axis in range(3):
        step = np.int64(guide[row, column, order[axis]]) // steps[axis]
        flat = flat * counts[axis] + min(max(step, 0), counts[axis] - 1)
    if owner.size:
        flat = np.int64(owner[flat])
    at = flat * variants + draw % variants
    return places[at, 0], places[at, 1]


def _chunks(guide: Any, source: Any, threshold: int, box: Any, origin: Any, tile: Any, cells: Any, out: Any) -> None:
    """Give every pixel of a block the piece of its largest cell that fits; see ``chunks.fill``.

    Args:
        guide: (H, W, 3) of the picture.
        source: (h, w, 3) of the exemplar.
        threshold: sum of differences below which a piece fits.
        box: first and last rows, first and last columns of the block.
        origin: row and column at which its tile begins.
        tile: see ``seeds.Tile``.
        cells: see ``lookup.Cells``.
        out: (H, W, 2) int16, written.
    """
    nearest, seeds, drawn, first, draws = tile
    tall, wide = source.shape[:2]
    moves, is_known = np.empty(seeds.shape, np.int32), np.zeros(len(seeds), np.bool_)
    for row in range(box[0], box[1]):
        for column in range(box[2], box[3]):
            down, across = row - origin[0], column - origin[1]
            found = False
            red, green, blue = (
                np.int64(guide[row, column, 0]),
                np.int64(guide[row, column, 1]),
                np.int64(guide[row, column, 2]),
            )
            for level in range(nearest.shape[0]):
                seed = first[level] + nearest[level, down, across]
                if not is_known[seed]:
                    there = min(max(seeds[seed, 1] + origin[0], 0), guide.shape[0] - 1)
                    here = min(max(seeds[seed, 0] + origin[1], 0), guide.shape[1] - 1)
                    x, y = look(cells, guide, there, here, drawn[seed])
                    moves[seed, 0], moves[seed, 1] = x - seeds[seed, 0], y - seeds[seed, 1]
                    is_known[seed] = True
                x, y = across + moves[seed, 0], down + moves[seed, 1]
                if x < 0 or y < 0 or x >= wide or y >= tall:
                    continue
                gap = abs(red - source[y, x, 0]) + abs(green - source[y, x, 1]) + abs(blue - source[y, x, 2])
                if gap < threshold:
                    out[row, column, 0], out[row, column, 1] = x, y
                    found = True
                    break
            if not found:
                x, y = look(cells, guide, row, column, draws[down, across])
                out[row, column, 0], out[row, column, 1] = x, y


def _votes(exemplar: Any, places: Any, radius: int, top: int, bottom: int, out: Any) -> None:
    """The colours of rows ``top`` to ``bottom``, see ``votes.blended``."""
    height, width = places.shape[:2]
    tall, wide = exemplar.shape[0] - 1, exemplar.shape[1] - 1
    x: Any
    y: Any
    across, down, is_upright = np.empty(width, np.int32), np.empty(width, np.int32), np.empty(width, np.bool_)
    for row in range(top, bottom):
        low, high = max(0, row - radius), min(height, row + radius + 1)
        for column in range(width):  # what agrees above and below
            x, y = np.int32(places[row, column, 0]), np.int32(places[row, column, 1])
            agrees = True
            for j in range(low, high):
                agrees &= (places[j, column, 0] == x) & (places[j, column, 1] == y + (j - row))
            across[column], down[column], is_upright[column] = x - column, y - row, agrees
        for column in range(width):
            left, right = max(0, column - radius), min(width, column + radius + 1)
            agrees = True
            for i in range(left, right):
                agrees &= is_upright[i] & (across[i] == across[column]) & (down[i] == down[column])
            if agrees:
                x, y = places[row, column, 0], places[row, column, 1]
                for channel in range(3):
                    out[row, column, channel] = exemplar[y, x, channel]
                continue
            red = green = blue = r = g = b = np.int64(0)
            last_x = last_y = np.int64(-(1 << 40))
            for j in range(low, high):
                for i in range(left, right):
                    x, y = np.int64(places[j, i, 0]) - i + column, np.int64(places[j, i, 1]) - j + row
                    if x != last_x or y != last_y:  # most neighbours propose what the one before did
                        last_x, last_y = x, y
                        x, y = min(max(x, 0), wide), min(max(y, 0), tall)
                        r, g, b = np.int64(exemplar[y, x, 0]), np.int64(exemplar[y, x, 1]), np.int64(exemplar[y, x, 2])
                    red += r
                    green += g
                    blue += b
            count = (high - low) * (right - left)
            half = count // 2
            out[row, column, 0] = (red + half) // count
            out[row, column, 1] = (green + half) // count
            out[row, column, 2] = (blue + half) // count


def _gap(
    source: Any, picture: Any, weights: Any, radius: int, column: int, row: int, x: int, y: int, limit: float
) -> Any:
    """The squared differences of two patches; what exceeds the limit need not be exact."""
    height, width = picture.shape[:2]
    tall, wide = source.shape[0] - 1, source.shape[1] - 1
    total = np.int64(0)
    for down in range(max(-radius, -row), min(radius, height - 1 - row) + 1):
        j = min(max(y + down, 0), tall)
        for across in range(max(-radius, -column), min(radius, width - 1 - column) + 1):
            i = min(max(x + across, 0), wide)
            for channel in range(weights.shape[0]):
                gap = np.int64(source[j, i, channel]) - np.int64(picture[row + down, column + across, channel])
                total += weights[channel] * gap * gap
        if total > limit:
            break
    return total


def _errors(source: Any, picture: Any, weights: Any, radius: int, places: Any, top: int, bottom: int, out: Any) -> None:
    """See ``patches.errors``."""
    for row in range(top, bottom):
        for column in range(places.shape[1]):
            x, y = places[row, column, 0], places[row, column, 1]
            out[row, column] = gap(source, picture, weights, radius, column, row, x, y, np.inf)


def _improve(
    source: Any, picture: Any, weights: Any, radius: int, places: Any, active: Any, allowed: Any,
    state: Any, worn: Any, top: int, bottom: int, found: Any, errors: Any,
) -> None:  # fmt: skip
    """See ``patches.improve``."""
    height, width = source.shape[:2]
    for row in range(top, bottom):
        for column in range(places.shape[1]):
            if not active[row, column]:
                continue
            best_x, best_y = np.int64(places[row, column, 0]), np.int64(places[row, column, 1])
            best_error = errors[row, column]
            best = best_error + worn[best_y, best_x]
            draw, reach, turn = np.uint64(state[row, column]), max(width, height), 0
            while reach >= 1:
                if turn < 4:
                    near_column = min(max(column + (turn == 2) - (turn == 0), 0), places.shape[1] - 1)
                    near_row = min(max(row + (turn == 3) - (turn == 1), 0), places.shape[0] - 1)
                    x = np.int64(places[near_row, near_column, 0]) - (near_column - column)
                    y = np.int64(places[near_row, near_column, 1]) - (near_row - row)
                    turn += 1
                else:
                    draw = (draw * np.uint64(1664525) + np.uint64(1013904223)) & np.uint64(0xFFFFFFFF)
                    x = best_x - reach + np.int64(draw >> np.uint64(8)) % (2 * reach + 1)
                    draw = (draw * np.uint64(1664525) + np.uint64(1013904223)) & np.uint64(0xFFFFFFFF)
                    y = best_y - reach + np.int64(draw >> np.uint64(8)) % (2 * reach + 1)
                    reach //= 2
                x, y = min(max(x, 0), width - 1), min(max(y, 0), height - 1)
                if not allowed[y, x] or (x == best_x and y == best_y):
                    continue
                error = gap(source, picture, weights, radius, column, row, x, y, best - worn[y, x])
                if error + worn[y, x] < best:
                    best, best_error, best_x, best_y = error + worn[y, x], error, x, y
            found[row, column, 0], found[row, column, 1] = best_x, best_y
            errors[row, column] = best_error


def _compiled(loop: Any) -> Any:
    """The machine code of a loop, kept where a folder for it can be made."""
    try:
        return numba.njit(nogil=True, cache=True)(loop)
    except RuntimeError:  # there is no such folder
        return numba.njit(nogil=True)(loop)


look: Any = _compiled(_look)
chunks: Any = _compiled(_chunks)
votes: Any = _compiled(_votes)
gap: Any = _compiled(_gap)
errors: Any = _compiled(_errors)
improve: Any = _compiled(_improve)
