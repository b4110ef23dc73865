"""A picture as patches of one colour: superpixels, joined where they are alike.

References:
    Achanta, Shaji, Smith, Lucchi, Fua, Süsstrunk: SLIC superpixels. IEEE TPAMI 34(11), 2012,
    doi:10.1109/TPAMI.2012.120.
    Felzenszwalb, Huttenlocher: Efficient graph-based image segmentation. IJCV 59(2), 2004 (small patches join easily).
    Wang, Yu: Learning to cartoonize using white-box cartoon representations. CVPR 2020 (the adaptive colours).
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.job import Job

from .banded import Plane, each_band, reflected

Labels = NDArray[np.int32]


def lab(values: Plane) -> Plane:
    """(H, W, 3) sRGB in 0..1 as CIELAB: 0..100 and about -100..100."""
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(values), cv2.COLOR_RGB2LAB))


def patched(picture: Plane, size: int, alike: float, job: Job) -> Plane:
    """(H, W, 3) in 0..1 as flat patches in adaptive colours, joined where they are alike.

    Args:
        picture: what is flattened.
        size: side of the superpixels, in pixels.
        alike: distance of CIELAB colours up to which large patches are joined.
        job: threads, progress and cancel.
    """
    colours = lab(picture)
    labels = slic(colours, size, 2.5, job.part(0, 0.6))
    return flat_colours(picture, joined(labels, colours, alike, size * size, job.part(0.6, 1)))


def slic(colours: Plane, size: int, compactness: float, job: Job, *, rounds: int = 5) -> Labels:
    """(H, W) numbers of patches of about ``size`` x ``size`` pixels.

    A pixel belongs to the nearest of the nine patches round it, by (Δcolour)² + (compactness · Δplace / size)².

    Args:
        colours: (H, W, 3) CIELAB.
        size: side of a patch, in pixels.
        compactness: how square patches are; about 10.
        job: told of the progress.
        rounds: how often patches are moved to the middle of what belongs to them.
    """
    height, width = colours.shape[:2]
    high, wide = -(-height // size), -(-width // size)
    rows, columns = (reflected(np.arange(n * size), m) for n, m in ((high, height), (wide, width)))
    near = np.float32(compactness / size)
    places = [np.arange(n * size).astype(np.float32) * near for n in (wide, high)]
    planes = [np.ascontiguousarray(colours[:, :, c][rows][:, columns]) for c in range(3)]
    planes += np.meshgrid(*places)
    centres = [plane.reshape(high, size, wide, size).mean(axis=(1, 3)) for plane in planes]
    cells = [_by_cells(planes.pop(0), size) for _ in range(len(planes))]
    labels = np.empty((high * size, wide * size), np.int32)
    for index in range(rounds):
        if index:
            centres = _middles(cells, labels, centres)
        _nearest(cells, centres, labels, job.part(index / rounds, (index + 1) / rounds))
    return np.ascontiguousarray(labels[:height, :width])


def _by_cells(plane: Plane, size: int) -> Plane:
    """The rows of a plane as (row of its cell, cell, column): what is done with all cells runs on without a break."""
    return np.ascontiguousarray(plane.reshape(-1, size, plane.shape[1]).swapaxes(0, 1))


_PIECE = 240_000
"""Pixels that are compared at once. With fewer, threads would only wait for each other between the small steps."""


def _nearest(cells: list[Plane], centres: list[Plane], labels: Labels, job: Job) -> None:
    """Write down the number of the nearest of the nine centres of each pixel; ``labels`` is (H, W)."""
    high, wide = centres[0].shape
    size = len(cells[0])
    around = [np.pad(centre, 1, "edge").repeat(size, axis=1) for centre in centres]
    numbers = np.arange(high * wide, dtype=np.int32).reshape(high, wide).repeat(size, axis=1)
    steps = np.array([down * wide + right for down, right in _WAYS], np.int32)
    rows_of = labels.reshape(high, size, wide * size)

    def one(part: slice) -> None:
        pieces = [cell[:, part] for cell in cells]
        best = np.full(pieces[0].shape, np.inf, np.float32)
        distance, gap = np.empty_like(best), np.empty_like(best)
        way, nearer = np.zeros(best.shape, np.uint8), np.empty(best.shape, bool)
        for index, step in enumerate(_WAYS):
            _apart(pieces, [_beside(plane, part, size, *step) for plane in around], distance, gap)
            np.less(distance, best, out=nearer)
            np.minimum(distance, best, out=best)
            np.maximum(way, nearer.view(np.uint8) * np.uint8(index), out=way)
        # Beyond the border the cells are repeated, but come later: the one inside was as near already.
        rows_of[part] = (steps.take(way) + numbers[part]).swapaxes(0, 1)

    rows = max(1, _PIECE // (size * wide * size))
    each_band(one, [slice(top, min(top + rows, high)) for top in range(0, high, rows)], job)


_WAYS = [(down, right) for down in (0, -1, 1) for right in (0, -1, 1)]


def _beside(around: Any, part: slice, size: int, down: int, right: int) -> Any:
    """(cells, columns): what the cells of ``part`` find beside them, of a plane with a further cell on every side."""
    left = (1 + right) * size
    rows = around[part.start + 1 + down : part.stop + 1 + down]
    return np.ascontiguousarray(rows[:, left : left + around.shape[1] - 2 * size])


def _apart(cells: list[Plane], centres: list[Plane], distance: Plane, gap: Plane) -> None:
    """Squared distances of pixels from centres: of colours and of places; those to the right the rows share."""
    for index, (cell, centre) in enumerate(zip(cells, centres, strict=True)):
        if index == _ACROSS:
            across = cell[0] - centre
            distance += across * across
            continue
        target = gap if index else distance
        np.subtract(cell, centre, out=target)
        np.multiply(target, target, out=target)
        if index:
            distance += gap


_ACROSS = 3
"""Which of the planes tells places to the right."""


def _middles(cells: list[Plane], labels: Labels, before: list[Plane]) -> list[Plane]:
    shape, flat = before[0].shape, labels.ravel().astype(np.intp)
    count = np.bincount(flat, minlength=before[0].size).reshape(shape)
    sums = (np.bincount(flat, cell.swapaxes(0, 1).ravel(), before[0].size).reshape(shape) for cell in cells)
    return [
        np.where(count > 0, total / np.maximum(count, 1), old).astype(np.float32)
        for total, old in zip(sums, before, strict=True)
    ]


def joined(labels: Labels, colours: Plane, alike: float, grain: float, job: Job, *, rounds: int = 24) -> Labels:
    """Patches joined with the neighbour of the nearest mean colour, the nearest pairs first.

    Args:
        labels: (H, W) numbers of patches.
        colours: (H, W, 3) CIELAB.
        alike: distance of mean colours up to which large patches are joined.
        grain: pixels of a patch below which it joins more easily.
        job: told of the progress.
        rounds: at most.
    """
    numbers = _renumbered(labels)
    flat = numbers.ravel().astype(np.intp)
    area: Any = np.bincount(flat).astype(np.float64)
    sums: list[Any] = [np.bincount(flat, colours[:, :, c].ravel()) for c in range(3)]
    pairs = _neighbours(numbers)
    root = np.arange(len(area))
    for index in range(rounds):
        job.progress(index / rounds)
        one, other = _mutual(pairs, [total / area for total in sums], area, alike, grain)
        if not len(one):
            break
        for total in (area, *sums):
            total[one] += total[other]
        target = np.arange(len(area))
        target[other] = one
        root, pairs = target[root], _distinct(*(target[side] for side in pairs))
    return _renumbered(root)[numbers]


Pairs = tuple[NDArray[Any], NDArray[Any]]


def _renumbered(numbers: NDArray[Any]) -> Labels:
    """The same without gaps: those that occur are numbered anew, in order."""
    occurs = np.bincount(numbers.ravel()) > 0
    return np.asarray((np.cumsum(occurs, dtype=np.int32) - 1).take(numbers))


def _neighbours(numbers: NDArray[Any]) -> Pairs:
    lines = np.ascontiguousarray(numbers.T), numbers
    ones = np.concatenate([side[:-1].ravel() for side in lines])
    return _distinct(ones, np.concatenate([side[1:].ravel() for side in lines]))


def _distinct(one: NDArray[Any], other: NDArray[Any]) -> Pairs:
    """Each pair of different numbers once, the smaller first, in order."""
    apart = np.flatnonzero(one != other)
    one, other = one[apart], other[apart]
    many = int(max(one.max(initial=0), other.max(initial=0))) + 1
    kind: Any = np.int32 if many * many < 2**31 else np.int64
    keys = np.minimum(one, other).astype(kind) * kind(many) + np.maximum(one, other).astype(kind)
    fresh = np.append(True, keys[1:] != keys[:-1])[: len(keys)]  # most equal ones stand beside each other
    return np.divmod(np.unique(keys[fresh]), kind(many))


def _mutual(pairs: Pairs, means: list[NDArray[Any]], area: NDArray[Any], alike: float, grain: float) -> Pairs:
    """Pairs of which each is the other's nearest neighbour, and near enough; of equally near ones the first."""
    one, other = pairs
    gap = np.sqrt(sum((mean[one] - mean[other]) ** 2 for mean in means)) / (
        1 + grain / np.minimum(area[one], area[other])
    )
    near = gap < alike
    one, other, gap = one[near], other[near], gap[near]
    least, first = np.full(len(area), np.inf), np.full(len(area), len(gap))
    for side in (one, other):
        np.minimum.at(least, side, gap)
    for side in (one, other):
        nearest = np.flatnonzero(gap == least[side])
        np.minimum.at(first, side[nearest], nearest)
    mutual = np.flatnonzero(first[one] == first[other])
    return one[mutual], other[mutual]


