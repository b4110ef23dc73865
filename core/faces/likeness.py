"""What has the colours of skin, and what those of hair: mixtures of Gaussians of what surely is either, or neither."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from . import outlines
from .colours import Mixture
from .outlines import Array, Plane

Mask = NDArray[np.bool_]
FEWEST = 40
"""Pixels that colours are learned from."""
_UNLIKE_SKIN, _UNLIKE_OTHERS = 0.1, 0.2
"""Shares of the cheeks, and of what is far from the face, that are as unlike the rest as what counts as hair."""
_HAIRY = 0.8
"""Share of what lies over the forehead that must be so for there to be hair: bald heads shine and have shadows."""


@dataclass(frozen=True, eq=False)
class Likeness:
    """How colours of a square round a face speak for skin.

    Attributes:
        skin: (side, side) logarithms of odds: how much more like the cheeks and the nose than like what is far from the
            face, or like hair.
        has_hair: whether hair was seen over the forehead.
    """

    skin: Plane
    has_hair: bool

    @classmethod
    def of(cls, colours: NDArray[np.uint8], points: Array, size: float) -> Likeness | None:
        """Of (side, side, 3) bytes with landmarks (68, 2); None where too little is seen.

        Args:
            colours: an upright square round a face.
            points: its landmarks there.
            size: of the face, in pixels.
        """
        lab = lab_of(colours)
        inside, outside = _cheeks(len(colours), points), _beyond(len(colours), points, 1.4)
        if min(inside.sum(), outside.sum()) < FEWEST:
            return None
        skin, other = (_log(lab, where, count) for where, count in ((inside, 3), (outside, 5)))
        above, place = _crown(len(colours), points, size)
        beside = outside & (np.arange(len(colours))[:, None] < points[8, 1])  # below are clothes, and hair that falls
        beside = beside if beside.sum() >= FEWEST else outside
        wall = _log(lab, beside, 4)
        head = above & (wall < np.quantile(wall[beside], _UNLIKE_OTHERS))
        is_hair = head & (skin < np.quantile(skin[inside], _UNLIKE_SKIN))
        if is_hair.sum() < max(FEWEST, _HAIRY * head.sum()):
            return cls(skin - other, False)
        hair = _log(lab, is_hair, 2)
        return cls(skin - np.where(place, np.maximum(other, hair), other), True)


def like_hair(colours: NDArray[np.uint8], above: Mask, around: Mask) -> Plane:
    """Logarithms of odds: how much more like what is above the forehead than like what is around the head."""
    if min(above.sum(), around.sum()) < FEWEST:
        return np.zeros(above.shape, np.float32)
    lab = lab_of(colours)
    return _log(lab, above, 2) - _log(lab, around, 4)


def lab_of(colours: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(side, side, 3) in Lab, without noise."""
    return np.asarray(cv2.cvtColor(cv2.GaussianBlur(colours, (0, 0), 0.7), cv2.COLOR_RGB2LAB), np.uint8)


def _log(lab: NDArray[np.uint8], where: Mask, count: int) -> Plane:
    """(side, side) logarithms of the densities of colours, as they are where a mask is."""
    found = Mixture.of(lab[where], count).log(lab.reshape(-1, 3).astype(np.float32))  # (pixels,)
    return np.asarray(found.reshape(where.shape), np.float32)


def _cheeks(side: int, points: Array) -> Mask:
    """With the nose, without eyes and mouth."""
    features = np.maximum(outlines.eyes(side, points), outlines.mouth(side, points))
    cheeks = outlines.filled(side, points[[1, 2, 3, 4, 48, 31, 27, 35, 54, 12, 13, 14, 15]])
    return np.asarray((cheeks > 0.5) & (features < 0.1))


def _beyond(side: int, points: Array, factor: float) -> Mask:
    return np.asarray(outlines.filled(side, outlines.wider(outlines.face_outline(points), factor)) < 0.5)


def _crown(side: int, points: Array, size: float) -> tuple[Mask, Mask]:
    """What lies round the upper half of the face, and where hair may lie over it: above the brows and at its sides."""
    y, x = np.mgrid[:side, :side] + 0.5
    brows, middle = float(points[17:27, 1].mean()), float(points[[0, 16], 0].mean())
    above = _beyond(side, points, 1.05) & ~_beyond(side, points, 1.35) & (y < brows)
    return above, (y < brows - 0.05 * size) | (np.abs(x - middle) > 0.4 * size)
