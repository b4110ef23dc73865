"""Examples to learn colours of whole drawings from: the lines in some other ink, and the colours below them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.neural.networks.sgru import PICTURES
from senga.neural.training.inked import Pair, Plane, Rng

ZOOM = 0.75, 1.2
"""Of a drawing that fills the square."""
TURN = 12.0
"""Degrees by which drawings are turned, at most."""
PAPER = 0.97
"""What is lighter than this in all colours is paper."""


@dataclass(frozen=True, eq=False)
class Example:
    """What a network is shown.

    Attributes:
        lines: (S, S) how light the lines are, 0..255.
        colours: (S, S, 3) in [-1, 1], without lines.
        counts: (S, S) what each pixel counts, 0..1: nothing below lines, ``paper`` on white.
    """

    lines: Plane
    colours: Plane
    counts: Plane


def example(pair: Pair, side: int, rng: Rng, paper: float = 1.0) -> Example:
    """A drawing in a square, changed at random.

    Args:
        pair: the drawing.
        side: of the square.
        rng: decides all.
        paper: what white pixels count, beside coloured ones.
    """
    fill, ink = _whole(pair, side, rng)
    colours = np.asarray(fill ** np.float32(np.exp(rng.uniform(-0.25, 0.25))), np.float32)
    lines = 255 * (1 - ink * np.float32(rng.uniform(0.6, 1)))
    white = colours.min(axis=2) > PAPER
    counts = (1 - ink) * np.where(white, np.float32(paper), np.float32(1))
    return Example(np.asarray(lines, np.float32), 2 * colours - 1, np.asarray(counts, np.float32))


def _whole(pair: Pair, side: int, rng: Rng) -> tuple[Plane, Plane]:
    """Colours and ink of the whole drawing, mirrored, and a little turned, moved and scaled."""
    height, width = pair.ink.shape
    zoom = side / max(height, width) * float(np.exp(rng.uniform(*np.log(ZOOM))))
    turn: Any = cv2.getRotationMatrix2D((0, 0), rng.uniform(-TURN, TURN), zoom)
    turn[:, 0] *= -1 if rng.random() < 0.5 else 1
    turn[:, 2] = side * rng.uniform(0.42, 0.58, 2) - turn[:, :2] @ (width / 2, height / 2)
    both = np.dstack([pair.fill, pair.ink])
    if zoom < 0.7:
        smaller = cv2.resize(both, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA)
        turn[:, :2] /= zoom
        both = np.asarray(smaller, np.uint8)
    made: Any = cv2.warpAffine(
        both, turn, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=(255, 255, 255, 0)
    )
    planes = made.astype(np.float32) / np.float32(255)
    return np.ascontiguousarray(planes[:, :, :3]), np.ascontiguousarray(planes[:, :, 3])


def tints(strength: float) -> NDArray[np.float32]:
    """(27,) colours in [-1, 1] of the nine before the first step, red first, round the circle of hues."""
    turns = 2 * np.pi * (np.arange(PICTURES)[None] / PICTURES - np.arange(3)[:, None] / 3)
    return np.asarray(0.3 + strength * np.cos(turns), np.float32).reshape(-1)  # (colour, picture)
