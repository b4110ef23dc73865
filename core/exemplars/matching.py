"""One level of a synthesis: patches of a picture, their places in the exemplar, and how they get better ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.job import Job
from senga.ops.banded import each_band, silent

from . import patches
from .compiled import kernels
from .lookup import Guide, Places
from .votes import blended

if TYPE_CHECKING:
    from .synthesis import Options

_ROWS = 32
"""Rows of a band: what is searched at the same time; a cancel waits no longer than for two of them."""
_GROUPS = 8
"""Of pixels that move at the same time: those that come later know where the earlier ones went."""
_HALVES = 4
"""How often the moves of a group are halved before none is made."""


@dataclass(frozen=True, eq=False)
class Level:
    """What is given on a level.

    Attributes:
        source: (h, w, 3 + channels) bytes: style and guides of the exemplar.
        guides: (H, W, channels) bytes: guides of the picture.
        weights: (3 + channels,) whole numbers.
        allowed: (h, w) bool: places that may be used.
        wanted: (H, W) bool: pixels that are looked for.
    """

    source: Guide
    guides: Guide
    weights: NDArray[np.int64]
    allowed: NDArray[np.bool_]
    wanted: NDArray[np.bool_]

    @classmethod
    def of(
        cls,
        source: Guide,
        guides: Guide,
        weights: NDArray[np.int64],
        allowed: NDArray[np.bool_],
        wanted: NDArray[np.bool_] | None = None,
    ) -> Self:
        """With arrays in the order that loops like; all pixels are wanted if nothing else is said."""
        wanted = np.ones(guides.shape[:2], bool) if wanted is None else wanted
        return cls(np.ascontiguousarray(source), np.ascontiguousarray(guides), weights, allowed, wanted)

    def first(self, random: np.random.Generator) -> Places:
        """Random places for all pixels."""
        there = np.argwhere(self.allowed)[:, ::-1].astype(np.int16)
        return np.asarray(there[random.integers(0, len(there), self.guides.shape[:2])])

    def grown(self, places: Places, random: np.random.Generator) -> Places:
        """The places of a level of half the size, for this one; random ones where these may not be used."""
        height, width = self.guides.shape[:2]
        rows, columns = (
            np.minimum(np.arange(side) // 2, limit - 1)
            for side, limit in ((height, places.shape[0]), (width, places.shape[1]))
        )
        large = places[rows[:, None], columns] * 2
        large[..., 0] += (np.arange(width) % 2).astype(np.int16)
        large[..., 1] += (np.arange(height)[:, None] % 2).astype(np.int16)
        limits = np.array(self.source.shape[1::-1], np.int16) - 1
        large = np.minimum(large, limits)
        return np.where(self.allowed[large[..., 1], large[..., 0]][:, :, None], large, self.first(random))


class Matching:
    """A level at work.

    Attributes:
        level: what is given.
        options: how.
        places: (H, W, 2) int16: the centre of each pixel's patch in the exemplar.
    """

    def __init__(self, level: Level, options: Options, places: Places) -> None:
        self.level, self.options, self.places = level, options, places
        self._radius = min(options.patch, *level.source.shape[:2]) // 2
        height, width = level.guides.shape[:2]
        self._picture = np.concatenate([np.zeros((height, width, 3), np.uint8), level.guides], axis=2)
        self._active = self._wanted = _grown(level.wanted, self._radius)
        self._errors = np.zeros((height, width), np.int64)
        self._is_new = True
        full = height * width / (level.source.shape[0] * level.source.shape[1]) * self._patch
        self._wear = 256.0 * options.uniformity / (self._patch * full)

    @property
    def picture(self) -> Guide:
        """(H, W, 3) bytes: what was voted for last."""
        return np.array(self._picture[..., :3])

    @property
    def _patch(self) -> int:
        return (2 * self._radius + 1) ** 2

    def vote(self, job: Job) -> None:
        """Colours from all patches; patches that stay much as they were are left alone from now on."""
        style = self.level.source[..., :3].astype(np.int16)
        made = blended(style, self.places, self._radius, silent(job)).astype(np.uint8)
        gap = cv2.absdiff(made, np.ascontiguousarray(self._picture[..., :3])).max(axis=2) > self.options.still
        side = 2 * self._radius + 1
        moved = cv2.dilate(gap.astype(np.uint8), np.ones((side, side), np.uint8)) > 0
        self._active = self._wanted if self._is_new else moved & self._wanted
        self._is_new = False
        self._picture[..., :3] = made
        self._errors = self._errors_of(self.places, job)

    def search(self, random: np.random.Generator, job: Job) -> None:
        """One pass: better places from neighbours and by chance, as far as the energy falls."""
        state = random.integers(0, 2**32, self._active.shape, np.uint32)
        found, errors = self.places.copy(), self._errors.copy()
        worn = self._worn(self.places)
        self._each(job, lambda rows: self._improve(rows, state, worn, found, errors))
        self._move(found, errors)

    def energy(self) -> float:
        """What is lowered: squared differences of all patches, and the penalty, in units of a weight of 1."""
        return self._energy(self.places, self._errors) / 256

    def _energy(self, places: Places, errors: NDArray[np.int64]) -> float:
        used = self._used(places)
        return float(errors.sum()) + 0.5 * self._wear * float((used * used).sum())

    def _used(self, places: Places) -> NDArray[np.float64]:
        """(h, w) how many patches cover each pixel of the exemplar."""
        height, width = self.level.source.shape[:2]
        flat = places[..., 1].astype(np.int64) * width + places[..., 0]
        centres = np.bincount(flat.ravel(), minlength=height * width).reshape(height, width).astype(np.float64)
        return self._summed(centres)

    def _summed(self, plane: NDArray[np.float64]) -> NDArray[np.float64]:
        side = (2 * self._radius + 1,) * 2
        summed = cv2.boxFilter(plane, cv2.CV_64F, side, normalize=False, borderType=cv2.BORDER_CONSTANT)
        return np.asarray(np.rint(summed))

    def _worn(self, places: Places) -> NDArray[np.float64]:
        """(h, w) the penalty for a patch with its centre there."""
        return self._wear * self._summed(self._used(places))

    def _improve(self, rows: slice, state: Any, worn: Any, found: Places, errors: Any) -> None:
        quick = kernels()
        act = quick.improve if quick else patches.improve
        level = self.level
        act(level.source, self._picture, level.weights, self._radius, self.places, self._active, level.allowed,
            state, worn, rows.start, rows.stop, found, errors)  # fmt: skip

    def _errors_of(self, places: Places, job: Job) -> NDArray[np.int64]:
        quick = kernels()
        act = quick.errors if quick else patches.errors
        result = np.empty(places.shape[:2], np.int64)
        self._each(job, lambda rows: act(self.level.source, self._picture, self.level.weights, self._radius, places,
                                         rows.start, rows.stop, result))  # fmt: skip
        return result

    def _each(self, job: Job, act: Any) -> None:
        height = self._active.shape[0]
        each_band(act, [slice(top, min(top + _ROWS, height)) for top in range(0, height, _ROWS)], silent(job))

    def _move(self, found: Places, errors: NDArray[np.int64]) -> None:
        """Take the new places, group after group, as far as they are still better after what others have taken."""
        moving = (found != self.places).any(axis=2)
        number = np.arange(moving.size).reshape(moving.shape) * 2654435761 % 2**32 >> 16
        for group in range(_GROUPS):
            worn = self._worn(self.places)
            gain = self._errors + _at(worn, self.places) - errors - _at(worn, found)
            self._take(moving & (number % _GROUPS == group) & (gain > 0), number // _GROUPS, found, errors)

    def _take(self, chosen: Any, number: Any, found: Places, errors: NDArray[np.int64]) -> None:
        """Take the places of the chosen pixels; of half of them, of a quarter … where all would raise the energy."""
        before = self._energy(self.places, self._errors)
        for halves in range(_HALVES):
            fewer = chosen & (number % 2**halves == 0)
            places = np.where(fewer[:, :, None], found, self.places)
            taken = np.where(fewer, errors, self._errors)
            if self._energy(places, taken) <= before:
                self.places, self._errors = places, taken
                return


def _grown(mask: NDArray[np.bool_], radius: int) -> NDArray[np.bool_]:
    """A mask with all pixels whose patches reach into it."""
    return cv2.dilate(mask.astype(np.uint8), np.ones((2 * radius + 1,) * 2, np.uint8)) > 0


def _at(plane: NDArray[np.float64], places: Places) -> NDArray[np.float64]:
    return np.asarray(plane[places[..., 1], places[..., 0]])
