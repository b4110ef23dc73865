"""Scenes of 96 pixels that the finder is shown, and what its map should say of them."""

from __future__ import annotations

from functools import partial
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.faces.face import MIRRORED
from senga.faces.frame import Frame, moved
from senga.neural.networks.faces import CELLS, STEP
from training import faces_tones as tones
from training.faces_bank import Bank
from training.faces_samples import SCENE, Photo, harmed, patch
from training.pictures import Picture

Array = NDArray[Any]
Rng = np.random.Generator

SMALL, LARGE = 13.0, 64.0
"""Sizes of faces in scenes; half of them are smaller than 24."""
LOST, HUGE = 10.0, 80.0
"""Sizes in pixels below and above which a face in a scene does not count, either way."""
WIDEST = 0.7
"""Radians by which some faces are turned at most; the others are nearly upright."""


def size_of_face(rng: Rng) -> float:
    """More small ones than large ones."""
    return float(SMALL * (LARGE / SMALL) ** (rng.random() ** 1.4))


def scene(bank: Bank, stuff: list[Photo], rng: Rng) -> tuple[Picture, list[Frame], list[Frame]]:
    """A square of 96 pixels, the faces in it, and what may be one."""
    picture, faces, doubtful = _view(stuff, rng)
    for _ in range(rng.choice(4, p=(0.2, 0.5, 0.2, 0.1))):
        picture, faces = _with_face(picture, faces, bank, stuff, rng)
    picture = _with_patch(picture, faces, stuff, rng) if rng.random() < 0.3 else picture
    return tones.worse(picture, rng) if rng.random() < 0.6 else picture, faces, doubtful


def _view(stuff: list[Photo], rng: Rng) -> tuple[Picture, list[Frame], list[Frame]]:
    """A part of a photograph, on it or beyond; where there are faces, often round one of them."""
    photo, faces = _chosen(stuff, rng)
    height, width = photo.picture.shape[:2]
    scale = float(np.exp(rng.uniform(np.log(SCENE / max(height, width)), np.log(1.0))))
    middle = rng.uniform(0, 1, 2) * (width, height)
    if faces and rng.random() < 0.7:
        face = faces[rng.integers(len(faces))]
        scale = min(2.0, size_of_face(rng) / face.size)
        middle = np.array([face.x, face.y]) + rng.uniform(-0.45, 0.45, 2) * SCENE / scale
    shift = SCENE / 2 - scale * middle
    flip = rng.random() < 0.5
    matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    if flip:
        matrix[0] = -scale, 0, SCENE - shift[0]
    level = int(np.clip(np.log2(1 / scale), 0, len(photo.halves) - 1))
    reduced = np.c_[matrix[:, :2] * 2**level, matrix[:, 2]]
    made = cv2.warpAffine(photo.halves[level], reduced, (SCENE, SCENE), borderMode=_BORDERS[rng.integers(2)])
    seen = ([_seen(face, matrix, scale, flip=flip) for face in kind] for kind in (photo.faces, photo.doubtful))
    return np.asarray(made, np.uint8), *seen


def _chosen(stuff: list[Photo], rng: Rng) -> tuple[Photo, tuple[Frame, ...]]:
    """A photograph, and places in it that are looked at: often one with faces, or with what was taken for a face."""
    kinds = [photo for photo in stuff if photo.faces], [photo for photo in stuff if photo.alarms]
    way = rng.choice(3, p=(0.4, 0.25, 0.35))
    some = kinds[way] if way < 2 and kinds[way] else stuff
    photo = some[rng.integers(len(some))]
    return photo, photo.alarms if way == 1 and photo.alarms else photo.faces


_BORDERS = (cv2.BORDER_REPLICATE, cv2.BORDER_CONSTANT)


def _seen(face: Frame, matrix: Array, scale: float, *, flip: bool) -> Frame:
    x, y = moved(np.array([face.x, face.y]), matrix)
    return Frame(float(x), float(y), face.size * scale, -face.turn if flip else face.turn)


def _with_face(
    picture: Picture, faces: list[Frame], bank: Bank, stuff: list[Photo], rng: Rng
) -> tuple[Picture, list[Frame]]:
    """One more, if there is room."""
    number = int(rng.integers(len(bank.pictures)))
    size = size_of_face(rng)
    turn = rng.normal(0, 0.2) if rng.random() < 0.7 else rng.uniform(-WIDEST, WIDEST)
    room = min(SCENE / 2, size * 0.4)
    wanted = Frame(*rng.uniform(room, SCENE - room, 2), size, float(turn))
    if any(np.hypot(face.x - wanted.x, face.y - wanted.y) < 0.9 * (face.size + size) for face in faces):
        return picture, faces
    square, points = bank.pictures[number], bank.points[number]
    if rng.random() < 0.5:
        square, points = np.ascontiguousarray(square[:, ::-1]), (points * (-1, 1) + (square.shape[1], 0))[MIRRORED]
    square = _harder(square, points, stuff, rng) if rng.random() < 0.7 else square
    square, points = narrower(square, points, rng) if rng.random() < 0.35 else (square, points)
    own = Frame.of(points)
    matrix = _onto(own, wanted)
    if size < own.size * 0.6:
        square = np.asarray(cv2.GaussianBlur(square, (0, 0), 0.35 * own.size / size), np.uint8)
    mask = cv2.warpAffine(_mask(square.shape[0], own, rng), matrix, (SCENE, SCENE))[:, :, None]
    pasted = cv2.warpAffine(square, matrix, (SCENE, SCENE), borderMode=cv2.BORDER_REPLICATE)
    if rng.random() < 0.5:
        pasted = tones.alike(pasted, picture, mask, rng)
    made = (picture * (1 - mask) + pasted * mask).astype(np.uint8)
    turned = Frame.of(moved(points, matrix))
    return made, [*faces, turned]


