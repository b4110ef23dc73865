"""Finds the faces of a picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from senga.errors import SengaError
from senga.image import Image, Pixels
from senga.job import Job

from . import detector
from .cuts import reduced
from .face import Face
from .frame import Frame
from .given import faces_of_shares
from .landmarks import face_in
from .points_file import read_faces

MOST = 32
"""Faces of a picture; of more the largest are taken."""
LYING = 1280
"""Longer side of pictures in which faces are looked for that lie or stand on their heads, where none is surely
upright."""
SURE = 0.96
"""Score from which on those count; an upside-down face may be taken for an upright one, but is less sure."""


def find_faces(
    picture: Image,
    job: Job,
    *,
    given: str = "",
    points: Sequence[tuple[float, float]] = (),
    most: int = MOST,
    known: Sequence[Face] | None = None,
) -> list[Face]:
    """The faces of a picture, the largest first; an empty list where there is none.

    Args:
        picture: of any size and depth, upright or not. Where a filter sees a crop of a picture (``job.offset``,
            ``job.full_size``), given landmarks are those of the whole picture, found ones those in the crop.
        job: of the host: progress, cancel, and what networks run on.
        given: a file of landmarks that are used in place of what would be found; see ``points_file``.
        points: landmarks as a setting, shares of the whole picture, 68 for each face; they go before ``given``.
        most: faces to return at most.
        known: faces that are known, of films where they are followed: only others are looked for, upright ones.

    Raises:
        ReadError: the file is not there.
        SettingsError: what is given has not 68 points for each face.
        Cancelled: the user asked to stop.
    """
    if not (points or given):
        found = _seen(picture.pixels, most, job.part(0, 0.4), known or ())
        if known is None and not any(face.score >= SURE for face in found):
            found = _beside(_lying(picture.pixels, most, job.part(0.4, 1)), found)
    else:
        whole = job.full_size or (picture.height, picture.width)
        told = faces_of_shares(points, whole) if points else read_faces(given, whole)
        found = [face.moved(-job.offset[1], -job.offset[0]) for face in told]
    job.progress(1.0, detector.NOTE)
    return sorted(found, key=lambda face: -face.area)[:most]


NO_FACE = "No face was found in this picture: take one where a face is seen from the front, or give its landmarks."


def faces_to_paint(
    picture: Image,
    job: Job,
    *,
    given: str = "",
    points: Sequence[tuple[float, float]] = (),
    known: Sequence[Face] | None = None,
) -> list[Face]:
    """The same, for filters that paint faces alone.

    Raises:
        SengaError: there is none, and the picture is no frame of a film.
    """
    found = find_faces(picture, job, given=given, points=points, known=known)
    if not found and job.moment is None:
        raise SengaError(NO_FACE)
    return found


def _seen(pixels: Pixels, most: int, job: Job, known: Sequence[Face] = ()) -> list[Face]:
    """What the networks find beside what is known."""
    old = [Frame.of(face.points) for face in known]
    found = detector.detect(pixels, job.part(0, 0.5))
    places = [each for each in found if not any(detector.is_near(each[0], other) for other in old)][: 2 * most]
    kept: list[tuple[Face, Frame]] = []
    for number, (frame, score) in enumerate(places):
        share = 0.5 + 0.5 * number / len(places)
        face = face_in(pixels, frame, score, job.part(share, share + 0.5 / len(places)))
        own = Frame.of(face.points) if face else frame
        if face and not any(detector.is_near(own, other) for _, other in kept):
            kept.append((face, own))
    return [face for face, _ in kept]


def _lying(pixels: Pixels, most: int, job: Job) -> list[Face]:
    """What they find in the picture turned by quarters, the first turn in which they are sure of something."""
    scale = max(1.0, max(pixels.shape[:2]) / LYING)
    small = reduced(pixels, LYING) if scale > 1 else pixels
    for number, quarters in enumerate((1, 3, 2)):
        turned = np.ascontiguousarray(np.rot90(small, quarters))
        several = _seen(turned, most, job.part(number / 3, (number + 1) / 3))
        sure = [_back(face, quarters, small.shape[:2], scale) for face in several if face.score >= SURE]
        if sure:
            return sure
    return []


def _beside(sure: list[Face], others: list[Face]) -> list[Face]:
    """Faces that are sure, and of others those that are none of them seen upside down."""
    frames = [Frame.of(face.points) for face in sure]
    return sure + [
        face for face in others if not any(detector.is_near(Frame.of(face.points), frame) for frame in frames)
    ]


def _back(face: Face, quarters: int, size: tuple[int, ...], scale: float) -> Face:
    """A face of a picture that was turned by quarters against the clock, in the picture of (height, width)."""
    (x, y), (height, width) = face.points.T, size
    ways = {1: (width - y, x), 2: (width - x, height - y), 3: (y, height - x)}
    return Face.of_points(scale * np.stack(ways[quarters], axis=1), face.score)
