"""Edges of photographs that many detectors agree on, and how well others find them."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.job import Job
from senga.ops import superpixels
from senga.ops.outlines import blurred
from senga.ops.ridges import thinned
from training.pictures import Picture

Mask = NDArray[np.bool_]
Plane = NDArray[np.float32]
Example = tuple[Picture, NDArray[np.uint8], NDArray[np.uint8]]
"""A picture, its labels and their weights."""

WANTED = (3, 2, 1)
"""So many detectors of either kind must agree on an edge of each channel."""
NEAR = np.ones((3, 3), np.uint8)
TOLERANCE = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
"""Edges up to two pixels away count as the same."""


def slopes(photo: Picture, sigma: float, kernel: int = 3) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
    """Derivatives of the channel of CIELAB that changes most, in hundredths of a step of lightness, 0..100."""
    lab = superpixels.lab(np.asarray(photo, np.float32) / 255)
    soft = blurred(lab, sigma) if sigma > 0 else lab
    scale = 0.25 if kernel == 3 else 1 / 16  # the smoothing that goes with the kernel, less one for Scharr's
    both = [cv2.Sobel(soft, cv2.CV_32F, *way, ksize=kernel) * scale for way in ((1, 0), (0, 1))]
    most = np.argmax(both[0] ** 2 + both[1] ** 2, axis=2)[:, :, None]
    across, down = (np.rint(np.take_along_axis(each, most, 2)[:, :, 0] * 100).astype(np.int16) for each in both)
    return across, down


def ridges_of(both: tuple[NDArray[np.int16], NDArray[np.int16]], high: float) -> NDArray[np.uint8]:
    """Canny's lines of slopes; ``high`` is a step of lightness, 0..100."""
    return np.asarray(cv2.Canny(*both, 40 * high, 100 * high, L2gradient=True))


def canny(photo: Picture, sigma: float, high: float, kernel: int = 3) -> NDArray[np.uint8]:
    """Both."""
    return ridges_of(slopes(photo, sigma, kernel), high)


def _borders(labels: NDArray[np.int32]) -> NDArray[np.uint8]:
    """255 where the number changes to the right or below."""
    found = np.zeros(labels.shape, np.uint8)
    found[:, :-1][labels[:, :-1] != labels[:, 1:]] = 255
    found[:-1][labels[:-1] != labels[1:]] = 255
    return found


def gradients(photo: Picture) -> Iterable[NDArray[np.uint8]]:
    """Canny at three scales, and of Scharr's kernel: they see every step, that of a texture too."""
    yield from (canny(photo, sigma, high) for sigma, high in ((1.0, 9), (2.0, 6), (3.5, 4)))
    yield canny(photo, 1.5, 8, kernel=cv2.FILTER_SCHARR)


def regions(photo: Picture) -> Iterable[NDArray[np.uint8]]:
    """Borders of two mean shifts, and of superpixels joined twice: they see where one surface ends."""
    for place, colour in ((6, 14), (12, 28)):
        yield canny(cv2.pyrMeanShiftFiltering(photo, place, colour, maxLevel=1), 0.7, 6)
    lab = superpixels.lab(np.asarray(photo, np.float32) / 255)
    patches = superpixels.slic(lab, 8, 4.0, Job())
    yield from (_borders(superpixels.joined(patches, lab, alike, 64, Job())) for alike in (12, 20))


def _votes(found: Iterable[NDArray[np.uint8]]) -> Plane:
    return np.sum([cv2.dilate(lines, NEAR) > 0 for lines in found], axis=0).astype(np.float32)


def agreed(photo: Picture) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """(H, W, 3) labels 0 or 1 for each number of ``WANTED``, and weights: 0 where one vote is lacking."""
    steps, borders = _votes(gradients(photo)), _votes(regions(photo))
    both = np.minimum(steps, borders)
    line = (thinned(blurred(steps + borders, 1.0)) > 0) & (both > 0)
    labels = np.dstack([line & (both >= least) for least in WANTED])
    near = cv2.dilate(labels.astype(np.uint8), NEAR) > 0
    doubtful = np.dstack([(both == least - 1) & (both > 0) for least in WANTED])
    return labels.astype(np.uint8), (labels | near | ~doubtful).astype(np.uint8)


def surfaces(photo: Picture) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The same where three of the four detectors of regions see a border, and no gradient votes; doubtful with two."""
    votes = _votes(regions(photo))
    line = (thinned(blurred(votes, 1.0)) > 0) & (votes >= 3)
    sure = line | (cv2.dilate(line.astype(np.uint8), NEAR) > 0) | (votes != 2)
    return np.dstack([line] * 3).astype(np.uint8), np.dstack([sure] * 3).astype(np.uint8)


def counts(found: Mask, wanted: Mask, sure: Mask) -> tuple[int, int, int, int]:
    """Found ones that are wanted, found ones, wanted ones that are found, wanted ones."""
    found = found & sure
    near_wanted, near_found = (cv2.dilate(lines.astype(np.uint8), TOLERANCE) > 0 for lines in (wanted, found))
    return int((found & near_wanted).sum()), int(found.sum()), int((wanted & near_found).sum()), int(wanted.sum())


def f_measure(sums: NDArray[np.int64]) -> float:
    """2 PR / (P + R) of sums of ``counts``."""
    precision, recall = sums[0] / max(1, sums[1]), sums[2] / max(1, sums[3])
    return float(2 * precision * recall / max(1e-9, precision + recall))
