"""A line drawing: how dark it is, and the regions that its lines enclose."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.errors import SengaError
from senga.image import Image, to_depth
from senga.job import Job
from senga.ops import banded, luma, regions
from senga.prepared import SHELF, digest_of

LARGEST = 2.2e6
"""Pixels above which regions are looked for on a reduced picture."""
FAINT = 12
"""Of 255: a picture whose darkest lines are fainter has none."""
TINY = 16
"""Side of a picture that may be without lines."""
NO_LINES = "There are no lines in this picture: colours need dark lines on light or transparent paper."
_THUMB = 256
"""Side of the small picture on which the tone of the paper is measured."""

Ink = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Drawing:
    """What is known of a line drawing before it is coloured.

    Attributes:
        ink: (H, W), how dark it is: 0 paper, 255 black.
        level: from which ink on there is a line.
        factor: pixels of it that are one pixel of the working size, along each side; 1 or even.
        labels: (h, w) regions at the working size from 1 on; 0 on lines.
        under: (h, w) flat index of the nearest pixel without a line; its own where there is none.
        on_paper: whether there is light paper around the lines, rather than nothing.
        darkest: the ink of the darkest lines.
    """

    ink: Ink
    level: int
    factor: int
    labels: regions.Labels
    under: NDArray[np.int32]
    on_paper: bool
    darkest: int = 255

    @cached_property
    def small_ink(self) -> Ink:
        """(h, w) ink at the working size."""
        return reduced(self.ink, self.factor)

    @cached_property
    def neighbours(self) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Pairs of regions that touch, below lines too, and how many pixels long; the longest borders first."""
        whole = self.labels.reshape(-1)[self.under]
        pairs, _, lengths = regions.borders(whole, np.ones(whole.shape, np.float32))
        order = np.argsort(-lengths, kind="stable")
        return pairs[order], lengths[order]


def drawing_of(image: Image, gap: float, faintest: float, job: Job) -> Drawing:
    """The drawing in a picture, made once for as long as picture and settings stay the same.

    Args:
        image: lines on paper; with ``job.alpha`` lines on a transparent layer.
        gap: width of gaps that are bridged, in pixels of a picture of one megapixel.
        faintest: how dark lines must be, as a share of the darkest.
        job: told of the progress.

    Raises:
        SengaError: there are no lines.
    """
    whole = Image(image.pixels, job.alpha)
    key = digest_of(whole) + f" colorize {gap} {faintest}".encode()
    found = SHELF.keep(key, lambda: _made(whole, gap, faintest, job))
    assert isinstance(found, Drawing)  # noqa: S101 - narrows the type
    return found


def _made(image: Image, gap: float, faintest: float, job: Job) -> Drawing:
    ink, on_paper = _ink(image, job.part(0, 0.3))
    darkest = _darkest(ink)
    if darkest < FAINT and min(ink.shape) >= TINY:
        raise SengaError(NO_LINES)
    level, factor = max(1, round(faintest * darkest)), factor_of(*ink.shape)
    free = reduced(ink, factor) < level
    scale = math.sqrt(ink.size / 1e6) / factor
    labels = regions.regions(free, gap * scale, job.part(0.3, 1))
    return Drawing(ink, level, factor, labels, regions.nearest(labels > 0), on_paper, max(1, darkest))


def factor_of(height: int, width: int) -> int:
    """By how much a drawing is reduced."""
    need = math.sqrt(height * width / LARGEST)
    return 1 if need <= 1 else 2 * math.ceil(need / 2)


def _ink(image: Image, job: Job) -> tuple[Ink, bool]:
    """How dark a picture is on white, and whether most of it is light paper."""
    light, share = np.empty((image.height, image.width), np.uint8), np.zeros(2)
    parts = banded.parts_of(image.height, image.width)

    def read(rows: slice) -> None:
        values = luma(banded.samples(image.pixels[rows]))
        if image.alpha is not None:
            cover = to_depth(image.alpha[rows], np.float32)
            share[:] += float((cover * values).sum()), float((cover * (1 - values)).sum())
            values = 1 - cover * (1 - values)
        light[rows] = np.rint(255 * values)

    for number, rows in enumerate(parts):
        job.progress(number / len(parts))
        read(rows)
    return _on_white(light), image.alpha is None or bool(share[0] > share[1])


def _on_white(light: Ink) -> Ink:
    """Darkness against the paper, which may be yellowed or lit from one side."""
    height, width = light.shape
    scale = min(1.0, _THUMB / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(light, size, interpolation=cv2.INTER_AREA)
    paper = cv2.blur(cv2.dilate(small, np.ones((15, 15), np.uint8)), (15, 15))
    paper = np.maximum(paper, max(1, round(0.6 * float(paper.max()))))
    if paper.min() >= 253:
        return np.asarray(255 - light)
    large = cv2.resize(paper, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(255 - np.minimum(cv2.divide(light, large, scale=255), 255), np.uint8)


def _darkest(ink: Ink) -> int:
    """The darkness that a few pixels of the drawing have at least."""
    count = np.cumsum(np.bincount(ink.reshape(-1), minlength=256)[::-1])
    return 255 - int(np.searchsorted(count, min(ink.size, max(4, ink.size // 50_000))))


def reduced(ink: Ink, factor: int) -> Ink:
    """Ink at the working size: the darker of neighbouring means, so that thin lines stay closed."""
    if factor == 1:
        return ink
    rows, columns = (-(-side // factor) for side in ink.shape)
    whole: Any = cv2.copyMakeBorder(
        ink, 0, rows * factor - ink.shape[0], 0, columns * factor - ink.shape[1], cv2.BORDER_REPLICATE
    )
    half = cv2.resize(whole, (2 * columns, 2 * rows), interpolation=cv2.INTER_AREA)
    return np.asarray(half.reshape(rows, 2, columns, 2).max(axis=(1, 3)))  # (row, y, column, x)
