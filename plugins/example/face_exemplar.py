"""A portrait, ready to paint faces with."""

from __future__ import annotations

import math
import threading
from dataclasses import replace
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.exemplars.chunks import Example
from senga.exemplars.cube import Cube
from senga.faces.alignment import Points, Similarity
from senga.faces.face import width_of
from senga.faces.head import Head
from senga.image import Image
from senga.job import Job
from senga.ops.lightness import grey

from . import face_guides as guides
from .face_memory import Memory

LARGEST = 320.0
"""Pixels to which the face of a portrait is reduced if it is wider; FaceBlit's are of about this size."""
SPARE = 1.6
"""Times the width of a face in a film; a portrait whose face is wider is taken at half its size."""
AROUND = 1.25, 1.6, 1.1
"""Widths of the face that are looked at beside its middle, above and below."""


class FaceExemplar:
    """A portrait at the size in which faces are painted.

    Args:
        picture: the portrait.
        points: (68, 2) landmarks of its face, in its pixels.
        largest: pixels to which a wider face is reduced.

    Attributes:
        whole: (H, W, 3) bytes: all of it.
        pixels: (h, w, 3) bytes: the head, with what is around it.
        points: (68, 2) in the pixels of the head.
        wide: width of the face.
        mask: (h, w) bytes, the head with hair and neck.
        skin: (h, w) bytes, the skin of the face.
        gain: by which lightness beside the surroundings is stretched.
        appearance: (h, w) bytes, that lightness.
        tones: (256,) shares of the tones of the head, smoothed.
        memory: of the films that are being painted.
    """

    def __init__(self, picture: Image, points: Points, largest: float = LARGEST) -> None:
        factor = min(1.0, largest / max(1.0, width_of(points)))
        self.whole = _reduced(picture.u8(), factor)
        scale = np.array(self.whole.shape[1::-1]) / (picture.width, picture.height)
        rows, columns = _box(points * scale, self.whole.shape[:2])
        self.pixels = np.ascontiguousarray(self.whole[rows, columns])
        self.points: NDArray[np.float64] = points * scale - (columns.start, rows.start)
        self.wide = max(4.0, width_of(self.points))
        self.unit = self.wide / guides.UNITS
        height, width = self.pixels.shape[:2]
        luma = grey(self.pixels)
        head = Head.of(self.pixels, self.points, Job())
        self.mask, self.skin = (
            np.asarray(each, np.uint8) for each in cv2.split(head.on(Similarity(1, 0), height, width))
        )
        plain = guides.appearance(luma, self.wide, is_painted=True)
        self.gain = guides.gain_of(plain, self.mask)
        self.appearance = guides.stretched(plain, self.gain)
        self.marks = guides.histogram_of(self.appearance, self.mask)
        self.tones = guides.histogram_of(guides.smooth(luma, self.wide), self.mask)
        self.memory = Memory()
        self._lock = threading.Lock()
        self._around: dict[float, Any] = {}

    @cached_property
    def samples(self) -> NDArray[np.int16]:
        """The pixels as numbers that can be added to."""
        return self.pixels.astype(np.int16)

    @cached_property
    def example(self) -> Example:
        """Guide and cube."""
        height, width = self.pixels.shape[:2]
        guide = guides.guide(guides.own_places(height, width), self.unit, self.appearance)
        return Example(guide, Cube.of(guide, int(guides.APPEARANCE * guides.DEEP)))

    @cached_property
    def smaller(self) -> FaceExemplar:
        """The same portrait at half the size."""
        return FaceExemplar(Image(self.pixels), self.points, self.wide / 2)

    def at(self, points: Points, job: Job) -> FaceExemplar:
        """The portrait at the size in which a face with these landmarks is painted: in films no larger than needed."""
        is_small = job.moment is not None and width_of(points) * SPARE < self.wide
        if not is_small:
            return self
        with self._lock:
            smaller = self.smaller
        return smaller.at(points, job)

    def painted_around(self, image: Image, size: float, job: Job) -> Image:
        """The whole picture painted piece by piece, with brushwork enlarged by ``size``, about."""
        from .style_blit import StyleBlit

        step = 2.0 ** (round(2 * math.log2(min(max(size, 0.35), 6.0))) / 2)
        act = StyleBlit(painting=Image(self.whole), stroke_size=step, size_unit="pixels", colour=0.15)
        with self._lock:
            if not self._around:
                self._around[0] = act.prepare(replace(job, offset=(0, 0), full_size=None))
        return act(image, replace(job, prepared=self._around[0]))


def _box(points: Points, shape: tuple[int, ...]) -> tuple[slice, slice]:
    """Rows and columns round a head."""
    beside, above, below = (part * width_of(points) for part in AROUND)
    across, down = (float(value) for value in points.mean(axis=0))
    low = (
        min(max(0, int(start)), side - 1) for start, side in zip((down - above, across - beside), shape, strict=True)
    )
    stops = (int(stop) for stop in (down + below, across + beside))
    found = [slice(start, min(max(start + 1, stop), side)) for start, stop, side in zip(low, stops, shape, strict=True)]
    return found[0], found[1]


def _reduced(pixels: Any, factor: float) -> NDArray[np.uint8]:
    if factor == 1:
        return np.ascontiguousarray(pixels)
    height, width = (max(1, round(side * factor)) for side in pixels.shape[:2])
    return np.asarray(cv2.resize(np.ascontiguousarray(pixels), (width, height), interpolation=cv2.INTER_AREA))
