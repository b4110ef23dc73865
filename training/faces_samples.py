"""What the network of landmarks is shown: squares of 112 pixels; and photographs with the frames of their faces."""

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
from senga.neural.networks.faces import POINTS, SIDE
from training import faces_tones as tones
from training.faces_bank import Bank, is_for_choosing, is_held_back
from training.faces_mesh import landmarks
from training.pictures import Picture, read_rgb, resize_long

Array = NDArray[Any]
Rng = np.random.Generator

SCENE = 96
"""Pixels of the scenes that the finder is shown."""
LONG = 512
"""Of photographs behind faces."""
BOX = 0.76
"""Size of a face in longer sides of YuNet's box, for faces too small for the mesh."""


FACELESS = "flowers"
"""In the path of photographs in which doubtful faces are none."""


@dataclass(frozen=True)
class Photo:
    """A photograph, the frames of its faces, of what may be one, and of what was taken for one."""

    picture: Picture
    faces: tuple[Frame, ...]
    doubtful: tuple[Frame, ...] = ()
    alarms: tuple[Frame, ...] = ()

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
    """Photographs by their labels, without those that thresholds are chosen on."""
    found = []
    for path in (path for path in paths if not is_for_choosing(path)):
        if is_held_back(path) == held_back:
            whole = read_rgb(path)
            picture = resize_long(whole, long)
            scale = picture.shape[1] / whole.shape[1]
            found.append(Photo(picture, *frames_of(labels, path, scale), alarms_of(labels, path, scale)))
    return found


def frames_of(labels: dict[str, Array], path: Path, scale: float) -> tuple[tuple[Frame, ...], tuple[Frame, ...]]:
    """Faces that are believed, and doubtful ones."""
    chosen = np.flatnonzero(labels["path"] == str(path))
    sure = [labels["score"][each] > 4 or labels["sure"][each] > 0.85 for each in chosen]
    frames = [frame_of_label(labels, each, scale) for each in chosen]
    doubtful = () if FACELESS in str(path) else (f for f, is_sure in zip(frames, sure, strict=True) if not is_sure)
    return tuple(f for f, is_sure in zip(frames, sure, strict=True) if is_sure), tuple(doubtful)


def alarms_of(labels: dict[str, Array], path: Path, scale: float) -> tuple[Frame, ...]:
    """What a finder took for faces where there is none, if that was written down (training.faces_alarms)."""
    chosen = np.flatnonzero(labels["alarm_path"] == str(path)) if "alarm_path" in labels else ()
    return tuple(Frame(*(scale * labels["alarm"][each]), 0.0) for each in chosen)


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
    other = partial(patch, stuff, SIDE, rng)
    if rng.random() < 0.08:
        return tones.worse(other(), rng), np.zeros((POINTS, 2)), 0.0
    matrix = near(Frame.of(points), rng).matrix(SIDE)
    made = np.asarray(cv2.warpAffine(picture, matrix, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE), np.uint8)
    points = moved(points, matrix)
    if rng.random() < 0.5:
        made, points = np.ascontiguousarray(made[:, ::-1]), (points * (-1, 1) + (SIDE, 0))[MIRRORED]
    made = harmed(made, points, other, rng)
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


def patch(stuff: list[Photo], side: int, rng: Rng) -> Picture:
    """A square of a photograph without faces."""
    for _ in range(20):
        photo = stuff[rng.integers(len(stuff))]
        if not photo.faces and not photo.doubtful:
            break
    picture = photo.halves[rng.integers(len(photo.halves))]
    height, width = picture.shape[:2]
    part = int(rng.uniform(min(40, height, width), min(height, width)))
    top, left = (int(rng.integers(0, limit - part + 1)) for limit in (height, width))
    piece = picture[top : top + part, left : left + part]
    return np.asarray(cv2.resize(piece, (side, side), interpolation=cv2.INTER_AREA), np.uint8)
