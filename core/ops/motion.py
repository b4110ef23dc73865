"""Where things move from one frame of a film to the next.

References:
    T. Kroeger, R. Timofte, D. Dai, L. Van Gool: Fast optical flow using dense inverse search. ECCV 2016,
    doi:10.1007/978-3-319-46493-0_29.
    G. Farnebäck: Two-frame motion estimation based on polynomial expansion. SCIA 2003, doi:10.1007/3-540-45103-X_50.
    M. Ruder, A. Dosovitskiy, T. Brox: Artistic style transfer for videos. GCPR 2016,
    doi:10.1007/978-3-319-45886-1_3: what is seen in one frame only is found by flow there and back.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]
_LARGEST = 300_000
"""Pixels of the frames in which motion is looked for; it is smooth, so more tell little more."""
_SMALLEST = 12
"""Pixels a side below which there is nothing to find."""
_AGREES = 1.0
"""Pixels by which flow there and back may miss where it started."""


@dataclass(frozen=True, eq=False)
class Motion:
    """What moved between two frames.

    Attributes:
        flow: (H, W, 2) float32, from each pixel of the later frame to where it was in the earlier one: right, down.
        trust: (H, W) float32 in 0..1, 0 where it was hidden or nothing fits.
    """

    flow: Plane
    trust: Plane


def motion(now: NDArray[np.uint8], before: NDArray[np.uint8], *, mean: bool = False, largest: int = _LARGEST) -> Motion:
    """The motion between two frames, searched there and back by dense inverse search.

    Args:
        now: (H, W) uint8, grey.
        before: the earlier frame, of the same size.
        mean: polynomial expansion is asked, too, which errs in other places: the mean of both errs less where all moves
            a little, but moves what stands still beside what moves.
        largest: pixels of the frames in which it is looked for, if they are larger.
    """
    height, width = now.shape
    factor = min(1.0, math.sqrt(largest / now.size))
    size = round(width * factor), round(height * factor)
    if min(size) < _SMALLEST:
        return Motion(np.zeros((height, width, 2), np.float32), np.ones((height, width), np.float32))
    small, small_before = (cv2.resize(each, size, interpolation=cv2.INTER_AREA) for each in (now, before))
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    pairs = (small, small_before), (small_before, small)
    back, forth = (
        np.asarray(search.calc(*pair, np.zeros((*small.shape, 2), np.float32)), np.float32) for pair in pairs
    )
    missed = np.linalg.norm(back + moved(forth, back, cv2.INTER_LINEAR), axis=2)
    trust = np.exp(-((missed / _AGREES) ** 2)) * _inside(back)
    back = (back + _expanded(small, small_before)) / 2 if mean else back
    whole = cv2.resize(back, (width, height)) * np.array([width / size[0], height / size[1]], np.float32)
    return Motion(np.asarray(whole, np.float32), np.asarray(cv2.resize(trust, (width, height)), np.float32))


def _expanded(now: NDArray[Any], before: NDArray[Any]) -> Plane:
    """The flow by polynomial expansion."""
    none = np.zeros((*now.shape, 2), np.float32)
    return np.asarray(cv2.calcOpticalFlowFarneback(now, before, none, 0.5, 4, 15, 3, 7, 1.5, 0), np.float32)


def moved(values: Plane, flow: Plane, interpolation: int = cv2.INTER_LANCZOS4) -> Plane:
    """(H, W) or (H, W, C) values of the earlier frame, each where it is in the later one."""
    columns, rows = cv2.split(places_of(flow))
    return np.asarray(cv2.remap(values, columns, rows, interpolation, borderMode=cv2.BORDER_REPLICATE), np.float32)


def places_of(flow: Plane) -> Plane:
    """(H, W, 2) column and row of the earlier frame for each pixel of the later one."""
    return np.asarray(_grid(flow.shape[0], flow.shape[1]) + flow)


@lru_cache(maxsize=2)
def _grid(height: int, width: int) -> Plane:
    """The place of each pixel: column, row."""
    columns, rows = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return np.dstack([columns, rows])


def _inside(flow: Plane) -> NDArray[np.bool_]:
    """Which pixels were inside the earlier frame."""
    height, width = flow.shape[:2]
    column, row = cv2.split(places_of(flow))
    return (column >= 0) & (column <= width - 1) & (row >= 0) & (row <= height - 1)
