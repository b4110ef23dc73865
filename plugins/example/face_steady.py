"""Painted frames of a film, mixed with the last one as it has moved: like ``senga.steady``, in a fifth of the time.

Frames of bytes stay bytes. What is mixed is sharpened until its edges are as steep as those of the new frame: moving
a picture makes it soft, and the mean of two does, again and again.
"""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.image import Image, to_depth
from senga.ops.lightness import grey
from senga.ops.motion import Motion, motion, places_of

Plane = NDArray[np.float32]
_LARGEST = 80_000
"""Pixels of the frames in which motion is looked for."""
_KEPT = 0.96
"""How much of the last frame stays at most."""
_PATCH = 5
"""Pixels over which changes are averaged."""
_NOISE, _LIKE, _OTHER = 1.0, 3.0, 40.0
"""In 255ths: change of the film that is noise; the change of the painting that is allowed is so many times that of the
film; change of the film beyond which something else is seen."""
_CUT = 0.35
"""Share of a frame in which the last one must be found again; below it, another scene begins."""
_REDUCED, _LIGHT, _DOUBT = 8, 16.0, 0.1
"""Pixels of deviation over which a change of light is told from one of things, on a reduced picture, and how soon it is
doubted."""
_FINE, _MOST = 1.0, 1.0
"""Pixels of deviation of the blur against which a mixture is sharpened, and how much of the difference is added."""


class Carried:
    """The frame before, carried to where it is now.

    Args:
        now: the frame of the film, of the size of the painted one.
        before: the one before.

    Attributes:
        trust: (H, W) 0..1, 0 where what was seen is hidden or nothing fits.
        unlike: (H, W) how unlike the frames are beside their motion, in 255ths.
    """

    def __init__(self, now: Image, before: Image) -> None:
        this, last = (np.ascontiguousarray(each.u8()) for each in (now, before))
        found = _motion(this, last)
        columns, rows = cv2.split(places_of(found.flow))
        self._places = cv2.convertMaps(columns, rows, cv2.CV_16SC2)
        self.trust = found.trust
        self.unlike = _change(this, self.moved(last))

    @property
    def is_cut(self) -> bool:
        """Whether another scene begins."""
        return float(((self.trust > 0.5) & (self.unlike < _OTHER)).mean()) < _CUT

    def moved(self, values: Any) -> Any:
        """(H, W, 3) of the frame before, where it is now."""
        whole, parts = self._places
        return cv2.remap(values, whole, parts, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def mixed(painted: Image, before: Image, carried: Carried, share: float) -> Image:
    """The painted frame, mixed with the last result by at most ``share`` where nothing speaks against it."""
    if carried.is_cut:
        return painted
    share = _KEPT * share
    new, last = (_numbers(each, painted.depth) for each in (painted, before))
    old = carried.moved(last)
    weight = _weight(new, old, carried, share)
    made = cv2.blendLinear(new, old, 1 - weight, weight)
    made = cv2.add(made, _light(made, new, weight, share), dtype=cv2.CV_8U if new.dtype == np.uint8 else cv2.CV_32F)
    made = _as_steep(made, new, old)
    return painted.with_pixels(_told(made, painted))


def _motion(now: NDArray[np.uint8], before: NDArray[np.uint8]) -> Motion:
    return motion(grey(now), grey(before), largest=_LARGEST)


def _numbers(image: Image, depth: np.dtype[Any]) -> Any:
    """(H, W, 3): bytes for frames of bytes, else float32 in 255ths."""
    if depth == np.uint8:
        return np.ascontiguousarray(image.u8())
    return np.ascontiguousarray(to_depth(image.pixels, np.float32)) * np.float32(255)


def _told(made: Any, painted: Image) -> Any:
    """The mixture in the depth of the frame."""
    if made.dtype == np.uint8:
        return made
    return to_depth(np.clip(made / np.float32(255), 0, 1), painted.depth)


def _change(one: Any, other: Any) -> Plane:
    """How unlike two pictures are, (H, W): the mean over channels and a small patch."""
    gap = cv2.transform(cv2.absdiff(one, other), np.full((1, 3), 1 / 3, np.float32))
    return np.asarray(cv2.boxFilter(gap, cv2.CV_32F, (_PATCH, _PATCH)))


def _weight(new: Any, old: Any, carried: Carried, share: float) -> Plane:
    """(H, W) how much of the last frame stays."""
    excess = np.maximum(carried.unlike - _NOISE, 0) / (_LIKE * (_change(new, old) + 1))
    fades = np.exp(-((carried.unlike / _OTHER) ** 2))
    return np.asarray(share * carried.trust * fades / (1 + excess**2), np.float32)


def _light(made: Any, new: Any, weight: Plane, share: float) -> Plane:
    """(H, W, 3) where the last frame says nothing, the change of light of the mixture around, in 255ths."""
    height, width = weight.shape
    size = -(-width // _REDUCED), -(-height // _REDUCED)
    kind = cv2.CV_16S if new.dtype == np.uint8 else cv2.CV_32F
    gap, around = (
        cv2.resize(each, size, interpolation=cv2.INTER_AREA) for each in (cv2.subtract(made, new, dtype=kind), weight)
    )
    wide = [cv2.GaussianBlur(np.asarray(each, np.float32), (0, 0), _LIGHT / _REDUCED) for each in (gap, around)]
    light = wide[0] / (wide[1] + _DOUBT)[:, :, None] * np.maximum(share - around, 0)[:, :, None]
    return np.asarray(cv2.resize(np.asarray(light, np.float32), (width, height)))


def _as_steep(made: Any, new: Any, old: Any) -> Any:
    """The mixture with edges as steep as those of the new frame, and no rings beside them."""
    soft = cv2.GaussianBlur(made, (0, 0), _FINE)
    own, low, wanted = (_slopes(each) for each in (made, soft, new))
    a, squares = cv2.norm(own, low, cv2.NORM_L2SQR), cv2.norm(own, cv2.NORM_L2SQR)
    b = (squares + a - cv2.norm(low, cv2.NORM_L2SQR)) / 2
    c = squares - cv2.norm(wanted, cv2.NORM_L2SQR)
    if c >= 0 or a <= 0:
        return made
    more = min((math.sqrt(b * b - a * c) - b) / a, _MOST)
    sharp, box = cv2.addWeighted(made, 1 + more, soft, -more, 0), np.ones((3, 3), np.uint8)
    return cv2.min(cv2.max(sharp, cv2.erode(cv2.min(new, old), box)), cv2.dilate(cv2.max(new, old), box))


def _slopes(pixels: Any) -> Plane:
    """(2 H, W) of lightness: across, and below that down."""
    light = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    return np.vstack([cv2.Sobel(light, cv2.CV_32F, 1, 0), cv2.Sobel(light, cv2.CV_32F, 0, 1)])
