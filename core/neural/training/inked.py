"""Drawings taken apart into colours and ink, so that each can be changed before they are laid together again.

Trainings of lines and of colours make their examples from these, on the fly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]
Bytes = NDArray[np.uint8]
Rng = np.random.Generator

ZOOM = 0.6, 1.5
TURN = 20.0
"""Degrees by which drawings are turned, at most."""


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
    def of(cls, colour: Bytes, line: Bytes) -> Self:
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


def halved(pair: Pair) -> Pair:
    """At half the size."""
    size = max(1, pair.ink.shape[1] // 2), max(1, pair.ink.shape[0] // 2)
    fill, ink = (cv2.resize(each, size, interpolation=cv2.INTER_AREA) for each in (pair.fill, pair.ink))
    return Pair(np.asarray(fill, np.uint8), np.asarray(ink, np.uint8))


def placed(pair: Pair, side: int, rng: Rng, zooms: tuple[float, float] = ZOOM) -> tuple[Plane, Plane]:
    """A square of colours and ink round some ink, turned, mirrored and scaled."""
    zoom = float(np.exp(rng.uniform(*np.log(zooms))))
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


def grain(side: int, rng: Rng) -> Plane:
    """Of pencil on paper: 0.3..1."""
    noise: Any = cv2.GaussianBlur(rng.random((side, side), np.float32), (0, 0), rng.uniform(0.4, 1.2))
    return np.asarray(np.clip(0.65 + (noise - 0.5) * rng.uniform(0.5, 2.5), 0.3, 1), np.float32)


def copied(picture: Plane, rng: Rng) -> Plane:
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
