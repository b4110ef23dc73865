"""The parts of a face as polygons of its landmarks, drawn soft."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .face import INNER_LIPS, JAW, LEFT_BROW, LEFT_EYE, LIPS, RIGHT_BROW, RIGHT_EYE

Plane = NDArray[np.float32]
Array = NDArray[Any]

_SHIFT = 4
"""Bits of a fraction of a pixel, in OpenCV's drawing."""
FOREHEAD = 0.68
"""Height of the hairline over the eyes, in distances from there to the chin."""


def filled(side: int, *polygons: Array) -> Plane:
    """(side, side) 1 inside polygons of (N, 2) points, 0 outside, the edge a pixel soft."""
    plane = np.zeros((side, side), np.uint8)
    for polygon in polygons:
        points = np.rint((polygon - 0.5) * (1 << _SHIFT)).astype(np.int32)
        cv2.fillPoly(plane, [points], (255,), cv2.LINE_AA, _SHIFT)
    return np.asarray(plane, np.float32) / np.float32(255)


def stroked(side: int, line: Array, thick: float) -> Plane:
    """A line of points with round ends."""
    plane = np.zeros((side, side), np.uint8)
    points = np.rint((line - 0.5) * (1 << _SHIFT)).astype(np.int32)
    cv2.polylines(plane, [points], False, (255,), max(1, round(thick)), cv2.LINE_AA, _SHIFT)
    return np.asarray(plane, np.float32) / np.float32(255)


def wider(polygon: Array, factor: float) -> Array:
    """A polygon enlarged about its middle."""
    middle = polygon.mean(axis=0)
    return np.asarray(middle + (polygon - middle) * factor)


def face_outline(points: Array) -> Array:
    """The jaw, and half an ellipse over the brows up to where hair may begin."""
    jaw = points[JAW]
    middle, half = (jaw[0] + jaw[16]) / 2, (jaw[16] - jaw[0]) / 2
    up = FOREHEAD * (middle - points[8])
    turns = np.linspace(0, np.pi, 16)[1:-1, None]
    return np.concatenate([jaw, middle + half * np.cos(turns) + up * np.sin(turns)])


def eyes(side: int, points: Array) -> Plane:
    """Both, with the lids."""
    return filled(side, *(wider(points[part], 1.25) for part in (LEFT_EYE, RIGHT_EYE)))


def brows(side: int, points: Array, size: float) -> Plane:
    """Both, as strokes a nineteenth of the face thick."""
    left, right = (stroked(side, points[part], size / 19) for part in (LEFT_BROW, RIGHT_BROW))
    return np.maximum(left, right)


def nose(side: int, points: Array) -> Plane:
    """From between the eyes to the wings, a little wider than the landmarks."""
    wings = points[31:36]
    across = (wings[4] - wings[0]) * 0.25
    outline = [points[27] - across / 3, wings[0] - across, *wings, wings[4] + across, points[27] + across / 3]
    return filled(side, np.array(outline))


def mouth(side: int, points: Array) -> Plane:
    """The lips and what lies between them."""
    return filled(side, wider(points[LIPS], 1.08), points[INNER_LIPS])
