"""Which strokes to draw: where they begin and end, how much they matter, in what order they come."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.job import Job

from .bank import VARIANTS
from .geometry import Box, Turn
from .tone import WHITE, equalise, level_grey, level_limits

STROKE = np.dtype(
    [
        ("direction", np.uint8),
        ("level", np.uint8),
        ("variant", np.uint8),
        ("row", np.int32),
        ("begin", np.int32),
        ("end", np.int32),
        ("importance", np.float32),
    ]
)
"""A stroke: runs from ``begin`` to ``end`` (excluded) on ``row`` of the turned frame, in planning pixels."""

Strokes = NDArray[Any]
StrokeOrder = Literal["importance", "random", "scan"]

_NEAR = 16
"""Planning pixels along which strokes count as the same one."""
_BAND = 4 << 20
_SHUFFLE = 1 << 20
"""Number of the random stream that shuffles; those of the directions are smaller."""


@dataclass(frozen=True, eq=False)
class Guide:
    """What decides about strokes, at the planning size.

    Attributes:
        grey: (h, w) uint8, how dark each pixel is drawn.
        direction: (h, w) uint8, the direction index of each pixel.
        angles: the angle of each index in degrees.
        levels: number of grey levels.
        width: distance of the rows of strokes in planning pixels.
        seed: of the rows.
        turned_contrast: amount of local contrast to bring out in each turned frame, white corners included.
    """

    grey: NDArray[np.uint8]
    direction: NDArray[np.uint8]
    angles: tuple[float, ...]
    levels: int
    width: int
    seed: int
    turned_contrast: float = 0.0

    def turn(self, direction: int) -> Turn:
        """The frame in which the strokes of a direction are rows."""
        return Turn.of((self.grey.shape[0], self.grey.shape[1]), self.angles[direction])

    def bands(self, turn: Turn, mask: NDArray[np.uint8]) -> Iterator[tuple[Box, NDArray[np.uint8], NDArray[np.uint8]]]:
        """Bands of the turned frame, and in them the grey picture, white outside, and a mask, 0 outside."""
        both = cv2.merge([self.grey, mask])
        equalised = None if self.turned_contrast == 0 else self._equalised(turn)
        for band in turn.bands(_BAND):
            turned = turn.turn(np.asarray(both, np.uint8), band, 255, 0)
            grey, own = cv2.split(turned)
            yield band, np.asarray(grey) if equalised is None else equalised[band.slices], np.asarray(own)

    def _equalised(self, turn: Turn) -> NDArray[np.uint8]:
        whole = turn.turn(self.grey, Box(0, turn.frame[0], 0, turn.frame[1]), 255)
        return equalise(whole, turn.frame, self.turned_contrast)


def search(guide: Guide, direction: int, job: Job) -> Strokes:
    """All strokes of one direction in scan order, without their importance."""
    turn = guide.turn(direction)
    mask = np.where(guide.direction == direction, np.uint8(255), np.uint8(0))
    if not mask.any():
        return np.empty(0, STROKE)
    rng = job.rng(guide.seed, direction)
    rows = scan_rows(rng, guide.levels, turn.frame[0], guide.width)
    limits = level_limits(guide.levels)
    found = []
    for band, grey, own in guide.bands(turn, mask):
        job.check()
        elsewhere = cv2.threshold(own, 127, 255, cv2.THRESH_BINARY_INV)[1]
        found.append(_runs(np.maximum(np.minimum(grey, WHITE), elsewhere), limits, rows, band))
    strokes: Strokes = np.concatenate(found)
    strokes = strokes[np.argsort(strokes["level"], kind="stable")]
    strokes["direction"] = direction
    strokes["variant"] = _variants(strokes, guide.seed)
    return strokes


def _variants(strokes: Strokes, seed: int) -> NDArray[np.uint8]:
    """A number by the place of each stroke: those of films look alike as long as they stay, whatever others do."""
    place = ((strokes["begin"].astype(np.int64) + strokes["end"]) // (2 * _NEAR)).astype(np.uint64)
    mixed = np.full(len(strokes), seed, np.uint64)
    for part in (strokes["direction"], strokes["level"], strokes["row"].astype(np.int64), place):
        mixed = (mixed ^ part.astype(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    return np.asarray(mixed % np.uint64(VARIANTS), np.uint8)


def scan_rows(rng: np.random.Generator, levels: int, height: int, width: int) -> NDArray[np.int32]:
    """For each level its own rows (levels, rows), about ``width`` apart, the first at ``-width // 2``."""
    count = int(height / (0.8 * width)) + 4
    steps = np.rint(rng.normal(width, 1, (levels, count)))
    steps = np.rint(np.clip(steps, 0.8 * width, 1.25 * width))  # at least 2: the rows get to the end
    steps[:, 0] = -(width // 2)
    return np.asarray(np.cumsum(steps, axis=1), np.int32)


def _runs(grey: NDArray[np.uint8], limits: NDArray[np.uint8], rows: NDArray[np.int32], band: Box) -> Strokes:
    """The runs of pixels at most as light as each level, on the rows of that level inside a band; 255 is no pixel."""
    read = np.maximum(rows, 0)
    of_level, of_row = np.nonzero((read >= band.top) & (read < band.bottom))
    lines = grey[read[of_level, of_row] - band.top]
    width = lines.shape[1] + 2
    drawn = np.zeros((len(lines), width), bool)
    np.less_equal(lines, limits[of_level, None], out=drawn[:, 1:-1])
    drawn[:, 2:-2] |= drawn[:, 1:-3] & drawn[:, 3:-1]
    flat = drawn.ravel()
    changes = np.flatnonzero(flat[1:] != flat[:-1])
    line, begin = np.divmod(changes[::2], width)
    strokes = np.zeros(len(begin), STROKE)
    strokes["level"] = of_level[line]
    strokes["row"] = rows[of_level[line], of_row[line]]
    strokes["begin"] = begin + band.left
    strokes["end"] = changes[1::2] - line * width + band.left
    return strokes


def weigh(guide: Guide, strokes: Strokes, direction: int, job: Job) -> None:
    """Set the importance of all strokes of one direction: their darkness times the gradient below them."""
    turn = guide.turn(direction)
    relief = _relief(guide.grey)
    for band in turn.bands(_BAND):
        job.check()
        own = (strokes["row"] >= band.top - guide.width) & (strokes["row"] < band.bottom)
        part = strokes[own]
        sums = cv2.integral(turn.turn(relief, band, 0), sdepth=cv2.CV_64F)
        top = np.clip(part["row"] - band.top, 0, band.size[0])
        bottom = np.clip(part["row"] + guide.width - band.top, 0, band.size[0])
        left, right = (np.clip(part[end] - band.left, 0, band.size[1]) for end in ("begin", "end"))
        total = sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left]
        strokes["importance"][own] += total * (255 - level_grey(guide.levels)[part["level"]]) / 255


def _relief(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The gradient magnitude, 0..255."""
    x = cv2.Sobel(grey, cv2.CV_16S, 1, 0, borderType=cv2.BORDER_REPLICATE)
    y = cv2.Sobel(grey, cv2.CV_16S, 0, 1, borderType=cv2.BORDER_REPLICATE)
    magnitude = np.abs(x.astype(np.int32)) + np.abs(y)
    return np.asarray(magnitude * 255 // max(1, int(magnitude.max())), np.uint8)


def arrange(strokes: Strokes, order: StrokeOrder, seed: int) -> Strokes:
    """The strokes in drawing order: by falling importance with ties at random, at random, or row by row."""
    if order == "scan":
        return strokes
    shuffled: Strokes = strokes[np.random.default_rng([seed, _SHUFFLE]).permutation(len(strokes))]
    if order == "random":
        return shuffled
    return np.asarray(shuffled[np.argsort(-shuffled["importance"], kind="stable")])
