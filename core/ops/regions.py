"""Regions of a line drawing: what lines enclose, also where they leave gaps.

A ball of the size of a gap is rolled through what is free of lines; where it cannot pass, regions end. Smaller balls
then fill the corners, and find the regions into which the first one does not fit. A narrow passage divides what is wide
on both sides of it; beads of a thin shape belong together.

Reference: Zhang, Chen, Zhang, Martin: Vectorizing cartoon animations. IEEE TVCG 15(4), 2009,
doi:10.1109/TVCG.2009.9 (trapped-ball segmentation). Here the balls are levels of the distance to the lines, so that
one distance transform serves all of them.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.job import Job

Labels = NDArray[np.int32]
Mask = NDArray[np.bool_]

NECK = 0.6
"""Of the radius of the largest ball in the smaller of two regions: a wider passage does not divide them."""
CRUMB = 1.5
"""Radius of regions, in pixels, that are too small to be divided from others by a passage."""


def regions(free: Mask, gap: float, job: Job) -> Labels:
    """(H, W) numbers of regions from 1 on, 0 on lines.

    Args:
        free: (H, W), where no line is.
        gap: width of the widest gap that is bridged, in pixels; 0 bridges none.
        job: told of the progress.
    """
    radii = _radii(gap)
    distance = cv2.distanceTransform(free.astype(np.uint8), cv2.DIST_L2, 5)
    labels = np.zeros(free.shape, np.int32)
    joined, sizes = np.arange(1, dtype=np.int32), np.zeros(1, np.float32)
    for number, radius in enumerate(radii):
        job.progress(number / len(radii), "Closing lines")
        open_now = distance > radius
        labels, first = _with_new(labels, open_now)
        sizes = _largest(labels, distance, sizes, first)
        labels = flooded(labels, open_now)
        joined = _joined(labels, distance, sizes)
        labels, sizes = joined[labels], _sizes_of(joined, sizes)
    job.progress(1.0)
    return _counted(labels)


def _radii(gap: float) -> list[float]:
    """Of the balls, the largest first."""
    largest = gap / 2
    return [largest - step for step in range(int(np.ceil(largest)))] + [0.0]


def _with_new(labels: Labels, open_now: Mask) -> tuple[Labels, int]:
    """The labels with further ones for parts that have none, and the first of these."""
    count, parts = cv2.connectedComponents(open_now.astype(np.uint8), connectivity=4)
    is_known = np.zeros(count, bool)
    is_known[parts[labels > 0]] = True
    is_known[0] = True
    first = int(labels.max(initial=0)) + 1
    numbers = np.zeros(count, np.int32)
    numbers[~is_known] = np.arange(first, first + int((~is_known).sum()), dtype=np.int32)
    return np.where(labels > 0, labels, numbers[parts]), first


def _largest(labels: Labels, distance: Any, sizes: Any, first: int) -> Any:
    """The radius of the largest ball in every region; those before ``first`` are known."""
    found = np.zeros(int(labels.max(initial=0)) + 1, np.float32)
    found[:first] = sizes[:first]
    fresh = labels >= first
    np.maximum.at(found, labels[fresh], distance[fresh])
    return found


def flooded(labels: Labels, open_now: Mask, kinds: Any = None) -> Labels:
    """Labels spread through what is open, each to where it comes first; 0 elsewhere.

    Args:
        labels: (H, W), at least one in every part that is open; 0 where there is none yet.
        open_now: (H, W), where they spread.
        kinds: (H, W, 3) uint8 with other numbers than 255 in each part that they must not leave, or None.
    """
    barred = np.where(open_now, 0, 255).astype(np.uint8)
    picture = np.repeat(barred[:, :, None], 3, axis=2) if kinds is None else np.where(open_now[..., None], kinds, 255)
    padded = cv2.copyMakeBorder(picture, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    markers = np.pad(np.where(open_now, labels, 0), 1)
    if not markers.any():
        return np.zeros_like(labels)
    found = cv2.watershed(padded, markers)[1:-1, 1:-1]
    spread: Labels = np.where(open_now & (found > 0), found, 0).astype(np.int32)
    return _without_ridges(spread, open_now, picture)


def _without_ridges(labels: Labels, open_now: Mask, picture: Any) -> Labels:
    """Where labels meet OpenCV leaves a pixel between them: it takes a neighbour's."""
    for _ in range(4):
        rows, columns = np.nonzero(open_now & (labels == 0))
        if not len(rows):
            break
        taken = np.zeros(len(rows), np.int32)
        for down, across in ((0, -1), (-1, 0), (0, 1), (1, 0)):
            y, x = np.clip(rows + down, 0, len(labels) - 1), np.clip(columns + across, 0, labels.shape[1] - 1)
            alike = (picture[y, x] == picture[rows, columns]).all(axis=1)
            taken = np.where((taken == 0) & alike, labels[y, x], taken)
        labels[rows, columns] = taken
    return labels


