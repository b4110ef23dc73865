"""Painted heads laid into the picture, one after the other, over what is around them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.errors import SengaError
from senga.faces import Face
from senga.faces.face import width_of
from senga.image import Image, to_depth
from senga.job import Job
from senga.ops.banded import each_band, parts_of

from .face_alignment import Similarity, reduced, unlikeness, warped
from .face_canvas import FaceCanvas
from .face_exemplar import FaceExemplar
from .face_settings import SMALL, TURNED, FaceSettings

FARTHEST = 0.17
"""Widths of a face by which landmarks may be off those of the portrait; beyond, the face is turned away."""
SMALLEST = 12.0
"""Pixels of a face that can be painted."""
Paint = Callable[[FaceCanvas, Job], NDArray[Any]]
"""From a head to its painting (h, w, 3), 0..255."""


@dataclass(frozen=True, eq=False)
class _Painted:
    """A painted head: colours and mask (h, w, 4) bytes, and the way from it into the picture."""

    painted: NDArray[np.uint8]
    way: Similarity


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
        heads.append(_Painted(np.dstack([painted, canvas.mask]), canvas.way.inverse))
    result = _around(act, image, heads, exemplar, job.part(0.6, 0.9))
    for painting in reversed(heads):  # the largest lies on top
        result = _laid(result, painting, job.part(0.9, 1.0))
    return image.with_pixels(result)


def _fits(face: Face, exemplar: FaceExemplar) -> bool:
    """Whether a face can be painted; landmarks that were given are trusted."""
    is_given = face.score >= 1
    return is_given or (not _is_small(face) and unlikeness(face.points, exemplar.points) <= FARTHEST)


def _is_small(face: Face) -> bool:
    return width_of(face.points) < SMALLEST


def _around(act: FaceSettings, image: Image, heads: list[_Painted], exemplar: FaceExemplar, job: Job) -> NDArray[Any]:
    """What lies round the heads."""
    if act.background == "photograph" or not heads:
        return image.pixels
    return exemplar.painted_around(image, heads[0].way.size, job).pixels


def _laid(below: NDArray[Any], head: _Painted, job: Job) -> NDArray[Any]:
    """The picture with a head on it, in the depth of the picture."""
    height, width = below.shape[:2]
    top, left, bottom, right = _box(head, height, width)
    result = np.array(below)
    if bottom <= top or right <= left:
        return result
    painted, way = reduced(head.painted, head.way)

    def one(rows: slice) -> None:
        start, stop = top + rows.start, top + rows.stop
        made = warped(painted, way.then(-left, -start), stop - start, right - left, cv2.BORDER_CONSTANT)
        share = made[..., 3:].astype(np.float32) / 255
        under = to_depth(below[start:stop, left:right], np.float32)
        mixed = under + (made[..., :3].astype(np.float32) / 255 - under) * share
        result[start:stop, left:right] = to_depth(mixed, result.dtype)

    each_band(one, parts_of(bottom - top, right - left), job)
    return result


def _box(head: _Painted, height: int, width: int) -> tuple[int, int, int, int]:
    """Rows and columns of the picture in which the head is."""
    tall, wide = head.painted.shape[:2]
    corners = head.way.of(np.array([[0, 0], [wide, 0], [0, tall], [wide, tall]]))
    (left, top), (right, bottom) = np.floor(corners.min(axis=0)), np.ceil(corners.max(axis=0))
    limits = (top, height), (left, width), (bottom, height), (right, width)
    found = [int(min(max(value, 0), limit)) for value, limit in limits]
    return found[0], found[1], found[2], found[3]