CALM, LIVELY = 20 / 255, 40 / 255
"""Deviation of a patch up to which it gets its median colour, and from which on its mean."""


def flat_colours(values: Plane, labels: Labels) -> Plane:
    """Every patch in one colour: the median of calm ones, the mean of lively ones, between both a mixture."""
    flat = labels.ravel().astype(np.intp)
    count = np.bincount(flat)
    area = np.maximum(count, 1)
    planes = [values[:, :, c].ravel() for c in range(3)]
    mean = np.stack([np.bincount(flat, plane) / area for plane in planes], 1)
    square = np.stack([np.bincount(flat, plane * plane) / area for plane in planes], 1)
    deviation = np.sqrt(np.maximum(square - mean * mean, 0).mean(axis=1))
    share = np.clip((deviation - CALM) / (LIVELY - CALM), 0, 1)[:, None]
    medians = np.stack([_medians(flat, plane, count) for plane in planes], 1)
    table = (share * mean + (1 - share) * medians).astype(np.float32)
    return np.asarray(table.take(labels, axis=0))


def _medians(flat: NDArray[Any], plane: Plane, count: NDArray[Any]) -> Plane:
    """The lower median of each patch, in steps of 1/65535; numbers of 16 bits are sorted in linear time."""
    levels = np.rint(plane * np.float32(65535)).astype(np.uint16)
    rising = np.argsort(levels, kind="stable")
    by_patch = np.argsort(flat.astype(np.min_scalar_type(len(count)))[rising], kind="stable")
    middle = np.minimum(np.cumsum(count) - (count + 1) // 2, len(flat) - 1)
    return np.asarray(levels[rising[by_patch[middle]]] / np.float32(65535))
