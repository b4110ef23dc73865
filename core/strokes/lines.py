"""The outlines: a line drawing found by filters shaped like short lines.

References:
    Lu, Xu, Jia: Combining sketch and tone for pencil drawing production. NPAR 2012, doi:10.2312/PE/NPAR/NPAR12/065-073.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.job import Job
from senga.ops.rows import bands

from .tone import Grey, equalise

DIRECTIONS = 18
_DIRECT = 120
"""OpenCV uses the non-zero taps alone below this many taps, and Fourier transforms above: ten times slower."""

Plane = NDArray[np.float32]
Tap = tuple[int, int, Plane]


def line_map(
    grey: Grey, full_size: tuple[int, int], *, deepen: float = 1.0, contrast: bool = True, job: Job | None = None
) -> Grey:
    """The outlines of a picture as (h, w) uint8, 255 = no line.

    Args:
        grey: the picture.
        full_size: (height, width) of the whole picture at this scale; the lines are 1/30 of its shorter side, 19 px at
            most.
        deepen: exponent; above 1 makes faint lines darker.
        contrast: bring out faint lines by local contrast.
        job: told of the progress.
    """
    job = job or Job()
    half = min(max(min(full_size) // 60, 1), 9)
    gradient = _gradient(np.asarray(cv2.medianBlur(grey, 3), np.uint8))
    kernels = [_split(kernel) for kernel in line_kernels(half)]
    labels = _labels(gradient, kernels, half, job.part(0, 0.45))
    strength = _along(gradient, labels, kernels, half, job.part(0.45, 0.9))
    low, high = float(strength.min()), float(strength.max())
    if high - low < 1e-6:
        return np.full_like(grey, 255)
    paper = (high - strength) / np.float32(high - low)
    lines = (np.clip(paper, 0, 1) ** np.float32(deepen) * 255).astype(np.uint8)
    job.progress(1)
    return equalise(lines, full_size) if contrast else lines


def line_kernels(half: int) -> list[Plane]:
    """The (2·half + 1)² kernels of all directions, each of them a line of unit width with the sum 2·half + 1."""
    side = 2 * half + 1
    level = np.zeros((side, side), np.float32)
    level[half] = 1
    kernels = []
    for index in range(DIRECTIONS):
        turn = cv2.getRotationMatrix2D((side / 2, side / 2), 180 * index / DIRECTIONS, 1)
        kernel: Plane = np.asarray(cv2.warpAffine(level, turn, (side, side)))
        kernels.append(kernel * (side / kernel.sum()))
    return kernels


def strengthen(lines: Grey, strength: float) -> Grey:
    """Lines as they multiply the shading: 0 leaves none, 1 takes them once, 2 twice, the second time a pixel aside."""
    once, again = _power(lines, min(strength, 1)), _power(lines, max(strength - 1, 0))
    aside = np.pad(again, ((1, 0), (1, 0)), mode="edge")[:-1, :-1]
    return multiply(once, aside)


def fade(lines: Grey, share: float) -> Grey:
    """Lines drawn with a part of their darkness."""
    table = np.rint(255 - share * (255 - np.arange(256))).astype(np.uint8)
    return np.asarray(cv2.LUT(lines, table), dtype=np.uint8)


def multiply(first: Grey, second: Grey) -> Grey:
    """``floor(first · second / 255)``, in strips."""
    result = np.empty_like(first)
    for rows in bands(len(first)):
        product = np.multiply(first[rows], second[rows], dtype=np.uint16)
        np.floor_divide(product, 255, out=product)
        result[rows] = product
    return result


def _power(grey: Grey, exponent: float) -> Grey:
    table = np.rint(255 * (np.arange(256) / 255) ** exponent).astype(np.uint8)
    return np.asarray(cv2.LUT(grey, table), dtype=np.uint8)


def _gradient(grey: Grey) -> NDArray[np.uint16]:
    """|forward difference| in x plus in y, zero where there is no next pixel."""
    signed = grey.astype(np.int16)
    gradient = np.zeros(grey.shape, np.uint16)
    gradient[:, :-1] += np.abs(np.diff(signed, axis=1)).view(np.uint16)
    gradient[:-1] += np.abs(np.diff(signed, axis=0)).view(np.uint16)
    return gradient


def _split(kernel: Plane, top: int = 0, left: int = 0) -> list[Tap]:
    """Pieces (top, left, taps) of a sparse kernel, each small enough to be filtered directly."""
    rows, columns = np.flatnonzero(kernel.any(axis=1)), np.flatnonzero(kernel.any(axis=0))
    if len(rows) == 0:
        return []
    top, left = top + int(rows[0]), left + int(columns[0])
    taps = kernel[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    if taps.size < _DIRECT:
        return [(top, left, np.ascontiguousarray(taps))]
    if taps.shape[0] > taps.shape[1]:
        middle = taps.shape[0] // 2
        return _split(taps[:middle], top, left) + _split(taps[middle:], top + middle, left)
    middle = taps.shape[1] // 2
    return _split(taps[:, :middle], top, left) + _split(taps[:, middle:], top, left + middle)


def _correlate(padded: Plane, pieces: list[Tap], half: int) -> Plane:
    """Correlation with a split kernel; ``padded`` has a border of ``half``, the result has none."""
    height, width = padded.shape[0] - 2 * half, padded.shape[1] - 2 * half
    total: Plane | None = None
    for top, left, taps in pieces:
        whole: Plane = np.asarray(cv2.filter2D(padded, cv2.CV_32F, taps, anchor=(0, 0)))
        part = whole[top : top + height, left : left + width]
        total = part if total is None else np.asarray(cv2.add(total, part))
    assert total is not None  # noqa: S101 - a line kernel has taps
    return total


def _strips(plane: NDArray[Any], half: int, job: Job) -> Iterator[tuple[slice, NDArray[Any]]]:
    """Rows of a plane, and the same rows with a reflected border of ``half`` on every side."""
    padded = cv2.copyMakeBorder(plane, half, half, half, half, cv2.BORDER_REFLECT_101)
    for rows in bands(len(plane)):
        job.progress(rows.start / len(plane), "Finding outlines")
        yield rows, padded[rows.start : rows.stop + 2 * half]


def _labels(gradient: NDArray[np.uint16], kernels: list[list[Tap]], half: int, job: Job) -> NDArray[np.uint8]:
    """The direction whose line holds most gradient, of every pixel."""
    labels = np.zeros(gradient.shape, np.uint8)
    for rows, padded in _strips(gradient, half, job):
        plane = padded.astype(np.float32)
        best, label = _correlate(plane, kernels[0], half).copy(), labels[rows]
        for index, pieces in enumerate(kernels[1:], start=1):
            response = _correlate(plane, pieces, half)
            label[np.greater(response, best)] = index
            cv2.max(best, response, dst=best)
    return labels


def _along(
    gradient: NDArray[np.uint16], labels: NDArray[np.uint8], kernels: list[list[Tap]], half: int, job: Job
) -> Plane:
    """The gradient drawn out along the direction of each pixel, weighted by the gradient itself to keep lines thin."""
    drawn = np.empty(gradient.shape, np.float32)
    label_border = cv2.copyMakeBorder(labels, half, half, half, half, cv2.BORDER_REFLECT_101)
    for rows, padded in _strips(gradient, half, job):
        plane, label = padded.astype(np.float32), label_border[rows.start : rows.stop + 2 * half]
        total = np.zeros((rows.stop - rows.start, gradient.shape[1]), np.float32)
        for index, pieces in enumerate(kernels):
            own = cv2.copyTo(plane, np.equal(label, index).view(np.uint8))
            cv2.add(total, _correlate(np.asarray(own, np.float32), pieces, half), dst=total)
        drawn[rows] = total * gradient[rows].astype(np.float32) ** np.float32(0.4)
    return drawn