def borders(labels: Labels, values: Any) -> tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.int64]]:
    """Pairs of labels that touch: (N, 2), the largest of the values there, and how many pixels long.

    Args:
        labels: (H, W), 0 for none.
        values: (H, W); of a pair of pixels the smaller one counts.
    """
    pairs, widths = [], []
    for one, other in ((np.s_[:, :-1], np.s_[:, 1:]), (np.s_[:-1], np.s_[1:])):
        a, b = labels[one], labels[other]
        meet = (a != b) & (a > 0) & (b > 0)
        pairs.append(np.stack([np.minimum(a[meet], b[meet]), np.maximum(a[meet], b[meet])], axis=1))
        widths.append(np.minimum(values[one][meet], values[other][meet]))
    every, width = np.concatenate(pairs), np.concatenate(widths).astype(np.float32)
    found, where, count = np.unique(every, axis=0, return_inverse=True, return_counts=True)
    largest = np.zeros(len(found), np.float32)
    np.maximum.at(largest, where.reshape(-1), width)
    return found.reshape(-1, 2), largest, count


def _joined(labels: Labels, distance: Any, sizes: Any) -> Any:
    """For every label the one that it belongs to now: over wide passages, the widest first."""
    pairs, widths, _ = borders(labels, distance)
    owner, size = list(range(len(sizes))), sizes.copy()
    for at in np.argsort(-widths, kind="stable"):
        a, b = root(owner, int(pairs[at, 0])), root(owner, int(pairs[at, 1]))
        smaller = min(size[a], size[b])
        if a != b and (smaller <= CRUMB or widths[at] >= NECK * smaller):
            owner[max(a, b)] = min(a, b)
            size[min(a, b)] = max(size[a], size[b])
    return np.array([root(owner, each) for each in range(len(owner))], np.int32)


def root(owner: list[int], label: int) -> int:
    """To which label one belongs in the end, where each belongs to ``owner[label]``."""
    while owner[label] != label:
        owner[label] = owner[owner[label]]
        label = owner[label]
    return label


def _sizes_of(joined: Any, sizes: Any) -> Any:
    found = sizes.copy()
    np.maximum.at(found, joined, sizes)
    return found


def _counted(labels: Labels) -> Labels:
    """The same regions numbered from 1 without a gap."""
    used = np.zeros(int(labels.max(initial=0)) + 1, np.int32)
    used[labels.reshape(-1)] = 1
    used[0] = 0
    return np.asarray((np.cumsum(used, dtype=np.int32) * used)[labels])


def nearest(wanted: Mask) -> NDArray[np.int32]:
    """(H, W): for every pixel the flat index of the nearest one that is wanted; its own where none is wanted."""
    if not wanted.any():
        return np.arange(wanted.size, dtype=np.int32).reshape(wanted.shape)
    _, cells = cv2.distanceTransformWithLabels(
        (~wanted).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    places = np.zeros(int(cells.max()) + 1, np.int32)
    places[cells[wanted]] = np.flatnonzero(wanted).astype(np.int32)
    return np.asarray(places[cells])
