"""Faces laid over each other: the turn, size and shift that brings one face nearest to another, and seeing through it.

Places are in pixels; (0, 0) is the upper left corner of the upper left pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.faces.face import WEIGHTS, width_of

Points = NDArray[Any]
"""(68, 2): x and y."""


@dataclass(frozen=True)
class Similarity:
    """A turn, a size and a shift: ``z`` comes to lie at ``factor * z + shift``, in complex numbers x + yi."""

    factor: complex
    shift: complex

    @classmethod
    def between(cls, points: Points, goal: Points) -> Similarity:
        """The one that brings landmarks nearest to those of another face, by least squares."""
        here, there = _complex(points), _complex(goal)
        middle, aim = (np.average(each, weights=WEIGHTS) for each in (here, there))
        own = here - middle
        factor = (WEIGHTS * own.conj() * (there - aim)).sum() / max(1e-12, (WEIGHTS * np.abs(own) ** 2).sum())
        factor = complex(factor) if abs(factor) > 1e-6 else 1 + 0j
        return cls(factor, complex(aim - factor * middle))

    @property
    def size(self) -> float:
        """How much larger it makes things."""
        return abs(self.factor)

    @property
    def inverse(self) -> Similarity:
        """What undoes it."""
        return Similarity(1 / self.factor, -self.shift / self.factor)

    def then(self, across: float, down: float) -> Similarity:
        """This, and a shift after it."""
        return Similarity(self.factor, self.shift + complex(across, down))

    def of(self, points: Points) -> NDArray[np.float64]:
        """Where points (n, 2) come to lie."""
        moved = self.factor * _complex(points) + self.shift
        return np.stack([moved.real, moved.imag], axis=-1)

    def matrix(self) -> NDArray[np.float64]:
        """(2, 3), for the middles of pixels, as OpenCV counts them."""
        a, b = self.factor.real, self.factor.imag
        turn = np.array([[a, -b], [b, a]])
        shift = np.array([self.shift.real, self.shift.imag]) + turn @ [0.5, 0.5] - 0.5
        return np.column_stack([turn, shift])


def unlikeness(points: Points, goal: Points) -> float:
    """How far landmarks are from those of another face when it lies over them, in widths of that face."""
    gap = Similarity.between(points, goal).of(points) - goal
    return float(np.sqrt(np.average((gap**2).sum(axis=1), weights=WEIGHTS))) / width_of(goal)


def seen(pixels: NDArray[Any], way: Similarity, height: int, width: int) -> NDArray[Any]:
    """Pixels (H, W[, C]) moved into a picture of another size; beyond them their border goes on."""
    part, nearer = _looked_at(pixels, way, height, width)
    return warped(*reduced(part, nearer), height, width)


def _looked_at(pixels: Any, way: Similarity, height: int, width: int) -> tuple[Any, Similarity]:
    """The part of the pixels that is seen, and the way from it."""
    corners = way.inverse.of(np.array([[0, 0], [width, 0], [0, height], [width, height]]))
    room = 2 + 2 / way.size
    limits = np.array(pixels.shape[1::-1])
    low = np.clip(np.floor(corners.min(axis=0) - room), 0, limits - 1).astype(int)
    high = np.clip(np.ceil(corners.max(axis=0) + room), low + 1, limits).astype(int)
    moved = way.factor * complex(*low.tolist()) + way.shift
    return pixels[low[1] : high[1], low[0] : high[0]], Similarity(way.factor, moved)


def reduced(pixels: NDArray[Any], way: Similarity) -> tuple[NDArray[Any], Similarity]:
    """Pixels reduced by a whole number where they are to be seen smaller, and the way from there."""
    factor = max(1, round(1 / way.size))
    if factor == 1:
        return np.ascontiguousarray(pixels), way
    tall, wide = (-(-side // factor) for side in pixels.shape[:2])
    rows, columns = tall * factor - pixels.shape[0], wide * factor - pixels.shape[1]
    whole = cv2.copyMakeBorder(np.ascontiguousarray(pixels), 0, rows, 0, columns, cv2.BORDER_REPLICATE)
    small = cv2.resize(whole, (wide, tall), interpolation=cv2.INTER_AREA)
    return small, Similarity(way.factor * factor, way.shift)


def warped(pixels: Any, way: Similarity, height: int, width: int, border: int = cv2.BORDER_REPLICATE) -> NDArray[Any]:
    """Pixels moved, with nothing reduced before."""
    how = cv2.INTER_CUBIC if way.size > 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.warpAffine(pixels, way.matrix(), (width, height), flags=how, borderMode=border))


def _complex(points: Points) -> NDArray[np.complex128]:
    return np.asarray(points[..., 0] + 1j * points[..., 1])
