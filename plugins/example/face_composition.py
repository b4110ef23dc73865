"""Painted heads laid into the picture, one after the other, over what is around them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.errors import SengaError
from senga.faces import Face
from senga.faces.alignment import unlikeness
from senga.faces.face import width_of
from senga.faces.painted_head import PaintedHead, laid
from senga.image import Image
from senga.job import Job
from senga.ops.banded import silent, together

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
    pixels = image.u8()
    canvases = [FaceCanvas(exemplar.at(face.points, job), pixels, face.points, head) for face, head in fitting]
    heads, result = together(
        lambda: _heads(act, image, canvases, paint, job.part(0.15, 0.9)),
        lambda: _around(act, image, canvases, exemplar, silent(job)),
        job,
    )
    for painting in reversed(heads):  # the largest lies on top
        result = laid(result, painting, job.part(0.9, 1.0))
    return image.with_pixels(result)


def _heads(act: FaceSettings, image: Image, canvases: list[FaceCanvas], paint: Paint, job: Job) -> list[PaintedHead]:
    """All of them, one after the other; what is there of the picture is shown meanwhile."""
    heads: list[PaintedHead] = []
    for number, canvas in enumerate(canvases):
        part = job.part(number / len(canvases), (number + 1) / len(canvases))
        part.progress(0.0, "Painting faces")
        shown = part.shown_as(partial(_growing, act, image, heads, canvas))
        heads.append(_head(act, canvas, paint(canvas, shown)))
    return heads


def _head(act: FaceSettings, canvas: FaceCanvas, painted: NDArray[Any]) -> PaintedHead:
    """What was painted, with the light of the photograph and the mask."""
    return PaintedHead(np.dstack([canvas.alike(painted, act.likeness), canvas.mask]), canvas.way.inverse)


def _growing(act: FaceSettings, image: Image, heads: list[PaintedHead], canvas: FaceCanvas, small: Image) -> Image:
    """The picture with the heads that are painted, and one that is being painted, in any size."""
    large = cv2.resize(small.u8(), (canvas.width, canvas.height), interpolation=cv2.INTER_CUBIC)
    pixels = image.pixels
    for head in [_head(act, canvas, large), *reversed(heads)]:
        pixels = laid(pixels, head, Job(threads=1))
    return image.with_pixels(pixels)


def _fits(face: Face, exemplar: FaceExemplar) -> bool:
    """Whether a face can be painted; landmarks that were given are trusted."""
    is_given = face.score >= 1
    return is_given or (not _is_small(face) and unlikeness(face.points, exemplar.points) <= FARTHEST)


def _is_small(face: Face) -> bool:
    return width_of(face.points) < SMALLEST


def _around(
    act: FaceSettings, image: Image, canvases: list[FaceCanvas], exemplar: FaceExemplar, job: Job
) -> NDArray[Any]:
    """What lies round the heads."""
    if act.background == "photograph" or not canvases:
        return image.pixels
    return exemplar.painted_around(image, canvases[0].way.inverse.size, job).pixels
