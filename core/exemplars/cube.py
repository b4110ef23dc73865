"""Where in an exemplar a place and a lightness are: a cube of places, filled once for each exemplar.

Reference: A. Texler, O. Texler, M. Kučera, M. Chai, D. Sýkora: FaceBlit: Instant real-time example-based style transfer
to facial videos. Proceedings of the ACM on Computer Graphics and Interactive Techniques 4(1), 2021,
doi:10.1145/3451270. Theirs is searched cell by cell within 30 pixels; here nearest places are handed on from cell to
cell, which finds the best of all in a fraction of a second.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .lookup import ROWS_ARE_CELLS, Cells, Places

LEVELS = 64
"""Of lightness that are told apart."""
ROOM = 16 << 20
"""Bytes of a cube at most."""
Wide = NDArray[np.int16]
"""(..., 3): column, row and lightness, each by its weight."""


@dataclass(frozen=True, eq=False)
class Cube:
    """Places of an exemplar by what its guide says.

    Attributes:
        places: (rows, columns, levels, 2) int16: column and row for each cell.
        side: numbers of the guide that a cell has down and across.
        deep: numbers that a level has.
    """

    places: Places
    side: int
    deep: int

    @classmethod
    def of(cls, guide: Wide, deep: int) -> Cube:
        """The cube of a guide (H, W, 3) from 0.

        Args:
            guide: columns and rows as even steps from the upper left corner, and lightness.
            deep: the largest lightness there may be, and one.
        """
        largest = int(guide[..., :2].max(initial=0)) + 1
        cells = int((ROOM / 4 / LEVELS) ** 0.5)
        side, level = max(1, -(-largest // cells)), max(1, -(-deep // LEVELS))
        side = max(side, _finest(guide))
        count = tuple(int(guide[..., axis].max(initial=0)) // side + 1 for axis in (1, 0))
        cells_of = [guide[..., 1] // side, guide[..., 0] // side, np.clip(guide[..., 2] // level, 0, LEVELS - 1)]
        owner = np.full((*count, LEVELS), -1, np.int32)
        owner[tuple(cells_of)] = np.arange(guide[..., 0].size).reshape(guide.shape[:2])  # (H, W)
        _handed_on(owner, (side, side, level))
        places = np.stack([owner % guide.shape[1], owner // guide.shape[1]], axis=-1).astype(np.int16)
        return cls(places, side, level)

    @property
    def cells(self) -> Cells:
        """See ``lookup.Lookup``."""
        rows, columns, levels = self.places.shape[:3]
        steps = self.side, self.side, self.deep
        return (1, 0, 2), steps, (rows, columns, levels), ROWS_ARE_CELLS, self.places.reshape(-1, 2), 1  # (cells, 2)

    def find(self, guide: Wide, draw: NDArray[np.uint8]) -> Places:
        """See ``lookup.Lookup``: there is one best place, so nothing is drawn."""
        rows, columns, levels = self.places.shape[:3]
        row = np.clip(guide[..., 1] // self.side, 0, rows - 1)
        column = np.clip(guide[..., 0] // self.side, 0, columns - 1)
        level = np.clip(guide[..., 2] // self.deep, 0, levels - 1)
        return np.asarray(self.places[row, column, level])


def _finest(guide: Wide) -> int:
    """Numbers of a pixel: cells need not be smaller."""
    steps = [int(np.ptp(guide[..., axis])) / max(1, guide.shape[1 - axis] - 1) for axis in (0, 1)]
    return max(1, round(min(steps)))


def _handed_on(owner: NDArray[np.int32], steps: tuple[int, int, int]) -> None:
    """Give every cell the owner of the nearest one that has any, by the sum of the steps."""
    far = np.where(owner < 0, np.int32(1 << 28), np.int32(0))
    for axis, step in enumerate(steps):
        planes = np.moveaxis(far, axis, 0), np.moveaxis(owner, axis, 0)
        count = owner.shape[axis]
        for place in (*range(1, count), *range(-(count - 1), 0)):
            taker = place if place > 0 else -place - 1
            giver = place - 1 if place > 0 else -place
            _hand_on(*planes, giver, taker, np.int32(step))


def _hand_on(far: Any, owner: Any, giver: int, taker: int, step: np.int32) -> None:
    through = far[giver] + step
    nearer = through < far[taker]
    np.copyto(far[taker], through, where=nearer)
    np.copyto(owner[taker], owner[giver], where=nearer)
