"""Hands the colours of a picture to the regions of a drawing, the largest first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .palettes import Plane, Shades

FAR = 12.0
"""Distance in CIELAB that counts as much as a colour that covers twice its share."""
PLACE, RIM = 2.0, 3.0
"""What counts of a colour and a region that lie at different heights, and of which one only touches the border."""
SAME = 0.7
"""What a colour costs that a neighbour has, where no network says what is alike."""
EVEN = 0.6
"""Power of shares by which rare colours get more of a drawing than they have of the picture: 1 gives them no more."""
MUCH = 1.0
"""What a colour costs that has twice its share."""


@dataclass(frozen=True, eq=False)
class Places:
    """The regions of a drawing.

    Attributes:
        areas: (N,) share of the drawing.
        heights: (N,) 0 at the top and 1 at the bottom.
        rims: (N,) share of the drawing's border.
    """

    areas: Plane
    heights: Plane
    rims: Plane

    @classmethod
    def of(cls, labels: NDArray[np.int32]) -> Places:
        """Those of (h, w) labels from 1 on; the first is that of 0, which counts for nothing."""
        flat, (height, width) = labels.reshape(-1), labels.shape
        count = int(labels.max(initial=0)) + 1
        whole = np.bincount(flat, minlength=count).astype(np.float64)
        rows = np.repeat((np.arange(height) + 0.5) / height, width)
        heights = np.bincount(flat, rows, count) / np.maximum(whole, 1)
        border = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
        rims = np.bincount(border, minlength=count).astype(np.float64)
        whole[0] = rims[0] = 0
        several = whole / max(whole.sum(), 1), heights, rims / max(rims.sum(), 1)
        return cls(*(np.asarray(each, np.float32) for each in several))


def by_place(places: Places, shades: Shades) -> Plane:
    """(N, M) what it costs a region to have a colour, by where both lie."""
    high = np.abs(places.heights[:, None] - shades.heights[None])
    rim = np.abs(np.sqrt(places.rims)[:, None] - np.sqrt(shades.rims)[None])
    return np.asarray(PLACE * high + RIM * rim, np.float32)


def by_colour(guesses: Plane, shades: Shades) -> Plane:
    """(N, M) the same by how far the colour is from that (N, 3) which a network thinks of, in CIELAB."""
    return np.asarray(np.linalg.norm(guesses[:, None] - shades.colours[None], axis=2) / FAR, np.float32)


def dealt(costs: Plane, places: Places, shades: Shades, pairs: NDArray[np.int32] | None = None) -> NDArray[np.intp]:
    """(N,) which colour every region gets.

    Args:
        costs: (N, M) of regions and colours.
        places: of the regions.
        shades: the colours.
        pairs: (P, 2) regions that touch, and therefore should differ.
    """
    quotas = np.maximum(shades.shares, 1e-6) ** EVEN
    quotas /= quotas.sum()
    used, chosen = np.zeros(len(shades.shares)), np.full(len(costs), -1, np.intp)
    beside = _beside(pairs, len(costs))
    for region in np.argsort(-places.areas, kind="stable").tolist():
        area = float(places.areas[region])
        price = costs[region] + MUCH * np.log2(np.maximum(1, (used + area) / quotas))
        for other in beside[region]:
            if chosen[other] >= 0:
                price[chosen[other]] += SAME
        chosen[region] = int(np.argmin(price))
        used[chosen[region]] += area
    return chosen


def _beside(pairs: NDArray[np.int32] | None, count: int) -> list[list[int]]:
    found: list[list[int]] = [[] for _ in range(count)]
    for first, second in [] if pairs is None else pairs.tolist():
        found[first].append(second)
        found[second].append(first)
    return found
