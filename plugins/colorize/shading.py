"""From what a network paints to flat colours, one for each region, and shades on them that end at the lines.

Networks paint small and soft, and over lines. A region takes the colour that most of it has, away from its rim. A large
one, in which open lines leave several things, is divided where the network's colours clearly differ. What is darker
within a region than its colour becomes its shade, smoothed by wavelets with holes that do not look over lines.

References:
    Dammertz, Sewtz, Hanika, Lensch: Edge-avoiding À-Trous wavelet transform for fast global illumination filtering.
    HPG 2010.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.ops import luma
from senga.ops.superpixels import lab

from .colouring import Colouring, Numbers, Plane
from .drawing import Drawing

RIM = 4.0
OWN_RIM = 5.5
"""Pixels from a line from which on a pixel counts wholly; of the network's, if that is more."""
ALIKE = 0.08
"""Difference of a channel from which on a pixel hardly counts for the colour of its region."""
ROUNDS = 3
"""How often the colour of a region is sought anew, without what is unlike it."""
LARGE = 0.06
"""Share of the picture from which on a region may be divided."""
KINDS = 4
"""Parts of a divided region, at most."""
CLEAR = 16.0
"""Distance of colours that clearly differ, see ``hues``."""
BROAD = 0.04
"""How broad a part is somewhere, as a share of the longer side."""
PART = 0.06
"""Share of a region that a part of it has, at least."""
SMOOTH = 0.016
"""Radius to which shades are smoothed, as a share of the longer side."""
SLIGHT = 0.03
"""What is darker by less is no shade."""
DARKEST = 0.45
"""Share of the light of a colour that its shade leaves, at least."""
WHITE = 0.955
"""What is lighter in all channels is white."""


