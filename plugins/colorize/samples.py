"""Examples to learn colours from, made on the fly: lines as people draw them, colours below them in some light, hints.

A drawing is flat, as a rule, so that its regions are lit as if they bulged, from above on the left; white ones are
paper and stay as they are.

References:
    T. Yonetsuji: PaintsChainer, 2017, https://github.com/pfnet/PaintsChainer (noise, binarised lines, sparse hints).
    S. F. Johnston: Lumo: Illumination for cel animation. NPAR 2002 (regions of drawings that are lit as if round).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from senga.neural.training.inked import Pair, Plane, Rng, grain, placed

ZOOMS = 0.7, 1.7
"""Of drawings at half their size, so that a square holds most of one."""
PAPER = 0.96
"""What is lighter in all channels is paper."""
ROUND = 0.4
"""How far regions bulge from their rim, in square roots of their area."""
EDGE = 0.06
"""Difference of colours where things end."""
BETWEEN = 0.35
"""How much lines count within them."""
DEEP = 0.42
"""How dark the side away from the light is, at most."""
BINARY = 0.2
"""Share of drawings whose lines are black or nothing."""
FREE = 0.3
"""Ink below which there is no line."""
ALIKE = 0.04
"""Difference of channels up to which two colours are one."""
NONE = 0.15
"""Share of examples without hints."""
MOST = 30
"""Hints of an example, at most."""
CHANGED = 0.5
"""Share of examples with hints in other colours, which nobody could guess."""


@dataclass(frozen=True, eq=False)
class Square:
    """A part of a drawing.

    Attributes:
        lines: (S, S) as a network sees them, 1 paper, 0 ink.
        flats: (S, S, 3) the colours below, without shades, 0..1.
        colours: (S, S, 3) the same in some light.
        ink: (S, S) the lines themselves, 1 ink.
    """

    lines: Plane
    flats: Plane
    colours: Plane
    ink: Plane

    def changed(self, rng: Rng) -> Square:
        """In other colours: channels exchanged, lighter or darker; paper stays."""
        order, power = rng.permutation(3), np.float32(np.exp(rng.uniform(-0.4, 0.4)))
        flats, colours = (each[:, :, order] ** power for each in (self.flats, self.colours))
        return Square(self.lines, flats, colours, self.ink)


def square_of(pairs: Sequence[Pair], side: int, rng: Rng) -> Square:
    """A square of one of the drawings, which are at half their size."""
    fill, ink = placed(pairs[rng.integers(len(pairs))], side, rng, ZOOMS)
    return Square(as_drawn(ink, rng), fill, fill * lit(fill, ink)[:, :, None], ink)


def lit(fill: Plane, ink: Plane) -> Plane:
    """(S, S) light on regions, 1 or darker: things of one colour bulge, and what lines divide them into, less so."""
    element = np.ones((3, 3), np.uint8)
    steps: Any = cv2.dilate(fill, element) - cv2.erode(fill, element)
    shade = _shade(steps.max(axis=2) < EDGE) + np.float32(BETWEEN) * _shade(ink < FREE)
    shade = np.where(fill.min(axis=2) < PAPER, shade, 0).astype(np.float32)
    return np.asarray(1 - DEEP * np.minimum(cv2.GaussianBlur(shade, (0, 0), 1.2), 1), np.float32)


def _shade(free: Any) -> Plane:
    """(S, S) 0..1 the right lower side of parts that bulge."""
    free = free.astype(np.uint8)
    distance: Any = cv2.distanceTransform(cv2.copyMakeBorder(free, 1, 1, 1, 1, cv2.BORDER_REPLICATE), cv2.DIST_L2, 5)
    distance = np.minimum(distance[1:-1, 1:-1], len(free))
    _, labels, facts, _ = cv2.connectedComponentsWithStats(free, connectivity=4)
    size = np.sqrt(facts[:, cv2.CC_STAT_AREA].astype(np.float32))[labels]
    soft: Any = cv2.GaussianBlur(distance, (0, 0), 1.5)
    slope = np.clip(-(np.gradient(soft, axis=1) + np.gradient(soft, axis=0)) / 1.4, 0, 1)
    bulge = np.clip(1 - distance / np.maximum(ROUND * size, 2), 0, 1) * np.clip(size / 12, 0, 1)
    return np.asarray(slope * bulge * free, np.float32)


def as_drawn(ink: Plane, rng: Rng) -> Plane:
    """Lines as people draw and scan them: bolder, fainter, grained, with gaps, blurred, noisy or binarised."""
    side = len(ink)
    if rng.random() < 0.15:
        ink = np.asarray(cv2.dilate(ink, np.ones((2, 2), np.uint8)))
    drawn: Any = ink * np.float32(rng.uniform(0.6, 1)) * (grain(side, rng) if rng.random() < 0.25 else 1)
    if rng.random() < 0.3:
        drawn = drawn * _with_gaps(side, rng)
    if rng.random() < BINARY:
        return np.asarray(1 - (drawn > 0.35), np.float32)
    if rng.random() < 0.3:
        drawn = cv2.GaussianBlur(drawn, (0, 0), rng.uniform(0.3, 0.8))
    if rng.random() < 0.3:
        drawn = drawn + rng.standard_normal(drawn.shape, np.float32) * np.float32(rng.uniform(0.005, 0.04))
    return np.asarray(np.clip(1 - drawn, 0, 1), np.float32)


def _with_gaps(side: int, rng: Rng) -> Plane:
    """(S, S) 1, and 0 in a few small circles."""
    free = np.ones((side, side), np.float32)
    for x, y in rng.integers(0, side, (int(rng.integers(2, 8)), 2)).tolist():
        cv2.circle(free, (x, y), int(rng.integers(1, 4)), (0.0,), -1)
    return free


def hinted(square: Square, rng: Rng) -> tuple[Plane, Plane]:
    """Sparse hints, spread within closed lines: their colours, (S, S, 3), and where there are any, (S, S) 0 or 1.

    Points and strokes, from one to many; at times none.
    """
    side = len(square.ink)
    hints, there = np.zeros_like(square.flats), np.zeros((side, side), np.float32)
    if rng.random() < NONE:
        return hints, there
    _, regions = cv2.connectedComponents((square.ink < FREE).astype(np.uint8), connectivity=4)
    for row, column in _places(square, int(MOST ** rng.uniform(0, 1)), rng):
        for region in _touched(regions, row, column, rng):
            colour = square.flats[row, column]
            at = (regions == region) & (np.abs(square.flats - colour).max(axis=2) < ALIKE)
            hints[at], there[at] = colour, 1
    return hints, there


def _places(square: Square, count: int, rng: Rng) -> list[tuple[int, int]]:
    """Pixels without ink, three times as often on colours as on paper."""
    free = (square.ink < FREE).reshape(-1)
    chance = np.where(square.flats.min(axis=2).reshape(-1) < PAPER, 3.0, 1.0) * free
    if not chance.any():
        return []
    chosen = rng.choice(len(chance), count, p=chance / chance.sum())
    return [(int(at) // square.ink.shape[1], int(at) % square.ink.shape[1]) for at in chosen]


def _touched(regions: Any, row: int, column: int, rng: Rng) -> list[int]:
    """The regions of a point, or of a stroke that begins there."""
    if rng.random() < 0.6:
        return [int(regions[row, column])]
    mask, end = np.zeros(regions.shape, np.uint8), (column + rng.integers(-14, 15), row + rng.integers(-14, 15))
    cv2.line(mask, (column, row), (int(end[0]), int(end[1])), (1,))
    return [each for each in np.unique(regions[mask > 0]).tolist() if each]


def planes_of(lines: Plane, hints: Plane, there: Plane) -> Plane:
    """(S, S, 5) what our network sees, see ``senga.neural.networks.colour_hints``."""
    return np.asarray(np.dstack([2 * lines - 1, (2 * hints - 1) * there[:, :, None], there]), np.float32)


def example(pairs: Sequence[Pair], side: int, rng: Rng) -> tuple[Plane, Square]:
    """What the network sees, and the square that it is to paint."""
    square = square_of(pairs, side, rng)
    hints, there = hinted(square, rng)
    if there.any() and rng.random() < CHANGED:
        square = square.changed(rng)
        hints = np.where(there[:, :, None] > 0, square.flats, 0)
    return planes_of(square.lines, hints, there), square
