"""Faces of a film: where those of the frame before are now, which is sooner known than where faces are at all.

References:
    B. D. Lucas, T. Kanade: An iterative image registration technique with an application to stereo vision. IJCAI 1981.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.image import Image
from senga.job import Job
from senga.ops.lightness import grey

from .cuts import reduced
from .face import Face, Points
from .frame import Frame
from .landmarks import look

LONG = 640
"""Longer side of the frames in which landmarks are followed."""
WINDOW, LEVELS = 15, 3
SURE = 0.3
"""Certainty of the network below which a face is lost."""
SEEN = 0.5
"""Share of the landmarks that must be found again."""
FAR = 0.1
"""Sizes of the face by which a landmark may move otherwise than the whole face."""
NEW = 0.5
"""How much the network's landmarks count beside those that were followed: by themselves they tremble."""


def followed(picture: Image, before: Image, faces: list[Face], job: Job) -> list[Face | None]:
    """For each face of the frame before where it is now, or None where it is lost.

    Args:
        picture: the frame.
        before: the frame before, of the same size.
        faces: with landmarks in the frame before.
        job: of the host.
    """
    if not faces or picture.pixels.shape[:2] != before.pixels.shape[:2]:
        return [None] * len(faces)
    now, then = (_small(each) for each in (picture, before))
    scale = max(picture.pixels.shape[:2]) / max(now.shape)
    found: list[Face | None] = []
    for number, face in enumerate(faces):
        part = job.part(number / len(faces), (number + 1) / len(faces))
        moved = _moved(now, then, face.points / np.float32(scale))
        found.append(None if moved is None else _seen(picture, moved * np.float32(scale), face.score, part))
    return found


def _small(image: Image) -> NDArray[np.uint8]:
    pixels = image.u8()
    small = reduced(pixels, LONG) if max(pixels.shape[:2]) > LONG else pixels
    return np.asarray(grey(np.ascontiguousarray(small)))


def _moved(now: NDArray[np.uint8], then: NDArray[np.uint8], points: Points) -> Points | None:
    """Landmarks in the later picture; those that move otherwise than the face go with it."""
    lost = np.zeros_like(points)
    flow, seen, _ = cv2.calcOpticalFlowPyrLK(then, now, points, lost, winSize=(WINDOW, WINDOW), maxLevel=LEVELS)
    found, good = np.asarray(flow, np.float32), seen.ravel() > 0
    if good.mean() < SEEN:
        return None
    as_one = _as_one(points, found, good)
    stray = np.linalg.norm(found - as_one, axis=1) > FAR * Frame.of(points).size
    return np.asarray(np.where((~good | stray)[:, None], as_one, found), np.float32)


def _as_one(points: Points, found: Points, good: NDArray[np.bool_]) -> Points:
    """The points turned, enlarged and shifted as the middle half of those that were found."""
    for _ in range(2):
        here, there = (each[good, 0] + 1j * each[good, 1] for each in (points, found))
        middle, aim = here.mean(), there.mean()
        factor = ((here - middle).conj() * (there - aim)).sum() / max(1e-9, float((np.abs(here - middle) ** 2).sum()))
        all_here = points[:, 0] + 1j * points[:, 1]
        made = factor * (all_here - middle) + aim
        away = np.abs(made - (found[:, 0] + 1j * found[:, 1]))
        good = good & (away <= np.median(away[good]) + 1e-6)
    return np.asarray(np.stack([made.real, made.imag], axis=1), np.float32)


def _seen(picture: Image, points: Points, score: float, job: Job) -> Face | None:
    """The face, if the network sees one there."""
    own, sure = look(picture.pixels, Frame.of(points), job)
    if sure < SURE:
        return None
    return Face.of_points(points + np.float32(NEW) * (own.astype(np.float32) - points), score)
