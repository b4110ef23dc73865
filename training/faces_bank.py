"""Squares with one labelled face each, also as seen from other sides: what both networks of faces learn from.

`python -m training.faces_bank --labels FILES --out bank.npz`. The mesh tells how deep the points of a face lie; the
picture is warped as if the head turned, which pulls no hidden side into view, so turns stay below 45 degrees.
"""

from __future__ import annotations

import argparse
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from training.faces_mesh import landmarks

Array = NDArray[Any]

SIDE = 176
WIDE = 2.2
"""Side of a square in sizes of its face."""
TURNS = (0.55, 0.3, 0.0)
"""Largest turns in radians: to the side, up and down."""
LEAST_SCORE = 6.0
"""Of the mesh, where landmarks are learned from."""
EVERY = 8
"""One of so many pictures is held back, by its name."""


@dataclass(frozen=True)
class Bank:
    """Labelled squares.

    Attributes:
        pictures: (N, 176, 176, 3), RGB.
        points: (N, 68, 2), pixels of the squares.
        held_back: (N,), whether training must not see them.
    """

    pictures: NDArray[np.uint8]
    points: NDArray[np.float32]
    held_back: NDArray[np.bool_]

    @classmethod
    def read(cls, path: Path) -> Bank:
        """One that was written."""
        with np.load(path) as found:
            return cls(found["pictures"], found["points"], found["held_back"])

    def part(self, *, held_back: bool) -> Bank:
        """Of the pictures that are held back, or of the others."""
        chosen = self.held_back == held_back
        return Bank(self.pictures[chosen], self.points[chosen], self.held_back[chosen])


def is_held_back(path: str | Path) -> bool:
    """Whether training must not see a picture."""
    return zlib.crc32(Path(path).name.encode()) % EVERY == 0


def is_for_choosing(path: str | Path) -> bool:
    """Whether thresholds are chosen on a picture, which neither the finder sees nor what judges."""
    return zlib.crc32(Path(path).name.encode()) % EVERY == 1


def square(picture: Array, mesh: Array) -> tuple[Array, Array]:
    """The square round a face, and its mesh in pixels of it."""
    low, high = mesh[:, :2].min(0), mesh[:, :2].max(0)
    scale = SIDE / (WIDE * (high - low).max())
    shift = SIDE / 2 - scale * (low + high) / 2
    matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    flags = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    if scale < 0.6:  # warping does not average
        small = cv2.resize(picture, None, fx=scale * 1.5, fy=scale * 1.5, interpolation=cv2.INTER_AREA)
        matrix[:, :2] /= small.shape[1] / picture.shape[1]
        picture, flags = small, cv2.INTER_LINEAR
    made = cv2.warpAffine(picture, matrix, (SIDE, SIDE), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return made, np.c_[mesh[:, :2] * scale + shift, mesh[:, 2] * scale]


def depths(mesh: Array) -> Array:
    """(176, 176) how deep the head is at each pixel: the mesh, and behind its rim further back."""
    places = np.clip(np.rint(mesh[:, :2]).astype(int), 0, SIDE - 1)
    total, weight = np.zeros((2, SIDE, SIDE), np.float32)
    np.add.at(total, (places[:, 1], places[:, 0]), mesh[:, 2])
    np.add.at(weight, (places[:, 1], places[:, 0]), 1)
    rim = np.arange(8, SIDE, 24)
    behind = mesh[:, 2].max() + 10
    for y, x in ((y, x) for y in rim for x in rim if np.hypot(y - SIDE / 2, x - SIDE / 2) > 0.36 * SIDE):
        total[y, x], weight[y, x] = behind, 1
    found = np.zeros((SIDE, SIDE), np.float32)
    for sigma in (16.0, 8.0, 4.0, 2.0):  # the finest that has something to say
        near = cv2.GaussianBlur(weight, (0, 0), sigma)
        share = np.clip(near / 0.004, 0, 1)
        found += share * (cv2.GaussianBlur(total, (0, 0), sigma) / np.maximum(near, 1e-6) - found)
    return cv2.GaussianBlur(found, (0, 0), 2.0)


def turned(picture: Array, mesh: Array, turn: Array) -> tuple[Array, Array]:
    """The square as if the head turned by a rotation vector, and the mesh in it."""
    rotation = cv2.Rodrigues(turn.astype(np.float64))[0]
    middle = np.r_[SIDE / 2, SIDE / 2, mesh[:, 2].max()]
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    moves = _moves(np.dstack([x, y, depths(mesh)]).reshape(-1, 3), middle, rotation)  # (pixels, 3)
    moves = np.ascontiguousarray(moves.reshape(SIDE, SIDE, 3)[:, :, :2], np.float32)
    back = -moves
    for _ in range(12):
        back = -cv2.remap(
            moves, x + back[:, :, 0], y + back[:, :, 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
    made = cv2.remap(picture, x + back[:, :, 0], y + back[:, :, 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return made, mesh + _moves(mesh, middle, rotation)


def _moves(points: Array, middle: Array, rotation: Array) -> Array:
    """How far points move; those at the border stay."""
    inner = points - middle
    far = np.hypot(inner[:, 0], inner[:, 1]) / (SIDE / 2)
    share = np.clip((1.1 - far) / 0.5, 0, 1)[:, None]
    return share * share * (3 - 2 * share) * (inner @ rotation.T - inner)


def squares(labels: dict[str, Array], count: int, rng: np.random.Generator) -> list[tuple[Array, Array, bool]]:
    """Every face with a good mesh as it is, and ``count`` times turned if it is not held back."""
    found = []
    for number, path in enumerate(labels["path"]):
        if labels["score"][number] < LEAST_SCORE or np.ptp(labels["mesh"][number][:, 1]) < 36:
            continue
        picture, mesh = square(cv2.imread(str(path))[:, :, ::-1], labels["mesh"][number])
        held_back = is_held_back(path)
        found.append((picture, mesh, held_back))
        for _ in range(0 if held_back else count):
            side, up, _ = TURNS * rng.uniform(-1, 1, 3)
            found.append((*turned(picture, mesh, np.array([up, side, 0.0])), held_back))
    return [(picture, landmarks(mesh)[:, :2], held_back) for picture, mesh, held_back in found]


def main() -> None:
    """Writes the bank."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--labels", type=Path, nargs="+", required=True, help="files of training.faces_labels")
    parser.add_argument("--turns", type=int, default=5, help="of each face")
    parser.add_argument("--out", type=Path, required=True, help="file that is written, .npz")
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    several = [each for path in options.labels for each in squares(dict(np.load(path)), options.turns, rng)]
    pictures, points, held_back = (np.array(part) for part in zip(*several, strict=True))
    np.savez(options.out, pictures=pictures, points=points.astype(np.float32), held_back=held_back)
    print(f"{len(pictures)} squares, {held_back.sum()} of them held back")


if __name__ == "__main__":
    main()
