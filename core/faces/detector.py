"""Where faces are: a small network for faces of one size looks at the picture at many sizes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.image import Pixels
from senga.job import Job
from senga.neural.networks.faces import STEP

from .cuts import centred, reduced
from .frame import Frame
from .weights import finder

LONG = {640: 48.0, 320: 48.0, 160: 66.0, 80: np.inf}
"""Longer sides at which the picture is looked at, and up to how many pixels a face is believed there: larger ones are
seen better when they are smaller."""
SMALLEST = 24.0
"""Smaller ones are not believed."""
GAP = 32
"""Grey pixels between the sizes of the picture, which lie beside each other so that the network runs once; sides are
filled up to it too, so that few shapes are prepared for."""
LEAST = 0.55
"""Share of certainty from which on a place may be a face: below it no landmarks make up for it."""
APART = 0.45
"""Faces are at least so far apart, in sizes of the larger one."""
NOTE = "Finding faces"


def detect(pixels: Pixels, job: Job) -> list[tuple[Frame, float]]:
    """The frames of faces in pixels of the picture, with how sure each is (0..1), the surest first.

    Args:
        pixels: (H, W, 3) in one of the three depths.
        job: of the host.
    """
    sheet = Sheet.of(pixels)
    cells = finder()({"photo": sheet.photo}, job, note=NOTE)["cells"]
    found = []
    for (long, high), (rows, columns) in zip(LONG.items(), sheet.places, strict=True):
        scale = max(pixels.shape[:2]) / long
        faces = (each for each in candidates(cells[rows, columns]) if SMALLEST <= each[0].size <= high)
        found += [(_enlarged(frame, scale), score) for frame, score in faces]
    return apart(found)


@dataclass(frozen=True, eq=False)
class Sheet:
    """A picture in several sizes on one grey sheet: the largest, and in a row below or beside it the others.

    Attributes:
        photo: (H, W, 3), what the network sees.
        places: for each size, the rows and columns of cells in which it lies.
    """

    photo: NDArray[np.float32]
    places: list[tuple[slice, slice]]

    @classmethod
    def of(cls, pixels: Pixels, sides: Iterable[int] = tuple(LONG)) -> Sheet:
        """That of a picture (H, W, 3), with these longer sides, the largest first."""
        several = list(_reductions(pixels, sides))
        corners = _corners([small.shape[:2] for small in several])
        ends = [np.add(corner, small.shape[:2]) for corner, small in zip(corners, several, strict=True)]
        high, wide = (-(-int(end) // GAP) * GAP for end in np.max(ends, axis=0))
        photo = np.zeros((high, wide, 3), np.float32)
        places = []
        for (top, left), small in zip(corners, several, strict=True):
            height, width = small.shape[:2]
            photo[top : top + height, left : left + width] = centred(small)
            places.append((_cells(top, height), _cells(left, width)))
        return cls(photo, places)


def _reductions(pixels: Pixels, sides: Iterable[int]) -> Iterator[Pixels]:
    """The picture with these longer sides; each is made of the one before, if that is not much smaller."""
    small = pixels
    for long in sides:
        small = reduced(small if max(small.shape[:2]) >= long else pixels, long)
        yield small


def _corners(sizes: list[tuple[int, ...]]) -> list[tuple[int, int]]:
    """(top, left) of each picture on the sheet."""
    (height, width), *others = sizes
    is_wide = width >= height
    along, found = 0, [(0, 0)]
    beyond = -(-(height if is_wide else width) // GAP) * GAP + GAP
    for tall, wide in others:
        found.append((beyond, along) if is_wide else (along, beyond))
        along += -(-(wide if is_wide else tall) // GAP) * GAP + GAP
    return found


def _cells(start: int, length: int) -> slice:
    return slice(start // STEP, start // STEP - (-length // STEP))


def candidates(cells: NDArray[np.float32], least: float = LEAST) -> Iterator[tuple[Frame, float]]:
    """The frames of cells that are surer than their neighbours, in pixels of what the network saw."""
    odds = np.ascontiguousarray(cells[:, :, 0])
    peaks = (odds >= cv2.dilate(odds, np.ones((3, 3), np.uint8))) & (odds > np.log(least / (1 - least)))
    for row, column in zip(*np.nonzero(peaks), strict=True):
        logit, right, down, size, up_x, up_y = cells[row, column].tolist()
        x, y = (column + 0.5 + right) * STEP, (row + 0.5 + down) * STEP
        frame = Frame(x, y, STEP * 2.0 ** min(max(size, -4), 8), float(np.arctan2(up_x, -up_y)))
        yield frame, float(1 / (1 + np.exp(-logit)))


def apart(found: list[tuple[Frame, float]]) -> list[tuple[Frame, float]]:
    """Without those that are near a surer one."""
    kept: list[tuple[Frame, float]] = []
    for frame, score in sorted(found, key=lambda each: -each[1]):
        if not any(is_near(frame, other) for other, _ in kept):
            kept.append((frame, score))
    return kept


def is_near(one: Frame, other: Frame) -> bool:
    """Whether both are of one face."""
    return bool(np.hypot(one.x - other.x, one.y - other.y) < APART * max(one.size, other.size))


def _enlarged(frame: Frame, scale: float) -> Frame:
    return Frame(frame.x * scale, frame.y * scale, frame.size * scale, frame.turn)
