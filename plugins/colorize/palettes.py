"""Nine palettes, and which colour of a palette every region of a drawing gets: by its size, place and neighbours.

Without a network nobody knows what a drawing shows. But painters who try colours first give a large part one colour, a
few others theirs, and keep the strongest for small things; neighbours differ, alike parts are alike, small shapes that
lie within one other are light, and what is behind all is paper. So much can be told from the regions alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .drawing import Drawing


def _(name: str) -> str:
    """Marks what is translated where it is shown."""
    return name


PALETTES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (_("Meadow"), ("#f6f3e4", "#8abf9f", "#e58a6b", "#f3cf8c", "#4a5a86", "#fffcf3")),
    (_("Sea"), ("#e6f2f4", "#5fb0cf", "#f5b578", "#8fd3c7", "#e2694f", "#ffffff")),
    (_("Sunset"), ("#fff0df", "#f3865a", "#f9c56e", "#cf5c7c", "#6a4a8c", "#fff8ee")),
    (_("Candy"), ("#fff1f6", "#f7a6c8", "#9ddbea", "#fbe495", "#a884e0", "#ffffff")),
    (_("Forest"), ("#eef3e4", "#6d9c62", "#c0cc7e", "#a4714a", "#e0912f", "#fbf9ee")),
    (_("Earth"), ("#f7efe4", "#cb9468", "#ead0a8", "#8f6d58", "#5d9490", "#fcf8f1")),
    (_("Dusk"), ("#d9dff1", "#7180c6", "#a890d6", "#f4d67c", "#ec93b4", "#f7f5ff")),
    (_("Spice"), ("#fbf3dc", "#c45648", "#eeae4c", "#8a9a55", "#3c7379", "#fffaec")),
    (_("Poster"), ("#fbfaf6", "#ea6246", "#4c8fdc", "#ffd23c", "#46a35e", "#ffffff")),
)
"""Names, and colours: of the paper, the most, the second and the third part, small things, and what is light."""
PAPER, STRONG, LIGHT = 0, 4, 5
WISHED = np.array([0, 0.42, 0.26, 0.18, 0.08, 0.06])
"""Shares of the colours."""
BESIDE, ALIKE = 2.5, 0.3
"""What a border with the same colour costs, and by how much sizes of alike regions differ, as a logarithm."""
TWICE = 0.7
"""The same, of minor regions beside each other."""
SMALL, MINOR = 0.03, 0.006
"""Shares of the drawing below which regions are small, and not worth a colour other than that of alike ones."""
WIDE = 0.1
"""Share of the rim of the picture from which on a region at its top lies behind all."""
GREEDY = 1500
"""Regions, the largest, that choose; the others are as their neighbours."""

Slots = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Parts:
    """What is known of the regions of a drawing, from 1 on.

    Attributes:
        area: (N + 1,) pixels.
        sizes: (N + 1, 3) height and width of what surrounds them, and pixels, as logarithms.
        around: for each, its neighbours and the shares of its border, the longest first.
        near: for each, its neighbours.
        behind: (N + 1,) those that lie behind all.
        minute: (N + 1,) those that are too small for a colour of their own.
    """

    area: Any
    sizes: Any
    around: list[dict[int, float]]
    near: list[Any]
    behind: Any
    minute: Any


def parts_of(drawing: Drawing, smallest: float) -> Parts:
    """The regions of a drawing; those of fewer pixels have no colour of their own."""
    labels = drawing.labels
    area = np.bincount(labels.reshape(-1), minlength=2)
    area[0] = 0
    minute = area < smallest
    minute[np.argsort(-area, kind="stable")[GREEDY:]] = True
    around: list[dict[int, float]] = [{} for _ in area]
    for (first, second), length in zip(*(each.tolist() for each in drawing.neighbours), strict=True):
        around[first][second] = around[second][first] = float(length)
    for each in around:
        whole = sum(each.values())
        each.update({other: length / whole for other, length in each.items()})
    near = [np.array(list(each), np.int64) for each in around]
    sizes = np.log(np.maximum(np.column_stack([_boxes(labels, len(area)), area]), 1))
    return Parts(area, sizes, around, near, _behind(labels, len(area)), minute)


def _boxes(labels: Any, count: int) -> Any:
    """(count, 2) heights and widths."""
    rows, columns = np.indices(labels.shape, np.int32, sparse=True)
    sides = []
    for places in (np.broadcast_to(rows, labels.shape), np.broadcast_to(columns, labels.shape)):
        low, high = np.full(count, labels.size), np.zeros(count, np.int64)
        np.minimum.at(low, labels, places)
        np.maximum.at(high, labels, places)
        sides.append(high - low + 1)
    return np.stack(sides, axis=1)


def _behind(labels: Any, count: int) -> Any:
    """Which regions lie behind all: at the top and another side, and much of the rim of the picture, or all around."""
    sides = labels[0], labels[-1], labels[:, 0], labels[:, -1]
    found = np.stack([np.bincount(side, minlength=count) for side in sides])
    several = (found > 0).sum(axis=0)
    wide = found.sum(axis=0) >= WIDE * sum(map(len, sides))
    behind = (wide & (found[0] > 0) & (several > 1)) | (several > 3) | (found[0] >= 0.5 * labels.shape[1])
    behind[0] = False
    return behind


def slots_of(parts: Parts, rng: np.random.Generator) -> Slots:
    """(N + 1,) which colour of a palette every region gets.

    The largest choose first: a colour of which there is too little, unlike those of neighbours. Small regions within
    one other are rather light, and small ones rather of the colour for small things.
    """
    found = np.full(len(parts.area), -1, np.int32)
    found[0], found[parts.behind] = PAPER, PAPER
    inside = np.flatnonzero((found < 0) & ~parts.minute)
    whole = max(1.0, float(parts.area[inside].sum()))
    wished = WISHED * np.exp(rng.normal(0, 0.35, len(WISHED)))
    used = np.zeros(len(wished))
    for region in inside[np.argsort(-parts.area[inside], kind="stable")].tolist():
        share = parts.area[region] / whole
        cost = (used + share) / (wished + 1e-9) + _beside(parts, found, region) + rng.normal(0, 0.08, len(wished))
        cost += _unfit(parts, region, share)
        cost[PAPER] = np.inf
        like = _alike(parts, found, region, minor=share < MINOR)
        found[region] = like if like > 0 else int(np.argmin(cost))
        used[found[region]] += share
    return _spread(parts, found)


def _beside(parts: Parts, found: Slots, region: int) -> Any:
    """What each colour costs as that of neighbours."""
    cost = np.zeros(len(WISHED))
    for other, share in parts.around[region].items():
        if found[other] > 0:
            cost[found[other]] += BESIDE * (0.4 + share)
    return cost


def _unfit(parts: Parts, region: int, share: float) -> Any:
    """What strong and light colours cost as those of large regions, and others as those of small ones."""
    cost = np.zeros(len(WISHED))
    cost[STRONG] = 0.0 if share < SMALL else 2.0
    enclosed = share < 2 * SMALL and max(parts.around[region].values(), default=0) > 0.8
    cost[LIGHT] = -1.5 if enclosed else 1.0 + 8 * share
    return cost


def _alike(parts: Parts, found: Slots, region: int, *, minor: bool) -> int:
    """The colour of a region of the same size and shape beside the same neighbour; 0 without one.

    Minor regions, such as those between spokes, are as those of about their size beside them.
    """
    near = parts.near[region]
    if not len(near):
        return 0
    if minor:
        beside = near[np.abs(parts.sizes[near, 2] - parts.sizes[region, 2]) < TWICE]
        known = beside[found[beside] > 0]
        if len(known):
            return int(found[known[0]])
    others = parts.near[near[0]]
    unlike = np.abs(parts.sizes[others] - parts.sizes[region]).max(axis=1)
    alike = others[(unlike < ALIKE) & (found[others] > 0) & (others != region)]
    alike = alike if minor else alike[~np.isin(alike, near)]
    return int(found[alike[0]]) if len(alike) else 0


def _spread(parts: Parts, found: Slots) -> Slots:
    """Regions that did not choose become as the neighbour with the longest border that has a colour."""
    waiting = np.flatnonzero(found < 0).tolist()
    while waiting:
        left = []
        for region in waiting:
            known = {other: share for other, share in parts.around[region].items() if found[other] >= 0}
            if known:
                found[region] = found[max(known, key=lambda each: known[each])]
            else:
                left.append(region)
        if len(left) == len(waiting):
            found[left] = PAPER
            break
        waiting = left
    return found


def palette(number: int) -> NDArray[np.uint8]:
    """(6, 3) the colours of a palette, from 0 on."""
    codes = [int(code[1:], 16) for code in PALETTES[number][1]]
    return np.array([[code >> 16, code >> 8 & 255, code & 255] for code in codes], np.uint8)


def schemes(drawing: Drawing, smallest: float, seed: int) -> NDArray[np.uint8]:
    """(9, N + 1, 3) the colour of every region in nine palettes; another seed distributes them otherwise."""
    parts = parts_of(drawing, smallest)
    found = [palette(number)[slots_of(parts, np.random.default_rng([seed, number]))] for number in range(len(PALETTES))]
    made: NDArray[np.uint8] = np.stack(found)
    made[:, 0] = 255
    return made
