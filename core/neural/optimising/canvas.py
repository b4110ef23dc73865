"""What is optimised: pixels as they are, or waves of which broad ones move most.

A network of few channels lets fine noise and colourful specks pass that the original VGG-19 would see. Steps in waves,
by how broad they are, reach shapes and strokes long before specks; the aim is the same. Pixels of a margin around the
picture are optimised too, and cut off.

References:
    C. Olah, A. Mordvintsev, L. Schubert: Feature Visualization. Distill 2017, doi:10.23915/distill.00007: decorrelated
    waves as a preconditioner.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import cv2
import numpy as np

from senga.neural.executor import Array

MARGIN = 24
"""Pixels around the picture."""
UNSEEN = 16
"""Pixels of what is looked at, at each edge, that do not count: what a network sees there, no picture has."""
SHIFT = MARGIN - UNSEEN
"""Pixels by which what is looked at moves now and then, so that no lattice of pools comes into the picture."""
_BROAD = 0.02
"""Waves of a pixel above which narrower ones move less, in proportion."""
_COLOURFUL = 0.3
"""How much less colours move than lightness."""
_AXES = np.array([[1, 1, 1], [1, 0, -1], [1, -2, 1]], np.float32)
_TURN = _AXES / np.linalg.norm(_AXES, axis=1, keepdims=True)
"""From red, green, blue to lightness and two axes of colour."""


class Canvas(Protocol):
    """A picture (3, H, W) in 0..255, in other coordinates.

    Attributes:
        margin: pixels around the picture that are cut off in the end.
    """

    margin: int

    def places(self, picture: Array) -> Array:
        """The coordinates of a picture."""
        ...

    def picture(self, places: Array) -> Array:
        """The picture at these coordinates."""
        ...

    def slope(self, gradient: Array) -> Array:
        """The gradient along the coordinates from that along the pixels."""
        ...

    def length(self, step: float) -> float:
        """How far the coordinates move, each, when pixels move by ``step``."""
        ...


class Pixels:
    """The pixels themselves, without a margin."""

    margin = 0

    def places(self, picture: Array) -> Array:
        """See ``Canvas``."""
        return picture

    def picture(self, places: Array) -> Array:
        """See ``Canvas``."""
        return places

    def slope(self, gradient: Array) -> Array:
        """See ``Canvas``."""
        return gradient

    def length(self, step: float) -> float:
        """See ``Canvas``."""
        return step


class Waves:
    """Cosine waves of lightness and colours.

    Args:
        height, width: of the pictures, margins included; both even.
    """

    margin = MARGIN

    def __init__(self, height: int, width: int) -> None:
        down, across = (np.arange(side) / (2 * side) for side in (height, width))
        broad = _BROAD / (_BROAD + np.hypot(down[:, None], across))
        self._weights = (np.array([1, _COLOURFUL, _COLOURFUL])[:, None, None] * broad).astype(np.float32)

    def places(self, picture: Array) -> Array:
        """See ``Canvas``."""
        return np.asarray(_waves(picture) / self._weights)

    def picture(self, places: Array) -> Array:
        """See ``Canvas``."""
        planes = np.stack([cv2.idct(plane) for plane in places * self._weights])
        return np.ascontiguousarray(np.tensordot(_TURN.T, planes, 1), np.float32)

    def slope(self, gradient: Array) -> Array:
        """See ``Canvas``."""
        return np.asarray(_waves(gradient) * self._weights)

    def length(self, step: float) -> float:
        """See ``Canvas``."""
        return step / float(np.sqrt(np.mean(self._weights**2)))


def _waves(planes: Array) -> Array:
    turned: Any = np.tensordot(_TURN, planes, 1)
    return np.stack([cv2.dct(np.ascontiguousarray(plane, np.float32)) for plane in turned])


@dataclass(frozen=True)
class View:
    """What is looked at of a picture with its margin: all but ``SHIFT`` rows and columns; or everything.

    Attributes:
        top, left: where it begins, up to ``SHIFT``; or None for everything.
    """

    top: int | None = None
    left: int = 0

    @classmethod
    def somewhere(cls, rng: np.random.Generator) -> View:
        """One by chance."""
        top, left = rng.integers(0, SHIFT + 1, 2)
        return cls(int(top), int(left))

    def of(self, planes: Array) -> Array:
        """What is seen of (3, H, W)."""
        if self.top is None:
            return planes
        bottom, right = (side - SHIFT for side in planes.shape[1:])
        return np.ascontiguousarray(planes[:, self.top : self.top + bottom, self.left : self.left + right])

    def back(self, slope: Array) -> Array:
        """The gradient of the whole from that of what is seen."""
        if self.top is None:
            return slope
        after = SHIFT - self.top, SHIFT - self.left
        return np.pad(slope, ((0, 0), (self.top, after[0]), (self.left, after[1])))


def planes(pixels: Array, margin: int = 0) -> Array:
    """(3, H, W) in 0..255 of (H, W, 3) in 0..1, with a mirrored margin."""
    wide = cv2.copyMakeBorder(pixels, margin, margin, margin, margin, cv2.BORDER_REFLECT)
    return np.ascontiguousarray(wide.transpose(2, 0, 1) * np.float32(255), np.float32)


def pixels(planes: Array, margin: int = 0) -> Array:
    """(H, W, 3) in 0..1 of (3, H, W) in 0..255, without the margin."""
    rows, columns = (slice(margin, side - margin) for side in planes.shape[1:])
    return np.clip(planes[:, rows, columns].transpose(1, 2, 0) / np.float32(255), 0, 1)


def resized(pixels: Any, height: int, width: int) -> Array:
    """(height, width, 3) in 0..1."""
    from senga.image import to_depth

    how = cv2.INTER_AREA if height < pixels.shape[0] else cv2.INTER_CUBIC
    return np.clip(cv2.resize(to_depth(pixels, np.float32), (width, height), interpolation=how), 0, 1)
