"""An exemplar, ready to paint with: its guide, and what is left of its colours without it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.exemplars.chunks import Example
from senga.exemplars.lookup import Guide, Sphere, Table

from . import photo_guides
from .photo_guides import SMOOTHING, Kind

_LARGEST = 1.0e6
"""Pixels to which a larger exemplar is reduced: strokes are measured on a picture of that size."""
_KEPT = 3
"""Sizes of an exemplar that are kept."""


@dataclass(frozen=True, eq=False)
class Style:
    """An exemplar at one size.

    Attributes:
        example: its guide.
        planes: (h, w, 3) bytes: its smoothed lightness and colours; None with guides from files.
        pixels: (h, w, 3) bytes: its colours.
        samples: (h, w, 3) int16: the same; with ``planes``, less what the filter adds of the photograph.
    """

    example: Example
    planes: Guide | None
    pixels: Guide
    samples: NDArray[np.int16]

    @cached_property
    def marks(self) -> photo_guides.Marks:
        """What photographs are matched to; only with planes."""
        assert self.planes is not None  # noqa: S101 - narrows the type
        return photo_guides.Marks.of(self.planes)


class Exemplar:
    """An exemplar in all sizes that are asked for.

    Args:
        pixels: (h, w, 3) bytes.
        kind: of the guides.
        guide: (h, w, 3) bytes from a file, or None.
        shares: of lightness and colours that the photograph gives.
    """

    def __init__(self, pixels: NDArray[np.uint8], kind: Kind, guide: Guide | None, shares: tuple[float, float]) -> None:
        factor = min(1.0, (_LARGEST / (pixels.shape[0] * pixels.shape[1])) ** 0.5)
        self._pixels, self._kind, self._shares = _scaled(pixels, factor), kind, shares
        self._guide = None if guide is None else resized(guide, self._pixels.shape)
        self._made: OrderedDict[float, Style] = OrderedDict()
        self._turn = threading.Lock()

    def style(self, zoom: float) -> Style:
        """The exemplar enlarged or reduced by a factor."""
        with self._turn:
            if zoom not in self._made:
                self._made[zoom] = self._style(zoom)
                while len(self._made) > _KEPT:
                    self._made.popitem(last=False)
            self._made.move_to_end(zoom)
            return self._made[zoom]

    def _style(self, zoom: float) -> Style:
        pixels = _scaled(self._pixels, zoom)
        if self._guide is not None:
            guide = resized(self._guide, pixels.shape)
            return Style(Example(guide, Table.of(guide)), None, pixels, pixels.astype(np.int16))
        if self._kind == "sphere":
            sphere = Sphere(*pixels.shape[:2])
            return Style(Example(sphere.guide(), sphere), None, pixels, pixels.astype(np.int16))
        planes = photo_guides.smoothed(photo_guides.luma_chroma(pixels), SMOOTHING.exemplar * zoom)
        guide = photo_guides.photo_guide(planes, self._kind)
        rest = pixels.astype(np.int16) - share_of(planes, self._shares)
        return Style(Example(guide, Table.of(guide)), planes, pixels, rest)


def share_of(planes: Guide, shares: tuple[float, float]) -> Any:
    """Shares of lightness and colour, as (H, W, 3) int16 red, green and blue."""
    luma, colour = shares
    weights = np.array([[luma, 1.403 * colour, 0], [luma, -0.714 * colour, -0.344 * colour], [luma, 0, 1.773 * colour]])
    grey = -128 * weights[:, 1:].sum(axis=1, keepdims=True)
    return cv2.transform(planes.astype(np.int16), np.hstack([weights, grey]))


def _scaled(pixels: Any, factor: float) -> Any:
    height, width = (max(1, round(side * factor)) for side in pixels.shape[:2])
    return resized(pixels, (height, width))


def resized(pixels: Any, shape: tuple[int, ...]) -> Any:
    """The pixels at the height and width that ``shape`` begins with."""
    if pixels.shape[:2] == shape[:2]:
        return np.ascontiguousarray(pixels)
    how = cv2.INTER_AREA if shape[0] < pixels.shape[0] else cv2.INTER_CUBIC
    return cv2.resize(np.ascontiguousarray(pixels), (shape[1], shape[0]), interpolation=how)
