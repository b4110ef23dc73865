"""Head, skin, hair, eyes, brows, nose and mouth of a face, as soft masks.

The parts come from landmarks; skin is what has colours as the cheeks and the nose have, by mixtures of Gaussians; the
head is cut out of its surroundings with GrabCut, and hair is what of the head is neither skin nor face.

References:
    Fišer et al., Example-based synthesis of stylized facial animations, SIGGRAPH 2017, doi:10.1145/3072959.3073660.
    Rother, Kolmogorov, Blake, GrabCut, SIGGRAPH 2004, doi:10.1145/1015706.1015720.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.image import Image
from senga.job import Job
from senga.ops.guided import guided_filter

from . import outlines
from .cuts import centred, square
from .face import Face
from .frame import Frame, moved
from .likeness import Likeness, like_hair
from .outlines import Array, Plane

SIDE = 256
"""Pixels of the upright square that masks are made in, and its side in sizes of the face."""
WIDE = 3.2
ROUNDS = 5
"""Of GrabCut."""
SMALL = 128
"""Pixels of the square in which colours are told apart; what is found is then fitted to the edges of the larger one."""
_LIKE, _SURE = 1.5, 3.0
"""Logarithms of odds from which on something may be hair, and from which on it certainly is."""
_EDGES, _NOISE, _STEEPER = 4, 5e-4, 1.8
"""Pixels over which masks follow edges of lightness, variance of lightness, 0..1, that is no edge, and how much steeper
edges are made than they come out."""


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
    colours, matrix = upright(picture.pixels, face.points)
    planes = _planes(colours, moved(face.points, matrix), job)
    sigma = max(0.6, soft * SIDE / WIDE)
    size = picture.height, picture.width
    back = [laid_back(np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma)), matrix, size) for plane in planes]
    job.progress(1.0, "Cutting out the head")
    return Masks(**dict(zip((field.name for field in fields(Masks)), back, strict=True)))


def head_of(colours: NDArray[np.uint8], points: Array, job: Job) -> tuple[Plane, Plane]:
    """(256, 256), 0..1: the head with its hair, and the neck as far as it is seen; and the skin of the face.

    The arguments are those of ``cut_out``.
    """
    skin, head, neck = cut_out(colours, points, job)
    face = outlines.filled(SIDE, outlines.face_outline(points))
    return np.maximum.reduce([skin, head, neck, face]), skin


def upright(pixels: NDArray[Any], points: Array) -> tuple[NDArray[np.uint8], Array]:
    """The square round a face of a picture (H, W, 3), as bytes, and the (2, 3) matrix from the picture to it."""
    matrix = Frame.of(points).matrix(SIDE, WIDE)
    seen = centred(square(pixels, matrix, SIDE))
    return np.rint(127.5 * (seen + 1)).astype(np.uint8), matrix


def _planes(colours: NDArray[np.uint8], points: Array, job: Job) -> list[Plane]:
    """In the order of ``Masks``, in the upright square."""
    size = SIDE / WIDE
    eyes, mouth = outlines.eyes(SIDE, points), outlines.mouth(SIDE, points)
    brows, nose = outlines.brows(SIDE, points, size), outlines.nose(SIDE, points)
    features = np.maximum.reduce([eyes, mouth, brows])
    skin, head, _ = cut_out(colours, points, job)
    head = np.maximum(head, np.maximum(features, skin))
    hair = np.clip(head - np.maximum.reduce([skin, features, _core(SIDE, points)]), 0, 1)
    return [head, np.clip(skin - features, 0, 1), hair, eyes, brows, nose, mouth]


def cut_out(colours: NDArray[np.uint8], points: Array, job: Job) -> tuple[Plane, Plane, Plane]:
    """Skin of the face, the head and the neck.

    Args:
        colours: (256, 256, 3) bytes: an upright square round a face, 3.2 sizes of it wide.
        points: (68, 2) landmarks in it.
        job: progress and cancel.

    Returns:
        Three planes of the square, 0..1.
    """
    small = np.asarray(cv2.resize(colours, (SMALL, SMALL), interpolation=cv2.INTER_AREA), np.uint8)
    own = points * (SMALL / SIDE)
    likeness = Likeness.of(small, own, SMALL / WIDE)
    like, has_hair = (None, True) if likeness is None else (likeness.skin, likeness.has_hair)
    skin = _skin(like, own, 1.22 if has_hair else 1.4)
    job.check()
    head = _head(small, own, skin, has_hair=has_hair and like is not None)
    job.check()
    light = cv2.cvtColor(colours, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    planes = (skin, head, _neck(like, own))
    return tuple(_fitted(plane, light, job) for plane in planes)  # type: ignore[return-value]  # three


def _fitted(plane: Plane, light: Plane, job: Job) -> Plane:
    """A plane of the small square in the large one, its edges where lightness has some."""
    large = np.asarray(cv2.resize(plane, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR), np.float32)
    found = guided_filter(light[:, :, None], large[:, :, None], _EDGES, _NOISE, replace(job, on_progress=_unheard))
    return np.clip(_STEEPER * (found[:, :, 0] - 0.5) + 0.5, 0, 1)


def _unheard(share: float, note: str) -> None:
    """Progress of what takes no time."""


def _core(side: int, points: Array) -> Plane:
    """Cheeks, nose and chin: certainly no hair of the head."""
    return outlines.filled(side, outlines.wider(points[[1, 3, 5, 7, 8, 9, 11, 13, 15, 24, 19]], 0.86))


def _skin(like: Plane | None, points: Array, reach: float) -> Plane:
    """What is like skin, in the face and as far as so many times its outline."""
    face = outlines.filled(SMALL, outlines.face_outline(points))
    if like is None:
        return face
    near = outlines.filled(SMALL, outlines.wider(outlines.face_outline(points), reach))
    share = cv2.GaussianBlur(_sigmoid(like + 3 * (2 * face - 1)), (0, 0), 0.8)  # the outline is a hint
    return np.asarray(np.maximum(share * near, _core(SMALL, points)), np.float32)


def _neck(like: Plane | None, points: Array) -> Plane:
    """What is like skin below the chin and beside it, less the further down."""
    if like is None:
        return np.zeros((SMALL, SMALL), np.float32)
    y, x = np.mgrid[:SMALL, :SMALL] + 0.5
    size, (middle, chin) = SMALL / WIDE, points[8]
    across, down = np.abs(x - middle) / size, (y - chin) / size
    near = np.clip((0.5 - across) / 0.12, 0, 1) * np.clip((0.42 - down) / 0.3, 0, 1) * (down > -0.4)
    return np.asarray(cv2.GaussianBlur(_sigmoid(like), (0, 0), 0.8) * near, np.float32)


def _sigmoid(values: Array) -> Plane:
    return np.asarray(1 / (1 + np.exp(-np.clip(values, -30, 30))), np.float32)


def _head(colours: NDArray[np.uint8], points: Array, skin: Plane, *, has_hair: bool) -> Plane:
    """What GrabCut takes for the head, where it hangs together with the face."""
    guess, far = _guess(colours, points, skin, has_hair=has_hair)
    cv2.setRNGSeed(0)  # it looks for clusters by chance
    models = np.zeros((2, 1, 65), np.float64)
    cv2.grabCut(colours, guess, (0, 0, 1, 1), models[0], models[1], ROUNDS, cv2.GC_INIT_WITH_MASK)
    found = (np.isin(guess, (cv2.GC_FGD, cv2.GC_PR_FGD)) & ~far).astype(np.uint8)
    found = np.asarray(cv2.morphologyEx(found, cv2.MORPH_OPEN, np.ones((2, 2), np.uint8)), np.uint8)
    parts = cv2.connectedComponents(found)[1]
    own = np.bincount(parts[(skin > 0.5) & (found > 0)], minlength=parts.max() + 1)
    if not own[1:].any():
        return skin
    head = (parts == 1 + int(np.argmax(own[1:]))).astype(np.uint8)
    closed = cv2.morphologyEx(head, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5)))
    return np.asarray(cv2.GaussianBlur(closed.astype(np.float32), (0, 0), 0.7))


def _guess(
    colours: NDArray[np.uint8], points: Array, skin: Plane, *, has_hair: bool
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Where GrabCut begins, and what is far from the face: no head, whatever is found there.

    The face is certain, so is what is far from it or below the chin, but where that may be hair that hangs down: it
    would teach that hair is none.
    """
    y, x = np.mgrid[:SMALL, :SMALL] + 0.5
    size = SMALL / WIDE
    middle = (points[0] + points[16]) / 2
    across, down = (x - middle[0]) / size, (y - middle[1]) / size
    chin = (points[8, 1] - middle[1]) / size
    guess = np.full((SMALL, SMALL), cv2.GC_PR_BGD, np.uint8)
    guess[(across / 0.62) ** 2 + ((down + 0.05) / 0.78) ** 2 < 1] = cv2.GC_PR_FGD
    far = (across / 0.84) ** 2 + ((down + 0.05) / 1.08) ** 2 > 1
    above = ((across / 0.58) ** 2 + ((down + 0.05) / 0.72) ** 2 < 1) & (down < -0.15) & (skin < 0.3)
    falls = (np.abs(across) > 0.3) & (np.abs(across) < 0.8) & (down > -0.2) & (down < chin + 0.45)
    clothes = (np.abs(across) < 0.45) & (down > chin + 0.45)
    around = (far & ((down < 0.2) | (np.abs(across) > 0.95))) | clothes if has_hair else far
    like = like_hair(colours, above, around)
    guess[falls & (like > _LIKE)] = cv2.GC_PR_FGD
    guess[far] = cv2.GC_BGD
    if has_hair:
        guess[(above | falls) & (np.abs(across) < 0.62) & ~far & (like > _SURE)] = cv2.GC_FGD
        guess[far & (like > _LIKE) & (np.abs(across) < 0.95) & (down > -0.2)] = cv2.GC_PR_FGD
    below = (down > chin + 0.04 - 0.5 * np.abs(across)) & (np.abs(across) < 0.42) & (down > 0.25)
    guess[below & (skin < 0.5)] = cv2.GC_PR_BGD
    guess[(down > chin + 0.07) & (np.abs(across) < 0.36)] = cv2.GC_BGD
    guess[skin > 0.9] = cv2.GC_FGD
    return guess, far


def laid_back(plane: Plane, matrix: Array, size: tuple[int, int]) -> Plane:
    """A plane of the square in the picture of (height, width), by the matrix from that to the square."""
    shift = 0.5 - matrix[:, :2].sum(axis=1) / 2
    own = np.c_[matrix[:, :2], matrix[:, 2] - shift]
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(plane, own, size[::-1], flags=flags), np.float32)
