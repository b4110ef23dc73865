"""A face of the picture as it is painted: seen at the size and the turn of the portrait's."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.exemplars.tones import curve
from senga.faces.alignment import Points, Similarity, seen
from senga.faces.head import Head
from senga.ops.lightness import grey

from . import face_guides as guides
from .face_exemplar import AROUND, FaceExemplar

Pixels = NDArray[np.uint8]


class FaceCanvas:
    """A head of the picture, laid over the head of the portrait.

    Args:
        exemplar: the portrait.
        pixels: (H, W, 3) bytes of the picture.
        points: (68, 2) landmarks of the face in it.
        head: where the head is in the picture.

    Attributes:
        size: (height, width) of the picture.
        way: from the picture into the canvas.
        pixels: (h, w, 3) bytes: the head.
        points: (68, 2) its landmarks there.
        mask: (h, w) bytes: where it is, with hair and neck; its edges are soft.
        skin: (h, w) bytes: the skin of its face.
    """

    def __init__(self, exemplar: FaceExemplar, pixels: Pixels, points: Points, head: Head) -> None:
        self.exemplar, self.size = exemplar, pixels.shape[:2]
        beside, above, below = (part * exemplar.wide for part in AROUND)
        across, down = (float(value) for value in exemplar.points.mean(axis=0))
        left, top = int(across - beside), int(down - above)
        self.height, self.width = int(down + below) - top, int(across + beside) - left
        self.way = Similarity.between(points, exemplar.points).then(-left, -top)
        self.points = self.way.of(points)
        self.pixels = self.seen(pixels)
        self.mask, self.skin = (
            np.asarray(each, np.uint8) for each in cv2.split(head.on(self.way, self.height, self.width))
        )

    def seen(self, pixels: Pixels) -> Pixels:
        """Another picture of the same size, such as the last frame of a film, in the canvas."""
        return np.asarray(seen(pixels, self.way, self.height, self.width))

    @cached_property
    def luma(self) -> guides.Plane:
        """Lightness."""
        return np.asarray(grey(self.pixels))

    @cached_property
    def places(self) -> NDArray[np.float32]:
        """(h, w, 2): where in the portrait each pixel of the head belongs."""
        return guides.places_of(self.points, self.exemplar.points, self.height, self.width)

    @cached_property
    def appearance(self) -> guides.Plane:
        """(h, w) bytes: lightness beside the surroundings, in the tones of the portrait's."""
        plain = guides.appearance(self.luma, self.exemplar.wide, is_painted=False)
        return guides.matched(plain, self.mask, self.exemplar.marks)

    def alike(self, painted: NDArray[Any], share: float) -> Pixels:
        """What was painted, with a share of the light and shade of the photograph, in the tones of the portrait."""
        samples = np.clip(painted, 0, 255).astype(np.uint8)
        if not share:
            return samples
        wide = self.exemplar.wide
        own = guides.smooth(np.asarray(grey(samples)), wide)
        fine = guides.smooth(self.luma, 0.4 * wide)
        tones = curve(guides.histogram_of(fine, self.mask), self.exemplar.tones)
        wanted = cv2.LUT(fine, np.rint(tones).astype(np.uint8))
        gap = np.rint(share * (wanted.astype(np.float32) - own)).astype(np.int16)
        return np.asarray(np.clip(samples.astype(np.int16) + gap[:, :, None], 0, 255), np.uint8)
