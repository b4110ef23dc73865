"""How well faces are found: `python -m training.judge_faces --data FOLDER`, the folder of ``training.faces``.

On pictures that the training did not see, all of those in ``others.txt``: faces that are found, alarms where no label
is, and the mean distance of landmarks from the labels in per cent of that between the outer corners of the eyes; also
with the pictures made worse.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.faces.detector import is_near
from senga.faces.face import Face
from senga.faces.finding import find_faces
from senga.faces.frame import Frame, moved
from senga.image import Image
from senga.job import Job
from training.faces_bank import LEAST_SCORE, is_held_back
from training.faces_mesh import landmarks
from training.faces_samples import frames_of
from training.pictures import Picture, read_rgb

Array = NDArray[Any]
Act = Callable[[Picture], tuple[Picture, Array]]
"""Gives a worse picture, and the (2, 3) matrix by which its points moved."""

STAYS = np.array([[1.0, 0, 0], [0, 1, 0]])
LEAST = 0.04
"""Size of faces that count, in longer sides of the picture."""


@dataclass
class Sums:
    """What was counted."""

    faces: int = 0
    found: int = 0
    alarms: int = 0
    pictures: int = 0
    errors: list[float] = field(default_factory=list)

    def line(self, name: str) -> str:
        """For people."""
        text = f"{name}: {self.found} of {self.faces} faces, {self.alarms} false alarms in {self.pictures} pictures"
        if not self.errors:
            return text
        middle, most = np.median(self.errors), np.percentile(self.errors, 95)
        return f"{text}; landmarks {np.mean(self.errors):.2f} % (median {middle:.2f}, 95 of 100 below {most:.2f})"


def turn(degrees: float) -> Act:
    """Turned about the middle; the picture keeps its size."""

    def act(picture: Picture) -> tuple[Picture, Array]:
        height, width = picture.shape[:2]
        matrix = np.asarray(cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1))
        made = cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(made, np.uint8), matrix

    return act


def _still(act: Callable[[Picture], Any]) -> Act:
    return lambda picture: (np.asarray(act(picture), np.uint8), STAYS)


def _blurred(picture: Picture) -> Any:
    return cv2.GaussianBlur(picture, (0, 0), max(picture.shape) / 128)


def _grainy(picture: Picture) -> Any:
    noise = np.random.default_rng(0).normal(0, 20, picture.shape)
    return np.clip(picture / 3 + noise, 0, 255)


ACTS: dict[str, Act] = {
    "as it is": _still(lambda picture: picture),
    "turned by 20 degrees": turn(20),
    "turned by -35 degrees": turn(-35),
    "a third as light, grainy": _still(_grainy),
    "blurred": _still(_blurred),
    "grey": _still(lambda picture: np.repeat(picture.mean(axis=2, keepdims=True), 3, axis=2)),
}


def judge(labels: dict[str, Array], paths: list[Path], act: Act) -> Sums:
    """All these pictures."""
    sums = Sums()
    for path in paths:
        picture, matrix = act(read_rgb(path))
        found = find_faces(Image(picture), Job())
        sums.pictures += 1
        faces, doubtful = (list(_moved(kind, matrix)) for kind in frames_of(labels, path, 1.0))
        least = LEAST * max(picture.shape)
        for frame in (frame for frame in faces if frame.size >= least):
            sums.faces += 1
            sums.found += any(is_near(frame, Frame.of(face.points)) for face in found)
        known = faces + doubtful
        sums.alarms += sum(not any(is_near(frame, Frame.of(face.points)) for frame in known) for face in found)
        sums.errors += _errors(labels, path, matrix, found)
    return sums


def _moved(frames: tuple[Frame, ...], matrix: Array) -> Iterator[Frame]:
    turned = float(np.arctan2(matrix[1, 0], matrix[0, 0]))
    for frame in frames:
        x, y = moved(np.array([frame.x, frame.y]), matrix)
        yield Frame(float(x), float(y), frame.size, frame.turn + turned)


def _errors(labels: dict[str, Array], path: Path, matrix: Array, found: list[Face]) -> list[float]:
    """Of the faces that have a mesh and are found."""
    errors = []
    for number in np.flatnonzero((labels["path"] == str(path)) & (labels["score"] >= LEAST_SCORE)):
        points = moved(landmarks(labels["mesh"][number])[:, :2], matrix)
        near = [face for face in found if is_near(Frame.of(points), Frame.of(face.points))]
        if near:
            apart = np.linalg.norm(near[0].points - points, axis=1).mean()
            errors.append(100 * float(apart / np.linalg.norm(points[45] - points[36])))
    return errors


def main() -> None:
    """Prints a line for each set and each harm."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sets", nargs="+", default=["pd", "painted", "photos", "others"], help="of labels-SET.npz")
    parser.add_argument("--acts", nargs="+", default=list(ACTS), choices=list(ACTS), help="what is done to pictures")
    options = parser.parse_args()
    for name in options.sets:
        labels = dict(np.load(options.data / f"labels-{name}.npz"))
        listed = options.data / f"{name}.txt"
        paths = [Path(line) for line in listed.read_text("utf-8").splitlines() if line]
        paths = paths if name == "others" else [path for path in paths if is_held_back(path)]
        for act in options.acts:
            print(judge(labels, paths, ACTS[act]).line(f"{name}, {act}"), flush=True)


if __name__ == "__main__":
    main()
