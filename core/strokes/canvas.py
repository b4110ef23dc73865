"""Drawing strokes: each direction on its own turned canvas, the darkest of all directions wins."""

from __future__ import annotations

import math
from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from .bank import Bank, nominal_length
from .geometry import Box, Turn
from .plan import Strokes

Grey = NDArray[np.uint8]

BAND = 16 << 20
"""Pixels of a canvas that are alive at once, about."""


def canvas_bands(turn: Turn, bank: Bank) -> list[Box]:
    """The bands that the frame of a direction is drawn in."""
    return turn.bands(BAND, overlap=4 * bank.width)


class Canvas:
    """A band of the turned frame of one direction, white at first.

    Strokes that only touch the band from outside are drawn whole on a margin, so that bands fit together exactly.
    """

    def __init__(self, turn: Turn, band: Box, bank: Bank) -> None:
        margin_rows, margin_columns = 4 * bank.width + 2, bank.extension + math.ceil(bank.unit) + 2
        self._turn = turn
        self._bank = bank
        self._band = band
        self._box = Box(
            band.top - margin_rows, band.bottom + margin_rows, band.left - margin_columns, band.right + margin_columns
        )
        self._pixels: Grey = np.full(self._box.size, 255, np.uint8)

    def draw(self, strokes: Strokes) -> bool:
        """Draw those of the strokes that touch the band; tell whether there were any."""
        tops, lefts = placement(strokes, self._bank)
        near = (tops + 2 * self._bank.width > self._band.top - 1) & (tops <= self._band.bottom)
        patches = self._patches(strokes[near])
        pixels, darker = self._pixels, cv2.min
        rows, columns = (tops[near] - self._box.top).tolist(), (lefts[near] - self._box.left).tolist()
        for top, left, patch in zip(rows, columns, patches, strict=True):  # the innermost loop: 2 µs per stroke
            height, width = patch.shape
            region = pixels[top : top + height, left : left + width]
            darker(region, patch, region)
        return bool(near.any())

    def _patches(self, strokes: Strokes) -> Iterator[Grey]:
        length = nominal_length(strokes["end"] - strokes["begin"]).astype(np.int64)
        codes, which = np.unique((length << 16) | (strokes["level"].astype(np.int64) << 8), return_inverse=True)
        patches = [self._bank.patches(code >> 16, code >> 8 & 255) for code in codes.tolist()]
        for index, variant in zip(which.tolist(), strokes["variant"].tolist(), strict=True):
            variants = patches[index]
            yield variants[variant % len(variants)]

    def lay(self, paper: Grey) -> None:
        """Turn the canvas back and darken ``paper``, in place, where it is darker."""
        part, turned = self._turn.turn_back(self._pixels, self._box)
        if 0 not in part.size:
            region = paper[part.slices]
            cv2.min(region, turned, region)


def placement(strokes: Strokes, bank: Bank) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Top row and left column of each stroke's patch in the frame of the full picture."""
    tops = np.floor((strokes["row"] + 0.5) * bank.unit).astype(np.int64) - bank.width // 2
    lefts = np.floor(strokes["begin"] * bank.unit).astype(np.int64) - bank.extension
    return tops, lefts
