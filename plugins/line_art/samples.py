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
from numpy.typing import NDArray

from .highpass import evened, highpass

Plane = NDArray[np.float32]
Bytes = NDArray[np.uint8]
Rng = np.random.Generator

BROAD = 3.0
"""Pixels from its border to which the inside of broad ink counts as a line: networks cannot see more of it."""
ZOOM = 0.6, 1.5
TURN = 20.0
"""Degrees by which drawings are turned, at most."""
KINDS = (0.55, 0.25, 0.2)
"""Shares of drawings in ink, without lines, and in pencil."""
EDGE = 0.12
"""Difference of colours that is an edge wholly, where there are no lines."""


@dataclass(frozen=True, eq=False)
class Pair:
    """A drawing.

    Attributes:
        fill: (H, W, 3) its colours without lines, uint8.
        ink: (H, W) its lines, uint8, 255 = ink.
    """

    fill: Bytes
    ink: Bytes

    @classmethod
    def of(cls, colour: Bytes, line: Bytes) -> Pair:
        """A coloured drawing (H, W, 3) and its lines (H, W), dark on white, of the same size.

        Under ink lies the colour of the nearest pixel without.
        """
        ink = np.asarray(255 - line, np.uint8)
        bare = (ink > 12).astype(np.uint8)
        if bare.all():
            return cls(np.full_like(colour, 255), ink)
        _, labels = cv2.distanceTransformWithLabels(bare, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
        colours = np.zeros((int(labels.max()) + 1, 3), np.uint8)
        colours[labels[bare == 0]] = colour[bare == 0]
        return cls(colours[labels], ink)


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
    fill, ink = _placed(pair, side, rng)
    kind = rng.choice(len(KINDS), p=KINDS)
    colours = _coloured(fill, rng) if kind < 2 else np.full_like(fill, rng.uniform(0.75, 1))
    target = _edges(colours) if kind == 1 else _outlined(ink)
    picture = _lit(_textured(colours, textures, rng), rng)
    if kind != 1:
        dark = rng.uniform(0, 0.25, 3) if kind == 0 else np.full(3, rng.uniform(0.1, 0.6))
        strength = ink * np.float32(rng.uniform(0.6, 1)) * (_grain(side, rng) if kind == 2 else 1)
        picture += (dark.astype(np.float32) - picture) * strength[:, :, None]
    picture = _copied(picture, rng)
    return Example(evened(highpass(picture)), target, picture)


def _placed(pair: Pair, side: int, rng: Rng) -> tuple[Plane, Plane]:
    """A square of colours and ink round some ink, turned, mirrored and scaled."""
    zoom = float(np.exp(rng.uniform(*np.log(ZOOM))))
    turn: Any = cv2.getRotationMatrix2D((0, 0), rng.uniform(-TURN, TURN), zoom)
    turn[:, :2] *= np.where(rng.random(2) < (0.5, 0.15), -1, 1)
    height, width = pair.ink.shape
    inked = np.flatnonzero(pair.ink[::4, ::4] > 128)
    middle = rng.random(2) * (width, height)
    if len(inked) and rng.random() < 0.9:
        spot = int(rng.choice(inked))
        middle = np.array(np.unravel_index(spot, pair.ink[::4, ::4].shape)[::-1]) * 4.0
    turn[:, 2] = side * rng.uniform(0.3, 0.7, 2) - turn[:, :2] @ middle
    both = np.dstack([pair.fill, pair.ink])
    flags = cv2.INTER_LINEAR if zoom < 1 else cv2.INTER_CUBIC
    made: Any = cv2.warpAffine(both, turn, (side, side), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    planes = made.astype(np.float32) / np.float32(255)
    return np.ascontiguousarray(planes[:, :, :3]), np.ascontiguousarray(planes[:, :, 3])


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


def _grain(side: int, rng: Rng) -> Plane:
    """Of pencil on paper: 0.3..1."""
    noise: Any = cv2.GaussianBlur(rng.random((side, side), np.float32), (0, 0), rng.uniform(0.4, 1.2))
    return np.asarray(np.clip(0.65 + (noise - 0.5) * rng.uniform(0.5, 2.5), 0.3, 1), np.float32)


def _copied(picture: Plane, rng: Rng) -> Plane:
    """Blurred, with noise and as a JPEG, each at times."""
    if rng.random() < 0.5:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.3, 1.2)), np.float32)
    if rng.random() < 0.6:
        picture = picture + rng.standard_normal(picture.shape, np.float32) * np.float32(rng.uniform(0.002, 0.06))
    picture = np.asarray(np.clip(picture, 0, 1), np.float32)
    if rng.random() < 0.6:
        sent = np.rint(picture * 255).astype(np.uint8)
        coded = cv2.imencode(".jpg", sent, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(35, 96))])[1]
        picture = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.float32) / np.float32(255)
    return picture
