"""Faces for tests: landmarks of a face that looks ahead, and files of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from senga.exemplars import gallery
from senga.faces import Face, faces_text, read_faces

Shares = list[tuple[float, float]]


def frontal() -> Any:
    """(68, 2): shares of a square that the face of a gallery portrait fills."""
    card = gallery.find("metzinger")
    assert card.landmarks is not None
    points = read_faces(card.landmarks, (1066, 798))[0].points.astype(np.float64)
    low, high = points.min(axis=0), points.max(axis=0)
    return (points - low) / (high - low)


def shares(left: float, top: float, wide: float, tall: float) -> Shares:
    """A face in a box, as the setting ``points`` has it."""
    return [(left + wide * x, top + tall * y) for x, y in frontal().tolist()]


def written(folder: Path, points: Any, size: tuple[int, int]) -> str:
    """A file of landmarks (68, 2) of a picture of (height, width)."""
    path = folder / "points.json"
    path.write_text(faces_text([Face.of_points(np.asarray(points))], size))
    return str(path)


def small(folder: Path) -> dict[str, Any]:
    """Settings with a small painting, a face in it, and one in the middle of any picture."""
    from senga.testing import sample

    points = frontal() * (24, 30) + (12, 16)
    return {
        "painting": sample(64, 48, 3),
        "painting_landmarks": written(folder, points, (64, 48)),
        "points": shares(0.3, 0.3, 0.4, 0.5),
    }
