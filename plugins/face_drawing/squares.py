"""Faces to learn from, each turned upright in a square, as the filter shows them to a network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from senga.errors import ReadError, SengaError
from senga.faces import find_faces
from senga.faces.alignment import seen
from senga.image import Image
from senga.job import Job
from senga.neural.training.album import each_made, find_pictures, read_rgb

from .network import SIDE
from .painting import upright
from .presets import Preset


def make_squares(
    preset: Preset,  # noqa: ARG001 - faces are the same for all
    photos: Path,
    folder: Path,
    say: Callable[[str], None],
    report: Callable[[float], None] | None = None,
) -> Path:
    """The largest face of each photograph; those that are there are kept.

    Args:
        preset: of the training.
        photos: portraits; those without a face are left out.
        folder: where squares go.
        say: what became of portraits that could not be used.
        report: the share that is done.

    Returns:
        The folder of the squares, 256 pixels each.

    Raises:
        SengaError: there are no portraits, no faces in them, or the disk is full.
    """
    paths = find_pictures(photos)
    bad = each_made(photos, paths, [folder], lambda path: (upright_face(path) or ())[:1], report)
    if len(bad) == len(paths):
        raise ReadError(f"In none of the {len(paths)} pictures in “{photos}” a face was found.", photos)
    if bad:
        say(f"{len(bad)} photo(s) are left out, as no face was found in them, “{bad[0]}” first.")
    return folder


def upright_face(path: Path) -> tuple[NDArray[np.uint8], NDArray[np.float32]] | None:
    """The square of the largest face of a picture, and its landmarks in there; None where there is none."""
    try:
        picture = read_rgb(path)
        faces = find_faces(Image(picture), Job(), most=1)
    except (SengaError, MemoryError):
        return None
    if not faces:
        return None
    way = upright(faces[0].points, 1.0)
    square = np.ascontiguousarray(seen(picture, way, SIDE, SIDE))
    return square, np.asarray(way.of(faces[0].points), np.float32)
