"""What becomes of lines once they are found: faint ones cut, thinner or bolder, clean, and sharp at full size."""

from __future__ import annotations

from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.ops import reduction, ridges, without_specks
from senga.ops.outlines import blurred

Plane = NDArray[np.float32]
Faint = Literal["kept", "enhanced", "pure"]

LEAST = {"kept": 0.0, "enhanced": 0.1, "pure": 0.18}
"""Ink below which there is none, as sketchKeras has it."""
SPECK = 80
"""Pixels that a line has at least, where cleaning is strongest."""
ROUND = 0.8
"""Standard deviation by which lines are smoothed before they are enlarged, so that their pixels make no steps."""
THIN = 1.7
"""By which thin lines are multiplied once they are smoothed, so that they stay dark."""


def inked(ink: Plane, faint: Faint, darkness: float, weight: float, cleaning: float) -> Plane:
    """Lines as a painter wants them, 0..1.

    Args:
        ink: (H, W), as it was found.
        faint: what becomes of the faintest lines.
        darkness: above 1 faint lines become darker, below 1 fainter.
        weight: how bold lines are, 1 as they were found.
        cleaning: 0..1, how large specks are that go.
    """
    ink = np.where(ink < LEAST[faint], np.float32(0), np.clip(ink, 0, 1)) ** np.float32(1 / darkness)
    ink = _bolder(ink, weight - 1) if weight > 1 else _thinner(ink, 1 - weight) if weight < 1 else ink
    smallest = speck(cleaning)
    return without_specks(ink, smallest) if smallest > 1 else np.asarray(ink, np.float32)


def speck(cleaning: float) -> int:
    """Pixels below which connected ones are a speck."""
    return round(SPECK * cleaning)


def _bolder(ink: Plane, pixels: float) -> Plane:
    """Lines that grow by so many pixels on both sides, by turns along and across the rows and in all directions."""
    step = 0
    while pixels > 0:
        form = cv2.MORPH_RECT if step % 2 else cv2.MORPH_CROSS
        grown: Any = cv2.dilate(ink, cv2.getStructuringElement(form, (3, 3)))
        ink = ink + np.float32(min(1.0, pixels)) * (grown - ink)
        pixels, step = pixels - 1, step + 1
    return ink


def _thinner(ink: Plane, share: float) -> Plane:
    """Lines on their way to being one pixel wide, where the share is 1."""
    thin = np.minimum(np.float32(THIN) * blurred(ridges.thinned(ink), 0.6), 1)
    return np.asarray(ink + np.float32(share) * (np.minimum(ink, thin) - ink), np.float32)


def at_full_size(ink: Plane, grid: reduction.Grid) -> tuple[Plane, Plane, Plane]:
    """What is enlarged: smoothed lines, how dark these are in their middle, and how dark the lines themselves are."""
    if grid.factor == 1:
        return ink, ink, ink
    soft = blurred(ink, ROUND)
    return soft, _peaks(soft), _peaks(ink)


def _peaks(ink: Plane) -> Plane:
    found: Any = cv2.dilate(ink, np.ones((3, 3), np.uint8))
    return blurred(np.asarray(found, np.float32), 0.8)


def sharp(ink: Plane, peaks: Plane, dark: Plane, factor: int) -> Plane:
    """Enlarged lines with edges as steep as if they had been drawn at this size.

    Args:
        ink: enlarged by ``factor``, and so as much softer.
        peaks: how dark these are in the middle of lines, near each pixel.
        dark: how dark lines are to be there.
        factor: of the enlargement.
    """
    if factor == 1:
        return ink
    height = np.maximum(peaks, np.float32(0.02))
    steep = (ink / height - np.float32(0.5)) * np.float32(0.75 * factor) + np.float32(0.5)
    return np.asarray(np.clip(steep, 0, 1) * np.clip(dark, 0, 1), np.float32)
