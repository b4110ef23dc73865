"""Where a head is in the picture: cut out with its hair and the neck."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.job import Job

from .alignment import Points, Similarity
from .masks import SIDE, WIDE, head_of, upright

SOFT = 0.035
"""Standard deviation of the edges, in sizes of the face."""


@dataclass(frozen=True, eq=False)
class Head:
    """A head in the upright square round its face (``senga.faces.masks``).

    Attributes:
        planes: (256, 256, 2), 0..1: the head with hair and neck, and the skin of the face; edges are soft.
        matrix: (2, 3) from the picture to the square.
    """

    planes: NDArray[np.float32]
    matrix: NDArray[np.float64]

    @classmethod
    def of(cls, pixels: NDArray[Any], points: Points, job: Job) -> Head:
        """Cut out of a picture (H, W, 3)."""
        colours, matrix = upright(pixels, points)
        planes = np.dstack(head_of(colours, points @ matrix[:, :2].T + matrix[:, 2], job))
        return cls(np.asarray(cv2.GaussianBlur(planes, (0, 0), SOFT * SIDE / WIDE), np.float32), matrix)

    def on(self, way: Similarity, height: int, width: int) -> NDArray[np.uint8]:
        """(height, width, 2) bytes: seen through a way from the picture."""
        middles = np.array([[1.0, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
        there, here = (np.vstack([each, [0, 0, 1]]) for each in (self.matrix, way.matrix()))
        onto = here @ np.linalg.inv(middles) @ np.linalg.inv(there) @ middles
        planes = np.rint(255 * self.planes).astype(np.uint8)
        return np.asarray(cv2.warpAffine(planes, onto[:2], (width, height), flags=cv2.INTER_LINEAR))
