"""StyleBlit: a picture put together from the largest pieces of an exemplar whose guide fits.

For each pixel the seeds of ever finer grids are asked, see ``seeds``. A seed looks up where in the exemplar the guide
has its numbers; its whole cell is copied from there, shifted, as far as the guides differ by less than the threshold
and the exemplar reaches. What no seed serves is looked up pixel by pixel.

Reference: Sýkora, Jamriška, Texler, Fišer, Lukáč, Lu, Shechtman: StyleBlit: Fast example-based stylization with local
guidance. Computer Graphics Forum 38(2), 2019, doi:10.1111/cgf.13621.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from senga.job import Job
from senga.ops.banded import each_band

from .compiled import kernels
from .lookup import Lookup, Places
from .seeds import TILE, Grid, draws, grids, tile


@dataclass(frozen=True, eq=False)
class Example:
    """An exemplar's guide, ready for use.

    Attributes:
        guide: (h, w, 3) bytes, or whole numbers of 16 bits where the lookup takes them.
        lookup: where its numbers are.
    """

    guide: NDArray[Any]
    lookup: Lookup


def fill(example: Example, guide: NDArray[Any], threshold: int, job: Job, shift: tuple[int, int] = (0, 0)) -> Places:
    """Where in the exemplar every pixel of a picture is taken from.

    Args:
        example: the exemplar's guide.
        guide: (H, W, 3): that of the picture, in the numbers of the exemplar's.
        threshold: how much the guides may differ: pieces fit where the sum over the channels, 0..255 each, is less.
        job: progress, cancel, threads.
        shift: rows and columns by which the grids are shifted, below ``TILE``.

    Returns:
        (H, W, 2) int16: columns and rows of the exemplar.
    """
    height, width = guide.shape[:2]
    guide = np.ascontiguousarray(guide)
    found = np.zeros((height, width, 2), np.int16)
    blocks = list(_blocks(height, width, shift))
    tile()

    def one(number: slice) -> None:
        _Block(example, guide, blocks[number.start]).fill(found, threshold)

    each_band(one, [slice(i, i + 1) for i in range(len(blocks))], job)
    return found


def _blocks(height: int, width: int, shift: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """The rows and columns at which the tiles begin that cover a picture."""
    for top in range(-shift[0], height, TILE):
        yield from ((top, left) for left in range(-shift[1], width, TILE) if top + TILE > 0 and left + TILE > 0)


class _Block:
    """The part of a picture under one tile."""

    def __init__(self, example: Example, guide: NDArray[Any], origin: tuple[int, int]) -> None:
        self.example, self.whole = example, guide
        self.top, self.left = max(0, origin[0]), max(0, origin[1])
        bottom, right = (min(origin[axis] + TILE, guide.shape[axis]) for axis in (0, 1))
        self.place = slice(self.top, bottom), slice(self.left, right)
        self.inside = tuple(slice(part.start - at, part.stop - at) for part, at in zip(self.place, origin, strict=True))
        self.origin = origin

    def fill(self, out: Places, threshold: int) -> None:
        """Write the places into ``out``."""
        quick = kernels()
        if quick is None:
            self._fill(out, threshold)
            return
        rows, columns = self.place
        box = rows.start, rows.stop, columns.start, columns.stop
        source, cells = np.ascontiguousarray(self.example.guide), self.example.lookup.cells
        quick.chunks(self.whole, source, threshold, box, self.origin, tile(), cells, out)

    def _fill(self, out: Places, threshold: int) -> None:
        """The same in NumPy."""
        guide, made = self.whole[self.place], np.zeros_like(out[self.place])
        free = np.ones(guide.shape[:2], bool)
        for grid in grids():
            moves = self._moves(grid)
            _ask(self.example.guide, guide, threshold, moves[grid.nearest[self.inside][free]], made, free)
        rest = np.nonzero(free)
        made[rest] = self.example.lookup.find(guide[rest], draws()[self.inside][rest])
        out[self.place] = made

    def _moves(self, grid: Grid) -> NDArray[np.int32]:
        """(seeds, 2): what is added to column and row of a pixel of the block to get its place in the exemplar."""
        seeds = grid.seeds
        column = np.clip(seeds[:, 0] + self.origin[1], 0, self.whole.shape[1] - 1)
        row = np.clip(seeds[:, 1] + self.origin[0], 0, self.whole.shape[0] - 1)
        places = self.example.lookup.find(self.whole[row, column], grid.drawn)
        return places - seeds + np.array([self.left - self.origin[1], self.top - self.origin[0]], np.int32)


def _ask(
    source: NDArray[Any], guide: NDArray[Any], threshold: int, moves: NDArray[np.int32], made: Places, free: Any
) -> None:
    """Give the pixels without a piece that of their seeds, where it fits; the same as the compiled loop."""
    row, column = np.nonzero(free)
    x, y = column + moves[:, 0], row + moves[:, 1]
    height, width = source.shape[:2]
    fits = (x >= 0) & (y >= 0) & (x < width) & (y < height)
    row, column, x, y = row[fits], column[fits], x[fits], y[fits]
    gap = np.abs(guide[row, column].astype(np.int16) - source[y, x])
    fits = gap.sum(axis=1) < threshold
    row, column = row[fits], column[fits]
    made[row, column, 0], made[row, column, 1] = x[fits], y[fits]
    free[row, column] = False