def _harder(square: Picture, points: Array, stuff: list[Photo], rng: Rng) -> Picture:
    """As for the landmarks, and under hats and in their shade."""
    made = harmed(square, points, partial(patch, stuff, square.shape[0], rng), rng)
    made = tones.glasses(made, points, rng) if rng.random() < 0.12 else made
    made = tones.shaded(made, points, rng) if rng.random() < 0.2 else made
    return tones.capped(made, points, rng) if rng.random() < 0.25 else made


def narrower(square: Picture, points: Array, rng: Rng) -> tuple[Picture, Array]:
    """Pressed together across the face, as heads are that turn away, or pulled."""
    middle, factor = points.mean(axis=0), rng.uniform(0.68, 1.12)
    matrix = np.array([[factor, 0, (1 - factor) * middle[0]], [0, 1, 0]])
    made = cv2.warpAffine(square, matrix, square.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(made, np.uint8), moved(points, matrix)


def _onto(own: Frame, wanted: Frame) -> Array:
    """(2, 3) from the square of a face to the scene, so that the face stands as it is wanted."""
    scale, turn = wanted.size / own.size, wanted.turn - own.turn
    linear = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return np.c_[linear, np.array([wanted.x, wanted.y]) - linear @ (own.x, own.y)]


def _mask(side: int, own: Frame, rng: Rng) -> Array:
    """Which part of the square is pasted: the whole, a smaller rectangle, or the head."""
    mask = np.zeros((side, side), np.float32)
    kind = rng.random()
    if kind < 0.4:
        inset = 0 if kind < 0.25 else int(side * rng.uniform(0.02, 0.2))
        mask[inset : side - inset, inset : side - inset] = 1
        return mask
    axes = tuple(int(own.size * rng.uniform(*limits)) for limits in ((0.5, 0.8), (0.75, 1.0)))
    place = int(own.x), int(own.y - 0.12 * own.size)
    cv2.ellipse(mask, place, axes, np.rad2deg(own.turn), 0, 360, 1.0, -1)
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), rng.uniform(0.6, 5)))


def _with_patch(picture: Picture, faces: list[Frame], stuff: list[Photo], rng: Rng) -> Picture:
    """A piece of another photograph, so that not everything that is pasted is a face."""
    size, turn = int(rng.uniform(16, 70)), float(rng.uniform(-0.5, 0.5))
    wanted = Frame(*rng.uniform(0, SCENE, 2), size / 2, turn)
    if any(np.hypot(face.x - wanted.x, face.y - wanted.y) < 0.7 * (face.size + size) for face in faces):
        return picture
    own = Frame(size / 2, size / 2, size / 2, 0.0)
    mask = cv2.warpAffine(_mask(size, own, rng), _onto(own, wanted), (SCENE, SCENE))[:, :, None]
    pasted = cv2.warpAffine(patch(stuff, size, rng), _onto(own, wanted), (SCENE, SCENE))
    return np.asarray((picture * (1 - mask) + pasted * mask).astype(np.uint8))


def cells_of(faces: list[Frame], doubtful: list[Frame], side: int = SCENE) -> tuple[Array, Array, Array]:
    """What the map should say.

    Returns:
        (6, n, n) numbers of the cells; (n, n) odds that should be seen, 0..1; (n, n) whether the cell counts.
    """
    count = side // STEP
    at = (np.arange(count) + 0.5) * STEP
    cells = np.zeros((CELLS, count, count), np.float32)
    odds, counts = np.zeros((count, count), np.float32), np.ones((count, count), np.float32)
    for face in sorted([*faces, *doubtful], key=lambda face: -face.size):
        x, y = (face.x - at) / STEP, (face.y - at) / STEP
        apart = np.hypot(x[None], y[:, None])
        reach = max(0.75, 0.16 * face.size / STEP)
        seen = np.exp(-((apart / (1.5 * reach)) ** 2)).astype(np.float32)
        if face.size < LOST or face.size > HUGE or face in doubtful:
            counts[apart < 2 * reach] = 0
            continue
        inside = apart <= max(reach, apart.min() + 1e-6) if apart.min() < 0.75 else apart < 0
        odds = np.maximum(odds, np.where(inside, 1, np.minimum(seen, 0.95)))
        grid = np.broadcast_arrays(x[None], y[:, None], np.log2(face.size / STEP), 2 * face.up[0], 2 * face.up[1])
        cells[1:, inside] = np.array([part[inside] for part in grid])
        cells[0][inside] = 1
    return cells, odds, counts
