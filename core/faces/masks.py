"""Head, skin, hair, eyes, brows, nose and mouth of a face, as soft masks.

The parts come from landmarks; skin is what has colours as the cheeks and the nose have, by mixtures of Gaussians; the
head is cut out of its surroundings with GrabCut, and hair is what of the head is neither skin nor face.

References:
    Fišer et al., Example-based synthesis of stylized facial animations, SIGGRAPH 2017, doi:10.1145/3072959.3073660.
    Rother, Kolmogorov, Blake, GrabCut, SIGGRAPH 2004, doi:10.1145/1015706.1015720.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.image import Image
from senga.job import Job

from . import outlines
from .colours import Mixture
from .cuts import centred, square
from .face import Face
from .frame import Frame, moved
from .outlines import Array, Plane

SIDE = 256
"""Pixels of the upright square that masks are made in, and its side in sizes of the face."""
WIDE = 3.2
ROUNDS = 4
"""Of GrabCut."""


@dataclass(frozen=True, eq=False)
class Masks:
    """(H, W) ``float32`` in 0..1 each, of the size of the picture, with soft edges.

    ``head`` holds all others; ``skin`` is without eyes, brows and mouth, but with the nose and the ears; ``hair`` is
    what of the head is neither.
    """

    head: Plane
    skin: Plane
    hair: Plane
    eyes: Plane
    brows: Plane
    nose: Plane
    mouth: Plane


def masks_of(picture: Image, face: Face, job: Job, *, soft: float = 0.02) -> Masks:
    """The masks of one face.

    Args:
        picture: in which the face is; its hidden side and what is far from the face count for nothing.
        face: with its landmarks in pixels of the picture.
        job: of the host: progress and cancel.
        soft: standard deviation of the edges, in sizes of the face.

    Raises:
        Cancelled: the user asked to stop.
    """
    job.progress(0.0, "Cutting out the head")
    frame = Frame.of(face.points)
    matrix = frame.matrix(SIDE, WIDE)
    colours = np.rint(127.5 * (centred(square(picture.pixels, matrix, SIDE)) + 1)).astype(np.uint8)
    planes = _planes(colours, moved(face.points, matrix), job)
    sigma = max(0.6, soft * SIDE / WIDE)
    back = [_back(np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma)), matrix, picture) for plane in planes]
    job.progress(1.0, "Cutting out the head")
    return Masks(**dict(zip((field.name for field in fields(Masks)), back, strict=True)))


def _planes(colours: NDArray[np.uint8], points: Array, job: Job) -> list[Plane]:
    """In the order of ``Masks``, in the upright square."""
    size = SIDE / WIDE
    eyes, mouth = outlines.eyes(SIDE, points), outlines.mouth(SIDE, points)
    brows, nose = outlines.brows(SIDE, points, size), outlines.nose(SIDE, points)
    face = outlines.filled(SIDE, outlines.face_outline(points))
    features = np.maximum.reduce([eyes, mouth, brows])
    skin = _skin(colours, points, face, features)
    job.check()
    head = np.maximum(_head(colours, points, skin), np.maximum(features, skin))
    job.check()
    hair = np.clip(head - np.maximum.reduce([skin, features, _core(points)]), 0, 1)
    return [head, np.clip(skin - features, 0, 1), hair, eyes, brows, nose, mouth]


def _core(points: Array) -> Plane:
    """Cheeks, nose and chin: certainly no hair of the head."""
    return outlines.filled(SIDE, outlines.wider(points[[1, 3, 5, 7, 8, 9, 11, 13, 15, 24, 19]], 0.86))


def _skin(colours: NDArray[np.uint8], points: Array, face: Plane, features: Plane) -> Plane:
    """Like the cheeks and the nose more than what is far from the face, in and near the face."""
    lab = cv2.cvtColor(cv2.GaussianBlur(colours, (0, 0), 1.0), cv2.COLOR_RGB2LAB).reshape(-1, 3)  # (pixels, 3)
    cheeks = outlines.filled(SIDE, points[[1, 2, 3, 4, 48, 31, 27, 35, 54, 12, 13, 14, 15]])
    inside = (cheeks > 0.5) & (features < 0.1)
    reach = outlines.filled(SIDE, outlines.wider(outlines.face_outline(points), 1.22))
    outside = outlines.filled(SIDE, outlines.wider(outlines.face_outline(points), 1.4)) < 0.5
    if inside.sum() < 40 or outside.sum() < 40:
        return face
    odds = Mixture.of(lab[inside.ravel()], 3).log(lab) - Mixture.of(lab[outside.ravel()], 5).log(lab)
    like = odds.reshape(SIDE, SIDE) + 3 * (2 * face - 1)  # (H, W): the outline is a hint
    share = np.asarray(cv2.GaussianBlur(_sigmoid(like), (0, 0), 1.5))
    return np.asarray(np.maximum(share * reach, _core(points) * (1 - features)), np.float32)


def _sigmoid(values: Array) -> Plane:
    return np.asarray(1 / (1 + np.exp(-np.clip(values, -30, 30))), np.float32)


def _head(colours: NDArray[np.uint8], points: Array, skin: Plane) -> Plane:
    """What GrabCut takes for the head, where it hangs together with the face."""
    guess = _guess(points, skin)
    cv2.setRNGSeed(0)  # it looks for clusters by chance
    models = np.zeros((2, 1, 65), np.float64)
    cv2.grabCut(colours, guess, (0, 0, 1, 1), models[0], models[1], ROUNDS, cv2.GC_INIT_WITH_MASK)
    found = np.isin(guess, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    found = np.asarray(cv2.morphologyEx(found, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)), np.uint8)
    parts = cv2.connectedComponents(found)[1]
    own = np.bincount(parts[(skin > 0.5) & (found > 0)], minlength=parts.max() + 1)
    if not own[1:].any():
        return skin
    head = (parts == 1 + int(np.argmax(own[1:]))).astype(np.uint8)
    closed = cv2.morphologyEx(head, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9)))
    return np.asarray(cv2.GaussianBlur(closed.astype(np.float32), (0, 0), 1.0))


def _guess(points: Array, skin: Plane) -> NDArray[np.uint8]:
    """Where GrabCut begins: the face is certain, so is what is far from it or below the chin."""
    y, x = np.mgrid[:SIDE, :SIDE] + 0.5
    size = SIDE / WIDE
    middle = (points[0] + points[16]) / 2
    across, down = (x - middle[0]) / size, (y - middle[1]) / size
    chin = (points[8, 1] - middle[1]) / size
    guess = np.full((SIDE, SIDE), cv2.GC_PR_BGD, np.uint8)
    guess[(across / 0.62) ** 2 + ((down + 0.05) / 0.78) ** 2 < 1] = cv2.GC_PR_FGD
    guess[(across / 0.84) ** 2 + ((down + 0.05) / 1.08) ** 2 > 1] = cv2.GC_BGD
    below = (down > chin + 0.04 - 0.5 * np.abs(across)) & (np.abs(across) < 0.42) & (down > 0.25)
    guess[below & (skin < 0.5)] = cv2.GC_PR_BGD
    guess[(down > chin + 0.07) & (np.abs(across) < 0.4)] = cv2.GC_BGD
    guess[skin > 0.9] = cv2.GC_FGD
    return guess


def _back(plane: Plane, matrix: Array, picture: Image) -> Plane:
    """A plane of the square in the picture."""
    shift = 0.5 - matrix[:, :2].sum(axis=1) / 2
    own = np.c_[matrix[:, :2], matrix[:, 2] - shift]
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(plane, own, (picture.width, picture.height), flags=flags), np.float32)
