"""Finds the faces of a picture."""

from __future__ import annotations

from collections.abc import Sequence

from senga.image import Image
from senga.job import Job

from .face import Face
from .given import faces_of_shares
from .points_file import read_faces

MOST = 32
"""Faces of a picture; of more the largest are taken."""


def find_faces(
    picture: Image, job: Job, *, given: str = "", points: Sequence[tuple[float, float]] = (), most: int = MOST
) -> list[Face]:
    """The faces of a picture, the largest first; an empty list where there is none.

    Args:
        picture: of any size and depth, upright or not. Where a filter sees a crop of a picture (``job.offset``,
            ``job.full_size``), given landmarks are those of the whole picture, found ones those in the crop.
        job: of the host: progress, cancel, and what networks run on.
        given: a file of landmarks that are used in place of what would be found; see ``points_file``.
        points: landmarks as a setting, shares of the whole picture, 68 for each face; they go before ``given``.
        most: faces to return at most.

    Raises:
        ReadError: the file is not there.
        SettingsError: what is given has not 68 points for each face.
        Cancelled: the user asked to stop.
    """
    job.progress(0.0, "Finding faces")
    whole = job.full_size or (picture.height, picture.width)
    found = faces_of_shares(points, whole) if points else read_faces(given, whole) if given else []
    top, left = job.offset
    several = sorted((face.moved(-left, -top) for face in found), key=lambda face: -face.area)
    job.progress(1.0, "Finding faces")
    return several[:most]
