"""From a photograph to its painting: faces at the size that the network knows, the picture whole or heads alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.faces import Face, find_faces, masks_of
from senga.faces.face import width_of
from senga.families import network_of
from senga.image import Image, Pixels, to_depth
from senga.job import Job, Weights
from senga.neural.canvas import paint
from senga.neural.graph import Network
from senga.ops.rows import bands

if TYPE_CHECKING:
    from . import PortraitPatches

SHARE = 0.36
"""Of the shorter side: about how wide a face would be in a portrait in which none is found."""
LARGEST = 3_000_000
"""Pixels to which a picture is enlarged at most, where its faces are smaller than those that were learned."""
MOST_ENLARGED = 4.0
ROOM = 1.7
"""Widths of a face round its middle that a head is painted in."""
MASK_SIDE = 512
"""Pixels of the longer side of the part in which a head is cut out."""
_FACTS = ("face", 112), ("grain", 0)
"""What a card says in numbers, and what is meant where it says nothing."""


@dataclass(frozen=True, eq=False)
class _Style:
    """A network that has learned a portrait.

    Attributes:
        face: width of the faces that it knows, in pixels.
        grain: deviation of the grain that it is shown.
    """

    network: Network
    weights: Weights
    face: float
    grain: float

    def paint(self, pixels: Pixels, job: Job, scale: float) -> Pixels:
        """Pixels painted at a size that is smaller by that."""
        return paint(self.network, self.weights.arrays, pixels, job, scale, grain=self.grain)


def painted(act: PortraitPatches, image: Image, job: Job) -> Pixels:
    """The painting of a picture, in its size and depth."""
    weights = job.weights(act.style)
    style = _Style(network_of(weights), weights, *(float(weights.card.get(fact) or none) for fact, none in _FACTS))
    faces = find_faces(image, job.part(0.0, 0.15), given=act.landmarks, points=act.points)
    if act.background == "photograph" and faces:
        return _heads(act, image, faces, style, job.part(0.15, 1.0))
    scale = act.stroke_scale or scale_for(faces, image.pixels.shape[:2], style.face)
    return _painted(style, image.pixels, scale, job.part(0.15, 1.0))


def scale_for(faces: list[Face], size: tuple[int, ...], learned: float) -> float:
    """By how much a picture is reduced so that its largest face is as wide as those that were learned.

    Args:
        faces: of the picture, the largest first.
        size: (height, width).
        learned: width of a face.
    """
    if faces:
        return max(1e-3, width_of(faces[0].points)) / learned
    return max(1.0, SHARE * min(size) / learned)


def _painted(style: _Style, pixels: Pixels, scale: float, job: Job) -> Pixels:
    """The painting of pixels that are reduced by ``scale`` for it, or enlarged."""
    height, width = pixels.shape[:2]
    factor = min(1 / scale, MOST_ENLARGED, (LARGEST / (height * width)) ** 0.5)
    if factor < 1.02:
        return style.paint(pixels, job, max(1.0, scale))
    size = max(1, round(factor * width)), max(1, round(factor * height))
    large = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_CUBIC))
    made = style.paint(large, job, 1.0)
    return np.asarray(cv2.resize(made, (width, height), interpolation=cv2.INTER_AREA))


def _heads(act: Any, image: Image, faces: list[Face], style: _Style, job: Job) -> Pixels:
    """The picture with painted heads, each at its own size; the largest lies on top."""
    result = np.array(image.pixels)
    for number, face in enumerate(reversed(faces)):
        share = job.part(number / len(faces), (number + 1) / len(faces))
        rows, columns = _box(face, image.pixels.shape[:2])
        part = np.ascontiguousarray(image.pixels[rows, columns])
        own = face.moved(-columns.start, -rows.start)
        mask = _head(part, own, share.part(0.0, 0.2))
        scale = act.stroke_scale or scale_for([own], part.shape[:2], style.face)
        made = _painted(style, part, scale, share.part(0.2, 1.0))
        _lay(result[rows, columns], made, mask)
    return result


def _box(face: Face, size: tuple[int, ...]) -> tuple[slice, slice]:
    """Rows and columns round a head, a pixel at least."""
    room = ROOM * width_of(face.points)
    across, down = (float(value) for value in face.points.mean(axis=0))
    found = []
    for middle, side in ((down - 0.15 * room, size[0]), (across, size[1])):
        low = min(max(0, int(middle - room)), side - 1)
        found.append(slice(low, min(max(low + 1, int(middle + room)), side)))
    return found[0], found[1]


def _head(pixels: Pixels, face: Face, job: Job) -> NDArray[np.float32]:
    """How far each pixel belongs to the head, (H, W)."""
    height, width = pixels.shape[:2]
    factor = min(1.0, MASK_SIDE / max(height, width))
    size = max(1, round(factor * width)), max(1, round(factor * height))
    small = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))
    points = face.points * (size[0] / width, size[1] / height)
    head = masks_of(Image(small), Face.of_points(points), job).head
    return np.asarray(cv2.resize(head, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def _lay(below: Pixels, made: Pixels, mask: NDArray[np.float32]) -> None:
    """Paint over what is below, by a mask."""
    for rows in bands(len(below)):
        under, over = to_depth(below[rows], np.float32), to_depth(made[rows], np.float32)
        below[rows] = to_depth(under + mask[rows][:, :, None] * (over - under), below.dtype)
