"""Shapes, colours and places of drawn twins: outlines round landmarks, eyes that grow, layers of paint."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.faces.face import LEFT_EYE, RIGHT_EYE

Plane = NDArray[np.float32]
Picture = NDArray[np.float32]
"""(H, W, 3), 0..1."""
LARGER, REACH = 1.22, 0.40
"""How much eyes grow, and how far round them, in distances of the eyes."""


class Grown:
    """Larger eyes: where every pixel comes from, and where points go."""

    def __init__(self, points: NDArray[np.float32], side: int) -> None:
        self.eyes = [points[part].mean(axis=0) for part in (LEFT_EYE, RIGHT_EYE)]
        self.reach = REACH * float(np.linalg.norm(self.eyes[1] - self.eyes[0]))
        y, x = np.mgrid[:side, :side].astype(np.float32)
        self.places = np.dstack([x, y])

    def seen(self, plane: Plane) -> Plane:
        """A plane with larger eyes."""
        source = self.places.copy()
        for eye in self.eyes:
            away = self.places - (eye - 0.5)
            source -= (1 - 1 / LARGER) * self._near(away)[..., None] * away
        return np.asarray(cv2.remap(plane, source, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE), np.float32)

    def moved(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Where points go, found step by step."""
        found = points.astype(np.float32).copy()
        for _ in range(8):
            back = found.copy()
            for eye in self.eyes:
                away = found - eye
                back -= (1 - 1 / LARGER) * self._near(away)[..., None] * away
            found += points - back
        return found

    def _near(self, away: NDArray[np.float32]) -> NDArray[np.float32]:
        """1 at an eye, less farther off."""
        return np.asarray(np.exp(-((np.linalg.norm(away, axis=-1) / self.reach) ** 4)), np.float32)


def dark_side(light: Plane, sigma: float, faintest: float) -> Plane:
    """Lines on the dark side of edges, 0..1."""
    step = cv2.GaussianBlur(light, (0, 0), sigma) - cv2.GaussianBlur(light, (0, 0), 1.6 * sigma)
    return np.asarray(np.clip(-np.tanh(45 * (step + faintest)), 0, 1), np.float32)


def band(line: NDArray[np.float32], above: float, below: float) -> NDArray[np.float32]:
    """The outline of what is round a level line."""
    return np.concatenate([line - (0, above), np.add(line, (0, below))[::-1]]).astype(np.float32)


def grey_of(colour: NDArray[np.floating]) -> float:
    """Lightness of a colour."""
    return float(colour @ np.array((0.299, 0.587, 0.114)))


def over(below: Picture, above: Picture, share: Plane) -> Picture:
    """A picture over another."""
    return np.asarray(below + (above - below) * share[..., None], np.float32)


def step(value: Plane, soft: float) -> Plane:
    """From 0 to 1 where a value passes nothing, over so much of it."""
    return np.asarray(np.clip(value / soft + 0.5, 0, 1), np.float32)


def clear(colour: NDArray[np.floating]) -> NDArray[np.float32]:
    """A little lighter and more colourful."""
    grey = grey_of(colour)
    return np.asarray(np.clip((grey + 1.15 * (colour - grey)) ** 0.9, 0, 1), np.float32)


def opened(eye: NDArray[np.float32], factor: float) -> NDArray[np.float32]:
    """An eye that is open wider."""
    middle = eye.mean(axis=0)
    return np.asarray(middle + (eye - middle) * np.array((1, factor)), np.float32)


def wider(points: NDArray[np.float32], factor: float) -> NDArray[np.float32]:
    """An outline that is larger by a factor."""
    middle = points.mean(axis=0)
    return np.asarray(middle + factor * (points - middle), np.float32)


def curve(points: NDArray[np.float32], *, closed: bool = False) -> NDArray[np.float32]:
    """A Catmull-Rom curve through points."""
    ends = (points[-1:], points[:2]) if closed else (points[:1], points[-1:])
    all_points = np.concatenate([ends[0], points, ends[1]])
    t = np.linspace(0, 1, 8, endpoint=False)[:, None]
    parts = []
    for a, b, c, d in zip(all_points, all_points[1:], all_points[2:], all_points[3:], strict=False):
        parts.append(0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3))
    return np.concatenate([*parts, points[:1] if closed else points[-1:]]).astype(np.float32)
