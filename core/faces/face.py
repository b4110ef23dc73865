"""A face: its box and its 68 landmarks.

The landmarks are numbered from 0 in the order of iBUG 300-W, left and right as one looks at an upright face:

======  =========================================================
0-16    the jaw from one ear over the chin (8) to the other
17-21   the left brow from outside, 22-26 the right one from inside
27-30   the ridge of the nose, 31-35 below it (33 the middle)
36-41   the left eye from its outer corner over the upper lid
42-47   the right eye from its inner corner over the upper lid
48-59   the outside of the lips from the left corner
60-67   the inside
======  =========================================================

References:
    Sagonas et al., 300 faces in-the-wild challenge, ICCV Workshops 2013, doi:10.1109/ICCVW.2013.59.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

COUNT = 68
"""Landmarks of a face."""

Box = tuple[float, float, float, float]
"""x0, y0, x1, y1 in pixels."""
Points = NDArray[np.float32]
"""(68, 2): x and y in pixels; (0, 0) is the upper left corner of the upper left pixel."""

JAW = slice(0, 17)
CHIN = 8
LEFT_BROW, RIGHT_BROW, BROWS = slice(17, 22), slice(22, 27), slice(17, 27)
NOSE = slice(27, 36)
LEFT_EYE, RIGHT_EYE = slice(36, 42), slice(42, 48)
LIPS, INNER_LIPS = slice(48, 60), slice(60, 68)

_TURNED = (
    *(range(16, -1, -1), range(26, 16, -1), range(27, 31), range(35, 30, -1)),
    *(range(45, 41, -1), (47, 46), range(39, 35, -1), (41, 40)),
    *(range(54, 47, -1), range(59, 54, -1), range(64, 59, -1), range(67, 64, -1)),
)
MIRRORED = np.array([each for part in _TURNED for each in part])
"""Which landmark each one is in a mirrored picture."""
WEIGHTS = np.array([0.4] * 17 + [0.7] * 10 + [1.0] * 41)
"""Of the landmarks: those of the jaw are the least certain, brows move."""
_WIDE = 2.6
"""Width of a face, seen from the front, in mean distances of its landmarks from their middle."""


def width_of(points: NDArray[Any]) -> float:
    """About the width of a face, in the unit of its landmarks (68, 2)."""
    apart = points - np.average(points, axis=0, weights=WEIGHTS)
    return _WIDE * float(np.sqrt(np.average((apart**2).sum(axis=1), weights=WEIGHTS)))


@dataclass(frozen=True, eq=False)
class Face:
    """A face in a picture.

    Attributes:
        box: x0, y0, x1, y1 in pixels of the picture; may reach beyond it.
        points: (68, 2) ``float32``, x and y in pixels of the picture; may lie beyond it.
        score: 0..1, how sure it is that there is a face; 1 for landmarks that were given.
    """

    box: Box
    points: Points
    score: float = 1.0

    @classmethod
    def of_points(cls, points: NDArray[Any], score: float = 1.0) -> Face:
        """A face round landmarks: from the jaw to as far above the brows as the nose is long."""
        found = np.ascontiguousarray(points, np.float32).reshape(COUNT, 2)  # (68, 2)
        (x0, y0), (x1, y1) = found.min(axis=0).tolist(), found.max(axis=0).tolist()
        return cls((x0, y0, x1, y1), found, score)

    @property
    def area(self) -> float:
        """Of the box, in square pixels."""
        x0, y0, x1, y1 = self.box
        return max(0.0, x1 - x0) * max(0.0, y1 - y0)

    @property
    def eyes(self) -> Points:
        """(2, 2): the middles of the left and the right eye."""
        return np.stack([self.points[LEFT_EYE].mean(axis=0), self.points[RIGHT_EYE].mean(axis=0)])

    @property
    def eye_distance(self) -> float:
        """Pixels between the outer corners of the eyes, by which errors of landmarks are measured."""
        return float(np.linalg.norm(self.points[45] - self.points[36]))

    def moved(self, across: float, down: float, scale: float = 1.0) -> Face:
        """The same face where the picture is enlarged by ``scale``, then moved."""
        shift = np.array([across, down], np.float32)
        x0, y0, x1, y1 = (scale * side for side in self.box)
        return Face(
            (x0 + across, y0 + down, x1 + across, y1 + down), self.points * np.float32(scale) + shift, self.score
        )
