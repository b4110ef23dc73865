"""Painted heads laid into the picture, one after the other, over what is around them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from senga.errors import SengaError
from senga.faces import Face
from senga.faces.alignment import unlikeness
from senga.faces.face import width_of
from senga.faces.painted_head import PaintedHead, laid
from senga.image import Image
from senga.job import Job

from .face_canvas import FaceCanvas
from .face_exemplar import FaceExemplar
from .face_settings import SMALL, TURNED, FaceSettings

FARTHEST = 0.17
"""Widths of a face by which landmarks may be off those of the portrait; beyond, the face is turned away."""
SMALLEST = 12.0
"""Pixels of a face that can be painted."""
Paint = Callable[[FaceCanvas, Job], NDArray[Any]]
"""From a head to its painting (h, w, 3), 0..255."""


def composed(act: FaceSettings, image: Image, exemplar: FaceExemplar, paint: Paint, job: Job) -> Image:
    """The picture with painted heads.

    Raises:
        SengaError: there is no face, or all are turned away or too small, and the picture is no frame of a film.
    """
    seen = exemplar.memory.seen(image, act, job.part(0.0, 0.15))
    fitting = [(face, head) for face, head in zip(seen.faces, seen.heads, strict=True) if _fits(face, exemplar)]
    if not fitting and job.moment is None:
        if all(_is_small(face) for face in seen.faces):
            raise SengaError(SMALL)
        raise SengaError(TURNED)
    pixels, heads = image.u8(), []
    for number, (face, head) in enumerate(fitting):
        part = job.part(0.15 + 0.45 * number / len(fitting), 0.15 + 0.45 * (number + 1) / len(fitting))
        part.progress(0.0, "Painting faces")
        canvas = FaceCanvas(exemplar.at(face.points, job), pixels, face.points, head)
        painted = canvas.alike(paint(canvas, part), act.likeness)
        heads.append(PaintedHead(np.dstack([painted, canvas.mask]), canvas.way.inverse))
    result = _around(act, image, heads, exemplar, job.part(0.6, 0.9))
    for painting in reversed(heads):  # the largest lies on top
        result = laid(result, painting, job.part(0.9, 1.0))
    return image.with_pixels(result)


def _fits(face: Face, exemplar: FaceExemplar) -> bool:
    """Whether a face can be painted; landmarks that were given are trusted."""
    is_given = face.score >= 1
    return is_given or (not _is_small(face) and unlikeness(face.points, exemplar.points) <= FARTHEST)


def _is_small(face: Face) -> bool:
    return width_of(face.points) < SMALLEST


def _around(
    act: FaceSettings, image: Image, heads: list[PaintedHead], exemplar: FaceExemplar, job: Job
) -> NDArray[Any]:
    """What lies round the heads."""
    if act.background == "photograph" or not heads:
        return image.pixels
    return exemplar.painted_around(image, heads[0].way.size, job).pixels
