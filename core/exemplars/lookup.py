"""Where in an exemplar a guide has given numbers: a table, filled once for each exemplar."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from .seeds import VARIANTS

STEPS = 64
"""Of each channel, that are told apart."""
_SHARE = 0.35
"""Of the places with the same numbers, the calmest ones, among which one is drawn."""
_CALM = 33
"""Side of the square whose calm counts, in pixels."""
_EDGE = 24
"""Pixels from the border of an exemplar within which a place serves less well."""
Guide = NDArray[np.uint8]
Places = NDArray[np.int16]
"""(..., 2): columns and rows."""


Cells = tuple[tuple[int, int, int], tuple[int, int, int], tuple[int, int, int], NDArray[np.int32], Places, int]
"""How compiled loops look up: three channels of the guide in their order, the numbers that a cell has in each, how many
cells there are; the row of the places of each cell, or none where rows are cells; places, and how many a row has."""
ROWS_ARE_CELLS = np.zeros(0, np.int32)
"""No rows: those of the places are the cells."""


class Lookup(Protocol):
    """Finds places of an exemplar by the numbers of its guide."""

    @property
    def cells(self) -> Cells:
        """The same as arrays."""

    def find(self, guide: NDArray[Any], draw: NDArray[np.uint8]) -> Places:
        """The place (..., 2) for each pixel of a guide (..., 3); ``draw`` (...) chooses among equally good ones."""


@dataclass(frozen=True, eq=False)
class Table:
    """Places of an exemplar by the numbers of its guide.

    Attributes:
        owner: (STEPS^3,) int32: the row of ``places`` for each group of numbers.
        places: (rows, variants, 2) int16: column and row; several where several are equally good.
    """

    owner: NDArray[np.int32]
    places: Places

    @classmethod
    def of(cls, guide: Guide, variants: int = VARIANTS) -> Table:
        """The table of a guide (H, W, 3) of bytes.

        Numbers that the guide does not have get the places of the nearest numbers that it has. Of many places with
        the same numbers those are taken whose surroundings change least, because large pieces fit there.
        """
        bins = bins_of(guide).ravel()
        draw = np.random.default_rng(2)
        order = draw.permutation(bins.size)
        order = order[np.lexsort((_unrest(guide).ravel()[order], bins[order]))]
        filled, first, count = np.unique(bins[order], return_index=True, return_counts=True)
        among = np.maximum(1, (_SHARE * count).astype(np.int64))[:, None]
        chosen = order[first[:, None] + (draw.random((len(filled), variants)) * among).astype(np.int64)]
        places = np.stack([chosen % guide.shape[1], chosen // guide.shape[1]], axis=-1).astype(np.int16)
        return cls(_nearest_filled(filled), places)

    @property
    def cells(self) -> Cells:
        """See ``Lookup``."""
        flat = self.places.reshape(-1, 2)  # (rows of all variants, 2)
        return (0, 1, 2), (256 // STEPS,) * 3, (STEPS,) * 3, self.owner, flat, self.places.shape[1]

    def find(self, guide: Guide, draw: NDArray[np.uint8]) -> Places:
        """See ``Lookup``."""
        count = self.places.shape[1]
        return np.asarray(self.places.reshape(-1, 2)[self.owner[bins_of(guide)] * count + draw % count])


@dataclass(frozen=True)
class Sphere:
    """The lookup of a painted sphere that fills its picture, by normals: in closed form.

    Attributes:
        height: of the exemplar.
        width: of it.
    """

    height: int
    width: int

    @cached_property
    def cells(self) -> Cells:
        """See ``Lookup``: red and green in 256 steps each."""
        guide = np.zeros((256, 256, 3), np.uint8)
        guide[..., 0], guide[..., 1] = np.arange(256)[:, None], np.arange(256)
        places = self.find(guide, guide[..., 2]).reshape(-1, 2)  # (red and green, 2)
        return (0, 1, 2), (1, 1, 256), (256, 256, 1), ROWS_ARE_CELLS, places, 1

    def find(self, guide: Guide, draw: NDArray[np.uint8]) -> Places:
        """See ``Lookup``; red points right and green up, 0..255."""
        column = guide[..., 0].astype(np.int32) * self.width // 256
        row = (255 - guide[..., 1].astype(np.int32)) * self.height // 256
        return np.asarray(np.stack([column, row], axis=-1), np.int16)

    def guide(self) -> Guide:
        """(height, width, 3): the normals of the sphere; beyond its outline those of the outline."""
        x = (2 * np.arange(self.width) + 1) / self.width - 1
        y = 1 - (2 * np.arange(self.height)[:, None] + 1) / self.height
        x, y = np.broadcast_arrays(x, y)
        return normals_guide(x, y)


def normals_guide(x: Any, y: Any) -> Guide:
    """Normals whose horizontal and vertical parts are given, -1..1, as bytes; what is too long is shortened."""
    longest = np.maximum(1, np.hypot(x, y))
    x, y = x / longest, y / longest
    z = np.sqrt(np.maximum(0, 1 - x * x - y * y))
    return np.asarray(np.clip(np.dstack([x, y, z]) * 127.5 + 128, 0, 255), np.uint8)


def bins_of(guide: Guide) -> NDArray[np.int32]:
    """The place in the table of each pixel (...) of a guide (..., 3)."""
    coarse = (guide >> 2).astype(np.int32)
    return np.asarray((coarse[..., 0] * STEPS + coarse[..., 1]) * STEPS + coarse[..., 2])


def _unrest(guide: Guide) -> NDArray[np.float32]:
    """How much a guide changes round each pixel."""
    values = guide.astype(np.float32)
    steep = np.zeros(guide.shape[:2], np.float32)
    steep[:, 1:] += np.abs(np.diff(values, axis=1)).sum(axis=2)
    steep[1:] += np.abs(np.diff(values, axis=0)).sum(axis=2)
    rows, columns = (np.minimum(np.arange(side), np.arange(side)[::-1]) for side in steep.shape)
    margin = np.minimum(rows[:, None], columns[None])
    return np.asarray(cv2.blur(steep, (_CALM, _CALM)) + 0.3 * np.maximum(0, _EDGE - margin), np.float32)


def _nearest_filled(filled: NDArray[np.int32]) -> NDArray[np.int32]:
    """For each of the STEPS^3 bins the number, in ``filled``, of the nearest one, by the sum of the steps."""
    owner = np.full(STEPS**3, -1, np.int32)
    owner[filled] = np.arange(len(filled))
    owner = owner.reshape(STEPS, STEPS, STEPS)
    far = np.where(owner < 0, np.int32(3 * STEPS), np.int32(0))
    for axis in range(3):
        planes = np.moveaxis(far, axis, 0), np.moveaxis(owner, axis, 0)
        for place in range(1, STEPS):
            _hand_on(*planes, place - 1, place)
        for place in range(STEPS - 1, 0, -1):
            _hand_on(*planes, place, place - 1)
    return np.asarray(owner.ravel())


def _hand_on(far: Any, owner: Any, giver: int, taker: int) -> None:
    """What is nearest to a plane of bins may be nearest to its neighbour too."""
    through = far[giver] + 1
    nearer = through < far[taker]
    np.copyto(far[taker], through, where=nearer)
    np.copyto(owner[taker], owner[giver], where=nearer)
