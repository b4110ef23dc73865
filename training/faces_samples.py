"""What the networks of faces are shown: squares of 112 pixels for the landmarks, scenes of 96 for the finder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.faces.face import MIRRORED
from senga.faces.frame import Frame, moved
from senga.neural.networks.faces import CELLS, POINTS, SIDE, STEP
from training import faces_tones as tones
from training.faces_bank import Bank, is_held_back
from training.faces_mesh import landmarks
from training.pictures import Picture, read_rgb, resize_long

Array = NDArray[Any]
Rng = np.random.Generator

SCENE = 96
LONG = 512
"""Of photographs behind faces."""
SMALL, LARGE = 15.0, 64.0
"""Sizes of faces in scenes."""
LOST, HUGE = 12.0, 80.0
"""Sizes in pixels below and above which a face in a scene does not count, either way."""
BOX = 0.76
"""Size of a face in longer sides of YuNet's box, for faces too small for the mesh."""


FACELESS = "flowers"
"""In the path of photographs in which doubtful faces are none."""


@dataclass(frozen=True)
class Photo:
    """A photograph, the frames of its faces, and of what may be one."""

    picture: Picture
    faces: tuple[Frame, ...]
    doubtful: tuple[Frame, ...] = ()

    @cached_property
    def halves(self) -> list[Picture]:
        """The picture, and smaller ones, each half as large as the one before."""
        found = [self.picture]
        while max(found[-1].shape) > SCENE:
            found.append(
                np.asarray(cv2.resize(found[-1], None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)
            )
        return found


def photos(paths: list[Path], labels: dict[str, Array], *, held_back: bool, long: int = LONG) -> list[Photo]:
    """Photographs by their labels."""
    found = []
    for path in paths:
        if is_held_back(path) == held_back:
            whole = read_rgb(path)
            picture = resize_long(whole, long)
            scale = picture.shape[1] / whole.shape[1]
            found.append(Photo(picture, *frames_of(labels, path, scale)))
    return found


def frames_of(labels: dict[str, Array], path: Path, scale: float) -> tuple[tuple[Frame, ...], tuple[Frame, ...]]:
    """Faces that are believed, and doubtful ones."""
    chosen = np.flatnonzero(labels["path"] == str(path))
    sure = [labels["score"][each] > 4 or labels["sure"][each] > 0.85 for each in chosen]
    frames = [frame_of_label(labels, each, scale) for each in chosen]
    doubtful = () if FACELESS in str(path) else (f for f, is_sure in zip(frames, sure, strict=True) if not is_sure)
    return tuple(f for f, is_sure in zip(frames, sure, strict=True) if is_sure), tuple(doubtful)


def frame_of_label(labels: dict[str, Array], number: int, scale: float = 1.0) -> Frame:
    """By the mesh where it is sure, else by the box and the eyes."""
    if labels["score"][number] > 4:
        return Frame.of(scale * landmarks(labels["mesh"][number])[:, :2])
    x, y, width, height = scale * labels["box"][number]
    right, left = labels["five"][number][:4].reshape(2, 2)  # (2, 2)
    turn = float(np.arctan2(*(left - right)[::-1]))
    return Frame(float(x + width / 2), float(y + 0.63 * height), BOX * max(width, height), turn)


def face_square(bank: Bank, stuff: list[Photo], rng: Rng) -> tuple[Picture, Array, float]:
    """A square of 112 pixels, (68, 2) landmarks in halves of its side from the middle, and whether it is a face."""
    number = int(rng.integers(len(bank.pictures)))
    picture, points = bank.pictures[number], bank.points[number]
    patch = partial(_patch, stuff, SIDE, rng)
    if rng.random() < 0.08:
        return tones.worse(patch(), rng), np.zeros((POINTS, 2)), 0.0
    matrix = near(Frame.of(points), rng).matrix(SIDE)
    made = np.asarray(cv2.warpAffine(picture, matrix, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE), np.uint8)
    points = moved(points, matrix)
    if rng.random() < 0.5:
        made, points = np.ascontiguousarray(made[:, ::-1]), (points * (-1, 1) + (SIDE, 0))[MIRRORED]
    made = harmed(made, points, patch, rng)
    return tones.worse(made, rng), points / (SIDE / 2) - 1, 1.0


def near(frame: Frame, rng: Rng) -> Frame:
    """As a finder would be wrong."""
    wrong = rng.normal(0, 1, 4)
    turn = frame.turn + (np.deg2rad(11) * wrong[0] if rng.random() < 0.8 else rng.uniform(-0.7, 0.7))
    size = frame.size * np.exp(0.11 * wrong[1])
    return Frame(frame.x + 0.06 * frame.size * wrong[2], frame.y + 0.06 * frame.size * wrong[3], size, turn)


def harmed(picture: Picture, points: Array, stuff: Callable[[], Picture], rng: Rng) -> Picture:
    """Skin, glasses, and something before a part."""
    made = tones.skin(picture, points, rng) if rng.random() < 0.25 else picture
    made = tones.glasses(made, points, rng) if rng.random() < 0.12 else made
    return tones.covered(made, points, rng, stuff()) if rng.random() < 0.25 else made


def scene(bank: Bank, stuff: list[Photo], rng: Rng) -> tuple[Picture, list[Frame], list[Frame]]:
    """A square of 96 pixels, the faces in it, and what may be one."""
    picture, faces, doubtful = _view(stuff, rng)
    for _ in range(rng.choice(4, p=(0.2, 0.5, 0.2, 0.1))):
        picture, faces = _with_face(picture, faces, bank, stuff, rng)
    picture = _with_patch(picture, faces, stuff, rng) if rng.random() < 0.3 else picture
    return tones.worse(picture, rng) if rng.random() < 0.6 else picture, faces, doubtful


def _view(stuff: list[Photo], rng: Rng) -> tuple[Picture, list[Frame], list[Frame]]:
    """A part of a photograph, on it or beyond; where there are faces, often round one of them."""
    peopled = [photo for photo in stuff if photo.faces]
    photo = peopled[rng.integers(len(peopled))] if peopled and rng.random() < 0.35 else stuff[rng.integers(len(stuff))]
    height, width = photo.picture.shape[:2]
    scale = float(np.exp(rng.uniform(np.log(SCENE / max(height, width)), np.log(1.0))))
    middle = rng.uniform(0, 1, 2) * (width, height)
    if photo.faces and rng.random() < 0.7:
        face = photo.faces[rng.integers(len(photo.faces))]
        scale = min(2.0, float(np.exp(rng.uniform(np.log(SMALL), np.log(LARGE)))) / face.size)
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


_BORDERS = (cv2.BORDER_REPLICATE, cv2.BORDER_CONSTANT)


def _seen(face: Frame, matrix: Array, scale: float, *, flip: bool) -> Frame:
    x, y = moved(np.array([face.x, face.y]), matrix)
    return Frame(float(x), float(y), face.size * scale, -face.turn if flip else face.turn)


def _with_face(
    picture: Picture, faces: list[Frame], bank: Bank, stuff: list[Photo], rng: Rng
) -> tuple[Picture, list[Frame]]:
    """One more, if there is room."""
    number = int(rng.integers(len(bank.pictures)))
    size = float(np.exp(rng.uniform(np.log(SMALL), np.log(LARGE))))
    turn = rng.normal(0, 0.25)
    room = min(SCENE / 2, size * 0.4)
    wanted = Frame(*rng.uniform(room, SCENE - room, 2), size, float(turn))
    if any(np.hypot(face.x - wanted.x, face.y - wanted.y) < 0.9 * (face.size + size) for face in faces):
        return picture, faces
    square, points = bank.pictures[number], bank.points[number]
    if rng.random() < 0.5:
        square, points = np.ascontiguousarray(square[:, ::-1]), (points * (-1, 1) + (square.shape[1], 0))[MIRRORED]
    square = harmed(square, points, partial(_patch, stuff, square.shape[0], rng), rng) if rng.random() < 0.6 else square
    own = Frame.of(points)
    matrix = _onto(own, wanted)
    if size < own.size * 0.6:
        square = np.asarray(cv2.GaussianBlur(square, (0, 0), 0.35 * own.size / size), np.uint8)
    mask = cv2.warpAffine(_mask(square.shape[0], own, rng), matrix, (SCENE, SCENE))[:, :, None]
    pasted = cv2.warpAffine(square, matrix, (SCENE, SCENE), borderMode=cv2.BORDER_REPLICATE)
    made = (picture * (1 - mask) + pasted * mask).astype(np.uint8)
    turned = Frame.of(moved(points, matrix))
    return made, [*faces, turned]


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
    pasted = cv2.warpAffine(_patch(stuff, size, rng), _onto(own, wanted), (SCENE, SCENE))
    return np.asarray((picture * (1 - mask) + pasted * mask).astype(np.uint8))


def _patch(stuff: list[Photo], side: int, rng: Rng) -> Picture:
    """A square of a photograph without faces."""
    for _ in range(20):
        photo = stuff[rng.integers(len(stuff))]
        if not photo.faces:
            break
    picture = photo.halves[rng.integers(len(photo.halves))]
    height, width = picture.shape[:2]
    part = int(rng.uniform(min(40, height, width), min(height, width)))
    top, left = (int(rng.integers(0, limit - part + 1)) for limit in (height, width))
    piece = picture[top : top + part, left : left + part]
    return np.asarray(cv2.resize(piece, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


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
