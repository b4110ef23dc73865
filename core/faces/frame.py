"""The frame of a face: its middle, its size and which way is up, and the square that looks upright in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .face import LEFT_EYE, LIPS, RIGHT_EYE

WIDE = 1.45
"""Side of the square that landmarks are found in, in sizes of the face."""


@dataclass(frozen=True)
class Frame:
    """Where a face is, before its landmarks are known or after.

    Attributes:
        x: of the middle of its landmarks' box, along the face, in pixels of the picture.
        y: the same downwards.
        size: the longer side of that box.
        turn: radians, clockwise on the screen; 0 is upright.
    """

    x: float
    y: float
    size: float
    turn: float

    @classmethod
    def of(cls, points: NDArray[Any]) -> Frame:
        """That of (68, 2) landmarks."""
        eyes = [points[part].mean(axis=0) for part in (LEFT_EYE, RIGHT_EYE)]
        down = points[LIPS].mean(axis=0) - (eyes[0] + eyes[1]) / 2
        across = eyes[1] - eyes[0] + np.array([down[1], -down[0]])
        turn = float(np.arctan2(across[1], across[0]))
        along = points @ rotation(turn)
        low, high = along.min(axis=0), along.max(axis=0)
        x, y = rotation(turn) @ ((low + high) / 2)
        return cls(float(x), float(y), max(1e-3, float((high - low).max())), turn)

    def matrix(self, side: int, wide: float = WIDE) -> NDArray[np.float64]:
        """(2, 3) from the picture to the upright square of ``side`` pixels that is ``wide`` sizes of the face."""
        linear = side / (wide * self.size) * rotation(self.turn).T
        return np.asarray(np.c_[linear, side / 2 - linear @ (self.x, self.y)])

    @property
    def up(self) -> tuple[float, float]:
        """The way in which the face looks up, of length 1."""
        return float(np.sin(self.turn)), float(-np.cos(self.turn))


def rotation(turn: float) -> NDArray[np.float64]:
    """(2, 2), clockwise on the screen."""
    return np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])


def moved(points: NDArray[Any], matrix: NDArray[Any]) -> NDArray[Any]:
    """Points through a (2, 3) matrix."""
    return np.asarray(points @ matrix[:, :2].T + matrix[:, 2])


def inverse(matrix: NDArray[Any]) -> NDArray[np.float64]:
    """The (2, 3) matrix of the way back."""
    back = np.linalg.inv(matrix[:, :2])
    return np.asarray(np.c_[back, -back @ matrix[:, 2]])
