"""The landmarks of a face whose frame is known: a small network looks at the upright square, and once more.

The second look is at the square round the landmarks of the first, and at its mirror image: the mean of both counts.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from senga.image import Pixels
from senga.job import Job
from senga.neural.networks.faces import SIDE

from .cuts import centred, square
from .face import COUNT, MIRRORED, Face
from .frame import Frame, inverse, moved
from .weights import points as network

FIRST = 0.1
"""Certainty of the first look below which there is no second, and of the second below which there is no face."""
SECOND = 0.2
LEAST = 0.84
"""Score below which there is no face: the finder's odds, times those of the second look to the power of ``WEIGHT``."""
WEIGHT = 0.3
NOTE = "Finding faces"

Seen = tuple[NDArray[Any], float]
"""(68, 2) landmarks, and how sure it is that there is a face, 0..1."""


def face_in(pixels: Pixels, frame: Frame, score: float, job: Job) -> Face | None:
    """The face in a frame, or None where the network sees none.

    Args:
        pixels: (H, W, 3) of the picture.
        frame: roughly where the face is.
        score: how sure whoever found it is, 0..1.
        job: of the host.
    """
    points, sure = look(pixels, frame, job.part(0, 1 / 3))
    if sure < FIRST:
        return None
    points, sure = look(pixels, Frame.of(points), job.part(1 / 3, 1), mirrored=True)
    both = _share(_logit(score) + WEIGHT * _logit(sure))
    return Face.of_points(points, both) if both >= LEAST and sure >= SECOND else None


def _logit(share: float) -> float:
    share = min(max(share, 1e-6), 1 - 1e-6)
    return float(np.log(share / (1 - share)))


def _share(logit: float) -> float:
    return float(1 / (1 + np.exp(-logit)))


def look(pixels: Pixels, frame: Frame, job: Job, *, mirrored: bool = False) -> Seen:
    """One look, or with that in a mirror two; landmarks are in pixels of the picture."""
    matrix = frame.matrix(SIDE)
    photo = centred(square(pixels, matrix, SIDE))
    points, sure = _seen(photo, job.part(0, 0.5 if mirrored else 1))
    if mirrored:
        other, again = _seen(np.ascontiguousarray(photo[:, ::-1]), job.part(0.5, 1))
        points = (points + (other * (-1, 1) + (SIDE, 0))[MIRRORED]) / 2
        sure = (sure + again) / 2
    return moved(points, inverse(matrix)), sure


def _seen(photo: NDArray[np.float32], job: Job) -> Seen:
    """In pixels of the square."""
    made = network()({"photo": photo}, job, note=NOTE)
    points = (made["points"].reshape(COUNT, 2) + 1) * (SIDE / 2)  # (68, 2)
    return points, _share(float(made["sure"][0]))
