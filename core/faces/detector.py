"""Where faces are: a small network for faces of one size looks at the picture at many sizes."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.image import Pixels
from senga.job import Job
from senga.neural.engine import evaluate
from senga.neural.networks.faces import STEP, face_finder

from .cuts import centred, reduced
from .frame import Frame
from .weights import weights

LONG = {640: 48.0, 320: 48.0, 160: 66.0, 80: np.inf}
"""Longer sides at which the picture is looked at, and up to how many pixels a face is believed there: larger ones are
seen better when they are smaller."""
SMALLEST = 24.0
"""Smaller ones are not believed."""
MULTIPLE = 32
"""Sides are filled up to it, so that few shapes are prepared for."""
LEAST = 0.4
"""Share of certainty from which on a place may be a face."""
APART = 0.45
"""Faces are at least so far apart, in sizes of the larger one."""
NOTE = "Finding faces"


def detect(pixels: Pixels, job: Job) -> list[tuple[Frame, float]]:
    """The frames of faces in pixels of the picture, with how sure each is (0..1), the surest first.

    Args:
        pixels: (H, W, 3) in one of the three depths.
        job: of the host.
    """
    found = []
    for number, (long, high) in enumerate(LONG.items()):
        small = reduced(pixels, long)
        cells = _cells(small, job.part(number / len(LONG), (number + 1) / len(LONG)))
        scale = max(pixels.shape[:2]) / long
        faces = (each for each in candidates(cells) if SMALLEST <= each[0].size <= high)
        found += [(_enlarged(frame, scale), score) for frame, score in faces]
    return apart(found)


def _cells(small: Pixels, job: Job) -> NDArray[np.float32]:
    """(rows, columns, 6) of a reduced picture."""
    height, width = small.shape[:2]
    made = evaluate(face_finder(), weights("finder"), {"photo": padded(small)}, job, note=NOTE)["cells"]
    return made[: -(-height // STEP), : -(-width // STEP)]


def padded(small: Pixels) -> NDArray[np.float32]:
    """A reduced picture as the network wants it, grey beyond its border."""
    height, width = small.shape[:2]
    return np.pad(centred(small), [(0, -height % MULTIPLE), (0, -width % MULTIPLE), (0, 0)])


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
