"""Colours and shades that a network paints from hints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from senga.families import network_of
from senga.job import Job, Weights
from senga.neural.engine import evaluate
from senga.neural.networks.colour_hints import MULTIPLE

from .colouring import Colouring, Numbers, Plane
from .hint_network import PUBLIC
from .networks import lines_of
from .samples import FREE, planes_of

if TYPE_CHECKING:
    from .drawing import Drawing

PIXELS = 208 * 208
"""Of the picture that our network sees, about."""
NONE = np.array((-512, 128, 128), np.float32)
"""Y, U and V where PaintsChainer sees no hint."""
_GREY = np.array((0, 128, 128), np.float32)
YUV = np.array([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]], np.float32)
"""From RGB in 0..255 to Y, and U and V without their 128."""


def seen_by(
    both: tuple[Weights, Weights], drawing: Drawing, hinted: Colouring, marks: Numbers, job: Job
) -> Plane:  # fmt: skip
    """(a, b, 3) what networks paint, in 0..1.

    Args:
        both: of a network for hints; and that of the second pass, where it paints in two.
        drawing: the lines.
        hinted: colours that have spread from hints within closed lines, which our network takes for hints.
        marks: (h, w) the hints themselves, which PaintsChainer takes, 0 where there is none.
        job: told of the progress.
    """
    colours = hinted.palette.colours
    if both[0].card.get("architecture") == PUBLIC:
        return _in_two_passes(both, drawing, colours, marks, job)
    lines = lines_of(drawing, PIXELS, MULTIPLE)
    numbers = cv2.resize(hinted.numbers, lines.shape[::-1], interpolation=cv2.INTER_NEAREST)
    there = np.asarray((numbers > 0) & (lines > 1 - FREE), np.float32)
    planes = planes_of(lines, colours[numbers] / np.float32(255), there)
    return np.asarray(np.clip((_result(both[0], planes, job) + 1) / 2, 0, 1), np.float32)


def reduced_hints(colours: Any, marks: Numbers, size: tuple[int, ...]) -> tuple[Plane, Plane]:
    """Colours (a, b, 3) of hints in 0..255 and where there are any, (a, b) 0 or 1; every hint keeps a pixel."""
    rows, columns = np.nonzero(marks)
    at = rows * size[0] // marks.shape[0], columns * size[1] // marks.shape[1]
    hints, there = np.zeros((*size, 3), np.float32), np.zeros(size, np.float32)
    hints[at], there[at] = colours[marks[rows, columns]], 1
    return hints, there


def _in_two_passes(both: tuple[Weights, Weights], drawing: Drawing, colours: Any, marks: Numbers, job: Job) -> Plane:
    """As PaintsChainer does it: at a shorter side of 128 pixels from hints, then of 512 from what that gave."""
    long, short = max(drawing.labels.shape), min(drawing.labels.shape)
    lines = lines_of(drawing, 128 * 128 * long / short, MULTIPLE)
    hints, there = reduced_hints(colours, marks, lines.shape)
    yuv = np.where(there[:, :, None] > 0, to_yuv(hints), NONE)
    found = np.clip(_result(both[0], np.dstack([255 * lines, yuv]), job.part(0, 0.1)), 0, 255)
    size = 4 * lines.shape[1], 4 * lines.shape[0]
    fine = cv2.resize(lines_of(drawing, 16 * lines.size), size, interpolation=cv2.INTER_AREA)
    coarse = cv2.resize(found, size, interpolation=cv2.INTER_CUBIC)
    return from_yuv(_result(both[1], np.dstack([255 * fine, coarse]), job.part(0.1, 1))) / np.float32(255)


def to_yuv(colours: Plane) -> Plane:
    """(..., 3) RGB in 0..255 as Y, U and V in 0..255, 128 grey."""
    return np.asarray(colours @ YUV.T + _GREY, np.float32)


def from_yuv(planes: Plane) -> Plane:
    """(..., 3) Y, U and V as RGB, cut to 0..255."""
    back = np.linalg.inv(YUV).T
    return np.asarray(np.clip((planes - _GREY) @ back, 0, 255), np.float32)


def _result(weights: Weights, planes: Any, job: Job) -> Plane:
    network = network_of(weights)
    given = {"photo": np.ascontiguousarray(planes, np.float32)}
    found = evaluate(network, weights.arrays, given, job, note="Painting")
    return np.asarray(found[network.outputs[0].name], np.float32)
