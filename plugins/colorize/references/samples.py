"""Examples to learn from, made on the fly: lines of a drawing, its colours, and a picture that has the same colours.

That picture is the drawing itself, mirrored, cut and squeezed, of which the network gets a vector alone, so that no
place can be copied. Half of all drawings are given other hues first, all alike or each colour by itself: what colours a
thing has is then told by the other picture and by nothing else.

Reference:
    L. Zhang, Y. Ji, X. Lin, C. Liu: Style Transfer for Anime Sketches with Enhanced Residual U-net and Auxiliary
    Classifier GAN. ACPR 2017, arXiv:1706.03319.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.neural.networks.reference_features import squeezed
from senga.neural.training.inked import Pair
from senga.ops.lightness import WEIGHTS

Plane = NDArray[np.float32]
Rng = np.random.Generator

ZOOM = 0.7, 1.15
"""Longer sides of drawings, in sides of the square."""
TURN = 8.0
"""Degrees by which drawings are turned, at most."""
HUES = (0.45, 0.25, 0.3)
"""Shares of drawings as they are, with all hues turned alike, and with each turned by itself."""
GREY = np.array(WEIGHTS)
"""Weights of red, green and blue in what is light."""
_KINDS = 4
"""Steps of each channel by which colours are told apart."""


@dataclass(frozen=True, eq=False)
class Example:
    """What a network is shown.

    Attributes:
        ink: (S, S) lines, 0 on paper, 1 in ink.
        colours: (S, S, 3) colours without lines, 0..1.
        reference: (R, R, 3) the picture that has the same colours, 0..1, as the features look at it.
    """

    ink: Plane
    colours: Plane
    reference: Plane


def example(pairs: Sequence[Pair], side: int, rng: Rng) -> Example:
    """A whole drawing on a square, changed at random.

    Args:
        pairs: of drawings.
        side: of the square.
        rng: decides all.
    """
    pair = pairs[rng.integers(len(pairs))]
    fill = hued(pair.fill.astype(np.float32) / np.float32(255), rng)
    whole = fill * (1 - pair.ink.astype(np.float32)[:, :, None] / np.float32(255))
    colours, ink = _placed(fill, pair.ink, side, rng)
    return Example(_drawn(ink, rng), colours, _changed(whole, rng))


def hued(fill: Plane, rng: Rng) -> Plane:
    """In other hues, at times; what is grey stays grey."""
    kind = rng.choice(len(HUES), p=HUES)
    if kind == 0:
        return fill
    turns, sizes = rng.uniform(0, 2 * np.pi, _KINDS**3), rng.uniform(0.6, 1.2, _KINDS**3)
    if kind == 1:
        turns[:] = turns[0]
    steps = np.minimum((fill * _KINDS).astype(np.int32), _KINDS - 1)
    code = steps @ np.array([_KINDS**2, _KINDS, 1])
    light = (fill @ GREY)[:, :, None]
    blue, red = fill[:, :, 2:] - light, fill[:, :, :1] - light
    across, along = (sizes * turn(turns) for turn in (np.cos, np.sin))
    across, along = across[code][:, :, None], along[code][:, :, None]
    blue, red = blue * across - red * along, blue * along + red * across
    green = (light - GREY[0] * (light + red) - GREY[2] * (light + blue)) / GREY[1]
    return np.asarray(np.clip(np.concatenate([light + red, green, light + blue], 2), 0, 1), np.float32)


def _placed(fill: Plane, ink: NDArray[np.uint8], side: int, rng: Rng) -> tuple[Plane, Plane]:
    """Colours and ink on a square, turned, mirrored and scaled; beyond the drawing both go on as at its border."""
    height, width = ink.shape
    zoom = side * rng.uniform(*ZOOM) / max(height, width)
    turn: Any = cv2.getRotationMatrix2D((0, 0), rng.uniform(-TURN, TURN), zoom)
    if rng.random() < 0.5:
        turn[:, 0] *= -1
    turn[:, 2] = side * rng.uniform(0.42, 0.58, 2) - turn[:, :2] @ (width / 2, height / 2)
    both = np.dstack([fill, ink.astype(np.float32) / np.float32(255)])
    if zoom < 0.75:  # so that thin lines do not break
        both = cv2.GaussianBlur(both, (0, 0), 0.4 / zoom)
    made: Any = cv2.warpAffine(both, turn, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.ascontiguousarray(made[:, :, :3]), np.ascontiguousarray(made[:, :, 3])


def _drawn(ink: Plane, rng: Rng) -> Plane:
    """Lines by another pen: bolder or thinner, fainter, with gaps, noise, or only black and white."""
    made = np.clip(ink * rng.uniform(0.8, 2.2), 0, 1) ** rng.uniform(0.7, 1.4)
    if rng.random() < 0.2:
        made = (made > rng.uniform(0.25, 0.55)).astype(np.float32)
    if rng.random() < 0.3:
        for row, column in rng.integers(0, len(ink), (int(rng.integers(1, 9)), 2)).tolist():
            made[row : row + 3, column : column + 3] = 0
    if rng.random() < 0.3:
        made = made * rng.uniform(0.4, 1)
    noise = rng.standard_normal(ink.shape) * rng.uniform(0, 0.03)
    return np.asarray(np.clip(made + noise, 0, 1), np.float32)


def _changed(picture: Plane, rng: Rng) -> Plane:
    """A part of a picture, mirrored at times, squeezed into the square of the features, a little lighter or darker."""
    height, width = (round(length * rng.uniform(0.7, 1)) for length in picture.shape[:2])
    top = int(rng.integers(picture.shape[0] - height + 1))
    left = int(rng.integers(picture.shape[1] - width + 1))
    part = picture[top : top + height, left : left + width]
    if rng.random() < 0.5:
        part = part[:, ::-1]
    return np.clip(squeezed(part) * np.float32(rng.uniform(0.93, 1.05)), 0, 1)
