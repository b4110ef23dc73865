"""Guides of faces: where on a face a pixel lies, how light it is beside its surroundings, and what is what."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.exemplars.cube import Wide
from senga.exemplars.tones import curve
from senga.faces.alignment import Points
from senga.faces.face import LEFT_BROW, LEFT_EYE, LIPS, NOSE, RIGHT_BROW, RIGHT_EYE, width_of
from senga.ops.deformation import deformation

UNITS = 80.0
"""Steps of position across a face."""
POSITION, APPEARANCE = 10.0, 2.0
"""Weights of a step of position and of lightness, as in FaceBlit."""
_FINE, _ROUGH, _AROUND, TONE = 0.008, 0.014, 0.15, 0.02
"""Standard deviations in widths of a face: of noise in photographs, of brushwork, of the surroundings, and of
forms that light and shade show."""
DEEP = 256
Plane = NDArray[np.uint8]


def appearance(luma: Plane, wide: float, is_painted: bool) -> Plane:
    """(H, W) how much lighter a pixel is than its surroundings; 128 where it is as light."""
    fine = cv2.GaussianBlur(luma, (0, 0), max(0.3, wide * (_ROUGH if is_painted else _FINE)))
    values = 128 + 0.5 * (fine.astype(np.float32) - _blurred(luma, wide * _AROUND))
    return np.asarray(np.clip(np.rint(values), 0, 255), np.uint8)


def gain_of(values: Plane, mask: NDArray[Any]) -> float:
    """By what an appearance is stretched about its middle, so that it reaches from black to white under a mask."""
    shown = values[mask > 127]
    reach = float(np.percentile(np.abs(shown.astype(np.int16) - 128), 99.5)) if shown.size else 127.0
    return 127 / max(8.0, reach)


def stretched(values: Plane, gain: float) -> Plane:
    """An appearance, farther from its middle."""
    return np.asarray(np.clip(128 + (values.astype(np.float32) - 128) * np.float32(gain), 0, 255), np.uint8)


def smooth(luma: Plane, wide: float) -> Plane:
    """Lightness without brushwork."""
    return np.asarray(cv2.GaussianBlur(luma, (0, 0), max(0.3, wide * TONE)))


def matched(values: Plane, mask: NDArray[Any], wanted: NDArray[np.float64]) -> Plane:
    """The tones of a plane, as they are under a mask, made those of a histogram (256,)."""
    mine = histogram_of(values, mask)
    return np.asarray(cv2.LUT(values, np.rint(curve(mine, wanted)).astype(np.uint8)))


def histogram_of(values: Plane, mask: NDArray[Any]) -> NDArray[np.float64]:
    """(256,) shares of the tones under a mask (H, W) of bytes."""
    counts = cv2.calcHist([values], [0], mask, [256], [0, 256]).ravel().astype(np.float64)
    return np.asarray(0.97 * counts / max(1.0, counts.sum()) + 0.03 / 256)


def _blurred(luma: Plane, sigma: float) -> NDArray[np.float32]:
    """A wide blur, by way of a small picture."""
    step = max(1, int(sigma / 3))
    height, width = luma.shape
    small = cv2.resize(luma, (-(-width // step), -(-height // step)), interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(small.astype(np.float32), (0, 0), sigma / step)
    return np.asarray(cv2.resize(soft, (width, height)))


def guide(places: NDArray[np.float32], unit: float, values: Plane, weight: float = APPEARANCE) -> Wide:
    """(H, W, 3) of places (H, W, 2) in the exemplar and of lightness, each by its weight."""
    across = np.clip(np.rint(places * np.float32(POSITION / unit)), -16000, 16000).astype(np.int16)
    light = np.rint(values * np.float32(weight)).astype(np.int16)
    return np.dstack([across, light])


def own_places(height: int, width: int) -> NDArray[np.float32]:
    """(height, width, 2): where the pixels of an exemplar lie."""
    x, y = np.meshgrid(np.arange(width, dtype=np.float32) + 0.5, np.arange(height, dtype=np.float32) + 0.5)
    return np.dstack([x, y])


def places_of(points: Points, goal: Points, height: int, width: int) -> NDArray[np.float32]:
    """(height, width, 2): where the pixels round a face lie in the exemplar."""
    return deformation(height, width, points, goal, "similarity", 10)


def _spread(points: Points, middle: Points, factor: float) -> Points:
    return np.asarray(middle + factor * (points - middle))


def segments(points: Points, head: Plane, skin: Plane) -> Plane:
    """(H, W, 6) bytes, soft: head and skin as they are given, eyes, brows, nose and mouth as far as landmarks tell."""
    wide, (height, width) = width_of(points), head.shape
    parts = (LEFT_EYE, RIGHT_EYE), (LEFT_BROW, RIGHT_BROW), (NOSE,), (LIPS,)
    planes = [_filled([points[each] for each in part], height, width, 1.25) for part in parts]
    soft = [cv2.GaussianBlur(plane, (0, 0), max(0.5, 0.03 * wide)) for plane in planes]
    return np.dstack([head, skin, *soft])


def _filled(polygons: Any, height: int, width: int, spread: float = 1.0) -> Plane:
    """(height, width) bytes: the hulls of points, enlarged about their middles."""
    mask = np.zeros((height, width), np.uint8)
    for polygon in polygons:
        wider = _spread(polygon, polygon.mean(axis=0), spread).astype(np.float32)
        cv2.fillConvexPoly(mask, np.rint(cv2.convexHull(wider)).astype(np.int32), (255,))
    return mask
