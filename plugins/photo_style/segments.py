"""Parts of two pictures that belong together: by colour and place, or by the colours of two masks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Colours = NDArray[np.float32]
Shares = NDArray[np.float32]

_SCALE = np.array([1.0, 2.0, 2.0, 0.5, 0.1], np.float32)
"""How much lightness, both axes of colour, height and side count when pixels are put together."""
_MATCHED = np.array([1.0, 0.5, 0.5, 1.0, 0.1])
"""The same when the parts of two pictures are."""
_SOFT = 0.35
"""How gradually parts go over into each other, in distances of their middles."""

_LEAST = np.float32(0.02)
"""Below this share of the nearest part a pixel does not belong to another."""


@dataclass(frozen=True, eq=False)
class Clusters:
    """Middles of parts (K, 5) in scaled colours and places, the votes of each (K,), and how far apart they lie."""

    middles: NDArray[np.float64]
    votes: NDArray[np.float64]
    apart: float

    def shares(self, features: Colours) -> Shares:
        """(N, K) how much each pixel belongs to each part; they add up to 1."""
        gap = -_gaps(features, self.middles) / np.float32(2 * (_SOFT * self.apart) ** 2)
        gap -= gap.max(axis=1, keepdims=True)
        weight = np.maximum(np.exp(gap) - _LEAST, 0)
        return np.asarray(weight / weight.sum(axis=1, keepdims=True), np.float32)


def features(colours: Colours) -> Colours:
    """(H, W, 3) Oklab as (H * W, 5): colours and places, scaled."""
    height, width = colours.shape[:2]
    y, x = np.meshgrid(np.linspace(0, 1, height), np.linspace(0, 1, width), indexing="ij")
    return np.asarray(np.dstack([colours, y, x]).reshape(-1, 5) * _SCALE, np.float32)


def clusters(found: Colours, votes: Shares, count: int, seed: int) -> Clusters:
    """K-means: every pixel votes for the nearest middle, from starts that lie far apart (k-means++)."""
    some = found[:: max(1, len(found) // 8000)]
    weight = votes[:: max(1, len(found) // 8000)].astype(np.float64)
    if not weight.any():
        weight[:] = 1
    middles = _starts(some, weight, count, np.random.default_rng([seed, 1]))
    for _ in range(12):
        nearest = _gaps(some, middles).argmin(axis=1)
        total = np.bincount(nearest, weight, len(middles))
        sums = np.stack([np.bincount(nearest, weight * some[:, i], len(middles)) for i in range(5)], 1)
        middles = np.where(total[:, None] > 0, sums / np.maximum(total, 1e-9)[:, None], middles)
    gaps = np.sqrt(_gaps(middles, middles))
    return Clusters(middles, total / total.sum(), max(1e-3, float(gaps[gaps > 0].min(initial=1))))


def _starts(some: Colours, weight: NDArray[np.float64], count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    chosen = [rng.choice(len(some), p=weight / weight.sum())]
    for _ in range(count - 1):
        chance = weight * _gaps(some, some[chosen]).min(axis=1)
        chosen.append(rng.choice(len(some), p=chance / chance.sum()) if chance.sum() > 0 else chosen[0])
    return some[chosen].astype(np.float64)


def _gaps(places: Any, middles: Any) -> Any:
    """(N, K) squared distances."""
    middles = middles.astype(places.dtype)
    gaps = (places**2).sum(axis=1)[:, None] - 2 * places @ middles.T + (middles**2).sum(axis=1)
    return np.maximum(gaps, 0)


def pairs(own: Clusters, other: Clusters) -> list[int]:
    """For each part of a picture that of the other which is like it; each is taken once, and together they fit best."""
    one, two = _described(own), _described(other)
    cost = ((one[:, None] - two[None]) ** 2).sum(axis=2)
    count = len(cost)
    best: dict[int, tuple[float, list[int]]] = {0: (0.0, [])}
    for number in range(count):
        step: dict[int, tuple[float, list[int]]] = {}
        for taken, (paid, chosen) in best.items():
            for each in (each for each in range(count) if not taken & 1 << each):
                key, price = taken | 1 << each, paid + float(cost[number, each] * own.votes[number])
                if key not in step or price < step[key][0]:
                    step[key] = price, [*chosen, each]
        best = step
    return best[(1 << count) - 1][1]


def _described(found: Clusters) -> NDArray[np.float64]:
    """Middles as seen from the mean of their picture: skies are alike if both are lighter than their land."""
    places = found.middles / _SCALE
    centre = found.votes @ places
    spread = np.sqrt(found.votes @ (places - centre) ** 2) + 0.02
    told = (places - centre) / spread
    told[:, 3:] = places[:, 3:] * 3
    return np.asarray(told * _MATCHED)