def coloured_by(
    drawing: Drawing, seen: Plane, hinted: Colouring | None = None, *, guesses: bool = True
) -> Colouring:  # fmt: skip
    """Flat colours and shades of a drawing.

    Args:
        drawing: its regions.
        seen: (a, b, 3) what a network painted, in 0..1, of any size.
        hinted: colours from hints, which are kept where there are any.
        guesses: whether what has none of these takes its colour from the network, rather than staying paper.
    """
    height, width = drawing.labels.shape
    parts = divided(drawing.labels, seen) if guesses else drawing.labels
    parts = parts if hinted is None else apart(parts, hinted.numbers)
    inside: Any = cv2.distanceTransform((drawing.labels > 0).astype(np.uint8), cv2.DIST_L2, 3)
    rim = max(RIM, OWN_RIM * width / seen.shape[1])
    weight = np.asarray(np.square(np.clip(inside / rim, 0.05, 1)), np.float32)
    seen = np.asarray(cv2.resize(seen, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    colours = main_colours(parts, seen, weight)
    shade = shade_of(parts, seen, weight, colours).reshape(-1)[drawing.under]
    if hinted is not None and not guesses:
        return replace(hinted, shade=shade)
    made = Colouring.of(_bytes(colours), parts.reshape(-1)[drawing.under], shade)
    return made if hinted is None else over(made, hinted)


def apart(labels: Numbers, numbers: Numbers) -> Numbers:
    """Regions from 1 on, apart where colours from hints divide them."""
    keys = np.where(labels > 0, labels + (int(labels.max(initial=0)) + 1) * numbers, 0)
    used = np.bincount(keys.reshape(-1)) > 0
    used[0] = True
    return np.asarray((np.cumsum(used, dtype=np.int32) - 1)[keys], np.int32)


def over(made: Colouring, hinted: Colouring) -> Colouring:
    """Colours from hints where there are any, and others elsewhere."""
    first, palette = len(hinted.palette.colours) - 1, hinted.palette
    colours = np.concatenate([palette.colours, made.palette.colours[1:]])
    others = np.where(made.numbers > 0, made.numbers + first, 0)
    numbers = np.where(hinted.numbers > 0, hinted.numbers, others).astype(np.int32)
    return Colouring(replace(palette, colours=colours), numbers, made.shade)


def _bytes(colours: Plane) -> NDArray[np.uint8]:
    """Those of (N + 1, 3) colours in 0..1 that have numbers; what is nearly white is white."""
    whiter = np.where(colours.min(axis=1, keepdims=True) > WHITE, 1, colours)
    return np.asarray(np.rint(255 * np.clip(whiter[1:], 0, 1)), np.uint8)


def main_colours(labels: Numbers, seen: Plane, weight: Plane) -> Plane:
    """(N + 1, 3) the colour that most of every region has; white for 0.

    Args:
        labels: (h, w) regions from 1 on.
        seen: (h, w, 3) colours in 0..1.
        weight: (h, w) how much every pixel counts.
    """
    flat, count = labels.reshape(-1), int(labels.max(initial=0)) + 1
    planes = [np.ascontiguousarray(plane).reshape(-1) for plane in cv2.split(seen)]
    first = counts = weight.reshape(-1)
    for _ in range(ROUNDS):
        whole = np.maximum(np.bincount(flat, counts, minlength=count), 1e-9)
        found = [(np.bincount(flat, counts * each, minlength=count) / whole).astype(np.float32) for each in planes]
        away = np.ones_like(counts)
        for each, mean in zip(planes, found, strict=True):
            away += np.square((each - mean[flat]) * np.float32(1 / ALIKE))
        counts = first / np.square(away)
    result = np.stack(found, axis=1)
    result[0] = 1
    return np.asarray(result, np.float32)


def hues(seen: Plane) -> Plane:
    """(h, w, 3) colours in 0..1 such that those of one thing, lit and in shade, are near: CIELAB, a and b by L."""
    found = lab(seen)
    light = found[:, :, :1]
    return np.concatenate([np.float32(0.4) * light, 60 * found[:, :, 1:] / np.maximum(light, 15)], axis=2)


def divided(labels: Numbers, seen: Plane) -> Numbers:
    """The same regions, large ones in parts whose colours clearly differ.

    Args:
        labels: (h, w) regions from 1 on, 0 on lines.
        seen: (a, b, 3) colours in 0..1, smaller or of the same size.
    """
    area = np.bincount(labels.reshape(-1))
    result, following, colours = labels, len(area), hues(seen)
    small = cv2.resize(labels, seen.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    for region in np.flatnonzero(area >= LARGE * labels.size).tolist():
        inside = (small == region).astype(np.uint8)
        kinds = _kinds(colours[cv2.erode(inside, np.ones((3, 3), np.uint8)) > 0]) if region else []
        if len(kinds) > 1:
            part = _in_parts(inside > 0, colours, kinds, labels.shape)
            result = np.where((labels == region) & (part > 0), following - 1 + part, result).astype(np.int32)
            following += len(kinds) - 1
    return result


def _kinds(colours: Any) -> list[Any]:
    """The colours that clearly differ in (N, 3), the most frequent first."""
    if not len(colours):
        return []
    some = colours[:: max(1, len(colours) // 4000)]
    centres = [np.median(some, axis=0)]
    for _ in range(KINDS - 1):  # settling may take away what was added
        away = np.min([np.linalg.norm(some - each, axis=1) for each in centres], axis=0)
        if (away > CLEAR).mean() < PART:
            break
        centres.append(np.median(some[away >= np.quantile(away, 1 - PART)], axis=0))
        centres = _settled(some, centres)
    return centres


def _settled(some: Any, centres: list[Any]) -> list[Any]:
    """Centres in the middle of what is nearest to them, without those that are rare or alike."""
    for _ in range(4):
        nearest = np.argmin([np.linalg.norm(some - each, axis=1) for each in centres], axis=0)
        order = np.argsort(-np.bincount(nearest, minlength=len(centres)), kind="stable").tolist()
        means = [some[nearest == each].mean(axis=0) for each in order if (nearest == each).mean() >= PART]
        centres = [
            mean
            for at, mean in enumerate(means)
            if all(np.linalg.norm(mean - other) > 0.75 * CLEAR for other in means[:at])
        ]
    return centres


def _in_parts(inside: Any, colours: Plane, kinds: list[Any], size: tuple[int, ...]) -> Numbers:
    """Which kind every pixel of a region is, from 0 on, with smooth borders, in (h, w); rims are none."""
    side = max(5, round(BROAD * max(inside.shape)) | 1)
    nearest = np.argmin([np.square(colours - np.float32(each)).sum(axis=2) for each in kinds], axis=0)
    masks = [(inside & (nearest == each)).astype(np.float32) for each in range(len(kinds))]
    broad = [mask for mask in masks if cv2.erode(mask, np.ones((side, side), np.uint8)).any()]
    shares = [cv2.blur(mask, (side, side)) for mask in broad or masks[:1]]
    large = [cv2.resize(each, size[::-1], interpolation=cv2.INTER_LINEAR) for each in shares]
    return np.asarray(np.argmax(large, axis=0), np.int32)


def shade_of(labels: Numbers, seen: Plane, weight: Plane, colours: Plane) -> Plane:
    """(h, w) by how much what a network painted is darker than the colour of its region; 1 not at all.

    What is behind everything has no shade.
    """
    light = np.maximum(luma(colours), np.float32(0.05))
    light[behind(labels)] = 1e-3
    ratio = np.minimum(luma(seen) / light[labels] + np.float32(SLIGHT), 1)
    ratio = np.maximum(np.where(labels > 0, ratio, 1), np.float32(DARKEST)).astype(np.float32)
    return smoothed(ratio, weight, labels, SMOOTH * max(labels.shape))


def behind(labels: Numbers) -> list[int]:
    """Regions that reach at least three sides of the picture."""
    sides = [set(np.unique(side).tolist()) for side in (labels[0], labels[-1], labels[:, 0], labels[:, -1])]
    return [each for each in set().union(*sides) if each and sum(each in side for side in sides) > 2]


def smoothed(values: Plane, weight: Plane, labels: Numbers, radius: float) -> Plane:
    """Planes smoothed within regions: means of neighbours of the same region, ever farther away."""
    step = 1
    sums = values * weight
    while step <= max(1.0, radius):
        for axis in (0, 1):
            sums, weight = (_with_neighbours(each, labels, step, axis) for each in (sums, weight))
        step *= 2
    return np.asarray(sums / np.maximum(weight, 1e-6), np.float32)


def _with_neighbours(values: Plane, labels: Numbers, step: int, axis: int) -> Plane:
    """A half of each pixel, and a quarter of both neighbours as far as they are of the same region."""
    if step >= values.shape[axis]:
        return values
    result = 0.5 * values
    before, after = ((slice(None),) * axis + (one,) for one in (slice(None, -step), slice(step, None)))
    same = (labels[before] == labels[after]) * np.float32(0.25)
    result[before] += same * values[after]
    result[after] += same * values[before]
    return np.asarray(result, np.float32)


def enlarged(shade: Plane, numbers: Numbers, large: Numbers, rows: slice, factor: int) -> Plane:
    """A band of shades at full size: between pixels of the working size that have the colour of the one that is asked.

    Args:
        shade: (h, w) at the working size.
        numbers: (h, w) colours there.
        large: (H, W) colours at full size.
        rows: of it.
        factor: pixels of the full size to one of the working size.
    """
    if factor == 1:
        return shade[rows]
    down, across = (_places(np.arange(*bounds), factor, side) for bounds, side in _axes(rows, large, shade))
    wanted = large[rows]
    sums, whole = np.zeros(wanted.shape, np.float32), np.full(wanted.shape, 1e-6, np.float32)
    for y, high in down:
        for x, wide in across:
            at = np.ix_(y, x)
            share = (high[:, None] * wide[None]) * (numbers[at] == wanted) + np.float32(1e-6)
            sums += share * shade[at]
            whole += share
    return np.asarray(sums / whole, np.float32)


def _axes(rows: slice, large: Numbers, shade: Plane) -> Any:
    return ((rows.start, rows.stop), shade.shape[0]), ((0, large.shape[1]), shade.shape[1])


def _places(places: Any, factor: int, side: int) -> list[tuple[Any, Plane]]:
    """Both neighbours of pixels along one side, and how near each is."""
    exact = (places + 0.5) / factor - 0.5
    low = np.floor(exact).astype(np.int64)
    share = np.asarray(exact - low, np.float32)
    return [(np.clip(low, 0, side - 1), 1 - share), (np.clip(low + 1, 0, side - 1), share)]
