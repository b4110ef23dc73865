"""Pictures seen through a field of places: every pixel of the result says where in the picture it looks."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.image import Pixels
from senga.job import Job

from .banded import Plane, each_band, parts_of, reflected

_FARTHEST = 30_000
"""OpenCV's remapping knows no pictures with more rows or columns than a 16-bit number."""
_ROOM = 2
"""Pixels that bicubic interpolation looks at on each side of a place."""

Places = Callable[[slice, slice], tuple[Plane, Plane]]
"""From the rows and columns of a part of the result to the columns (x) and rows (y) where each of its pixels looks."""


def warped(pixels: Pixels, places: Places, job: Job, *, wrap: bool = False, smooth: bool = True) -> Pixels:
    """A picture of the same size and depth whose pixels are looked up bicubically (or nearest, if not ``smooth``).

    Places beyond the picture are mirrored, or wrapped round to the other side.
    """
    result = np.empty_like(pixels, order="C")

    def one(rows: slice) -> None:
        for columns in parts_of(pixels.shape[1], 1, size=_FARTHEST // 4):
            x, y = places(rows, columns)
            result[rows, columns] = _looked_up(pixels, x, y, wrap, smooth)

    each_band(one, parts_of(*pixels.shape[:2]), job)
    return result


def _looked_up(pixels: Pixels, x: Plane, y: Plane, wrap: bool, smooth: bool) -> Pixels:
    across, x = _window(x, pixels.shape[1], wrap)
    down, y = _window(y, pixels.shape[0], wrap)
    part = pixels[down] if isinstance(down, slice) else pixels.take(down, axis=0)
    part = part[:, across] if isinstance(across, slice) else part.take(across, axis=1)
    how = cv2.INTER_CUBIC if smooth else cv2.INTER_NEAREST
    found = cv2.remap(np.ascontiguousarray(part), x, y, how, borderMode=cv2.BORDER_REPLICATE)
    return np.clip(found, 0, 1, out=found) if smooth and found.dtype == np.float32 else found


def _window(places: Plane, count: int, wrap: bool) -> tuple[slice | NDArray[np.int64], Plane]:
    """The least range of rows or columns that holds all places, and the places in it."""
    first, last = int(np.floor(places.min())) - _ROOM, int(np.ceil(places.max())) + _ROOM + 1
    if last - first > _FARTHEST:
        raise ValueError(f"a part of the result looks at {last - first} rows or columns")
    places = places - np.float32(first)
    if first >= 0 and last <= count:
        return slice(first, last), places
    wanted = np.arange(first, last)
    return (wanted % count if wrap else reflected(wanted, count)), places
