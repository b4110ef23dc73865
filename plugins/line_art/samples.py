"""Examples to learn lines from, made on the fly: coloured drawings in some other light, ink, grain and paper.

A pair is a drawing and its lines, which were multiplied onto the colours. So ink can be taken off and laid on again, in
another colour, fainter, or not at all: edges of colours then take the place of lines.

Reference:
    L. Zhang, Y. Ji, X. Lin, C. Liu: Style Transfer for Anime Sketches with Enhanced Residual U-net and Auxiliary
    Classifier GAN. ACPR 2017, arXiv:1706.03319 (lines found by a network, from which another learns).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from senga.neural.training.inked import Bytes, Pair, Plane, Rng, copied, grain, placed

from .highpass import evened, highpass

BROAD = 3.0
"""Pixels from its border to which the inside of broad ink counts as a line: networks cannot see more of it."""
KINDS = (0.55, 0.25, 0.2)
"""Shares of drawings in ink, without lines, and in pencil."""
EDGE = 0.12
"""Difference of colours that is an edge wholly, where there are no lines."""


@dataclass(frozen=True, eq=False)
class Example:
    """What a network is shown.

    Attributes:
        seen: (S, S, 3) what it sees, see ``highpass``.
        ink: (S, S) the lines, 0..1.
        picture: (S, S, 3) the picture, 0..1, to look at.
    """

    seen: Plane
    ink: Plane
    picture: Plane


def example(pairs: Sequence[Pair], textures: Sequence[Bytes], side: int, rng: Rng) -> Example:
    """A square of one of the drawings, changed at random.

    Args:
        pairs: of drawings.
        textures: photographs whose detail lies over some of the colours, or none.
        side: of the square.
        rng: decides all.
    """
    pair = pairs[rng.integers(len(pairs))]
    fill, ink = placed(pair, side, rng)
    kind = rng.choice(len(KINDS), p=KINDS)
    colours = _coloured(fill, rng) if kind < 2 else np.full_like(fill, rng.uniform(0.75, 1))
    target = _edges(colours) if kind == 1 else _outlined(ink)
    picture = _lit(_textured(colours, textures, rng), rng)
    if kind != 1:
        dark = rng.uniform(0, 0.25, 3) if kind == 0 else np.full(3, rng.uniform(0.1, 0.6))
        strength = ink * np.float32(rng.uniform(0.6, 1)) * (grain(side, rng) if kind == 2 else 1)
        picture += (dark.astype(np.float32) - picture) * strength[:, :, None]
    picture = copied(picture, rng)
    return Example(evened(highpass(picture)), target, picture)


def _outlined(ink: Plane) -> Plane:
    """Lines as they are, broad ink as its outline."""
    inside: Any = cv2.distanceTransform((ink > 0.5).astype(np.uint8), cv2.DIST_L2, 5)
    return np.asarray(ink * np.clip(BROAD + 1 - inside, 0, 1), np.float32)


def _edges(colours: Plane) -> Plane:
    """Lines where colours meet."""
    element = np.ones((3, 3), np.uint8)
    steps: Any = cv2.dilate(colours, element) - cv2.erode(colours, element)
    return np.asarray(cv2.GaussianBlur(np.clip(steps.max(axis=2) / EDGE - 0.6, 0, 1), (0, 0), 0.5), np.float32)


def _coloured(fill: Plane, rng: Rng) -> Plane:
    """Other colours; white becomes a colour at times."""
    colours = fill[:, :, rng.permutation(3)] ** np.float32(np.exp(rng.uniform(-0.5, 0.5)))
    if rng.random() < 0.4:
        white = fill.min(axis=2, keepdims=True) > 0.97
        colours = np.where(white, rng.uniform(0.2, 1, 3).astype(np.float32), colours)
    low, high = rng.uniform(0, 0.2), rng.uniform(0.7, 1)
    return np.asarray(low + (high - low) * colours, np.float32)


def _textured(colours: Plane, textures: Sequence[Bytes], rng: Rng) -> Plane:
    """With the detail of a photograph over all, at times."""
    side = len(colours)
    if not textures or rng.random() < 0.5:
        return colours
    photo = textures[rng.integers(len(textures))]
    if min(photo.shape[:2]) < side:
        return colours
    top, left = (int(rng.integers(length - side + 1)) for length in photo.shape[:2])
    part = photo[top : top + side, left : left + side].astype(np.float32) / np.float32(255)
    detail = part - cv2.GaussianBlur(part, (0, 0), 6)
    return np.asarray(np.clip(colours + np.float32(rng.uniform(0.1, 0.7)) * np.clip(detail, -0.2, 0.2), 0, 1))


def _lit(colours: Plane, rng: Rng) -> Plane:
    """In uneven light, at times."""
    if rng.random() < 0.4:
        return colours
    coarse = rng.uniform(0.65, 1.1, (*rng.integers(2, 5, 2), 1)).astype(np.float32)
    light: Any = cv2.resize(coarse, colours.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(colours * light[:, :, None], 0, 1), np.float32)
