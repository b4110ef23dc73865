"""The colours of a picture: which there are, how much of it they cover, and where they lie in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.image import Image, to_depth
from senga.ops.superpixels import lab

Plane = NDArray[np.float32]

SIDE = 256
"""Pixels of the longer side of a picture whose colours are looked for."""
THIN = 5
"""Pixels of that below which lines are no colours of things."""
MOST = 12
"""Colours that are told apart."""
ALIKE = 7.0
"""Distance in CIELAB below which colours are one."""
BLACK, ENOUGH = 15.0, 0.15
"""What is darker, in CIELAB, is ink rather than a colour where so much of the picture is lighter."""
EDGE = 12.0
"""Difference of lightness to what is around, from which on a pixel hardly counts: it is a mixture of two colours."""
LEAST = 0.004
"""Share of a picture that a colour covers, at least."""
_FINE = 24
"""Steps of each channel in which colours are counted first."""


@dataclass(frozen=True, eq=False)
class Shades:
    """The colours of a picture, the most frequent first.

    Attributes:
        colours: (N, 3) in CIELAB.
        shares: (N,) of the picture that each covers; all together 1.
        heights: (N,) where each lies, 0 at the top and 1 at the bottom, in the mean.
        rims: (N,) share of the picture's border that each covers.
    """

    colours: Plane
    shares: Plane
    heights: Plane
    rims: Plane

    @classmethod
    def of(cls, picture: Image) -> Shades:
        """Those of a picture; what is transparent does not count, and neither do lines."""
        small, counts = _small(picture)
        seen = lab(small)
        counts = _without_ink(seen, counts * _flatness(seen))
        values = seen.reshape(-1, 3)
        centres = _centres(values, counts.reshape(-1))
        nearest = np.argmin([np.square(values - each).sum(axis=1) for each in centres], axis=0)
        return cls._measured(centres, nearest, counts)

    @classmethod
    def _measured(cls, centres: Plane, nearest: NDArray[np.intp], counts: Plane) -> Shades:
        height, width = counts.shape
        flat, number = counts.reshape(-1), len(centres)
        rows = np.repeat((np.arange(height) + 0.5) / height, width)
        rim = np.ones((height, width), bool)
        rim[1:-1, 1:-1] = False
        whole = np.bincount(nearest, flat, number)
        border = np.bincount(nearest, flat * rim.reshape(-1), number)
        heights = np.bincount(nearest, flat * rows, number) / np.maximum(whole, 1e-9)
        kept = np.flatnonzero(whole >= min(LEAST * whole.sum(), whole.max()))
        order = kept[np.argsort(-whole[kept], kind="stable")]
        shares = whole[order] / max(whole[order].sum(), 1e-9)
        rims = border[order] / max(border.sum(), 1e-9)
        return cls(centres[order], *(np.asarray(each, np.float32) for each in (shares, heights[order], rims)))


def _small(picture: Image) -> tuple[Plane, Plane]:
    """(h, w, 3) colours without thin lines, and (h, w) how opaque each pixel is."""
    scale = min(1.0, SIDE / max(picture.height, picture.width))
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    pixels: Any = cv2.resize(to_depth(picture.pixels, np.uint8), size, interpolation=cv2.INTER_AREA)
    alpha = None if picture.alpha is None else to_depth(picture.alpha, np.float32)
    counts: Any = np.ones(size[::-1], np.float32) if alpha is None else cv2.resize(alpha, size, interpolation=3)
    if min(size) > THIN:
        pixels = cv2.medianBlur(pixels, THIN)
    if not counts.max() > 0.02:
        counts = np.ones_like(counts)
    return np.asarray(pixels, np.float32) / np.float32(255), np.asarray(counts, np.float32)


def _flatness(seen: Plane) -> Plane:
    """(h, w) 1 where a pixel is as those around it, less where it is not."""
    around = np.ones((3, 3), np.uint8)
    steps: Any = cv2.dilate(seen, around) - cv2.erode(seen, around)
    return np.asarray(1 / (1 + np.square(steps.max(axis=2) / np.float32(EDGE)) ** 2), np.float32)


def _without_ink(seen: Plane, counts: Plane) -> Plane:
    """What counts, without black where there is enough beside it."""
    light = counts * (seen[:, :, 0] >= BLACK)
    return light if light.sum() >= ENOUGH * counts.sum() else counts


def _centres(values: Plane, counts: Plane) -> Plane:
    """The colours that stand for all, (N, 3)."""
    codes = np.floor(values * np.array((_FINE / 100, _FINE / 200, _FINE / 200), np.float32)).astype(np.int64) + _FINE
    places = codes @ np.array([10_000, 100, 1])
    _, where = np.unique(places, return_inverse=True)
    where = where.reshape(-1)
    weight = np.bincount(where, counts)
    sums = np.stack([np.bincount(where, counts * values[:, channel]) for channel in range(3)], axis=1)
    some = sums[weight > 0] / weight[weight > 0, None]
    return np.asarray(_settled(some, weight[weight > 0]), np.float32)


def _settled(some: Any, weight: Any) -> Any:
    """Colours that are far apart and frequent, each in the middle of what is nearest to it."""
    found = some[np.argmax(weight)][None]
    while len(found) < min(MOST, len(some)):
        away = np.min([np.square(some - each).sum(axis=1) for each in found], axis=0)
        if away.max() < ALIKE**2:
            break
        found = np.concatenate([found, some[np.argmax(weight * away)][None]])
    for _ in range(6):
        nearest = np.argmin([np.square(some - each).sum(axis=1) for each in found], axis=0)
        whole = np.bincount(nearest, weight, len(found))
        sums = np.stack([np.bincount(nearest, weight * some[:, channel], len(found)) for channel in range(3)], axis=1)
        found = _apart(sums[whole > 0] / whole[whole > 0, None], whole[whole > 0])
    return found


def _apart(colours: Any, whole: Any) -> Any:
    """Without those that are like a more frequent one."""
    kept: list[Any] = []
    for at in np.argsort(-whole, kind="stable"):
        if all(np.linalg.norm(colours[at] - each) >= ALIKE for each in kept):
            kept.append(colours[at])
    return np.array(kept)
