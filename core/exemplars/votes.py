"""Colours for places in an exemplar: where pieces meet, neighbours vote."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from senga.job import Job
from senga.ops.banded import each_band

from .compiled import kernels
from .lookup import Places

_ROWS = 128
Samples = NDArray[np.int16]


def blended(exemplar: Samples, places: Places, radius: int, job: Job) -> Samples:
    """The samples (H, W, 3) of an exemplar at ``places`` (H, W, 2), each the mean of what its neighbours propose.

    A neighbour ``d`` pixels away, taken from place ``q``, proposes the colour at ``q - d``, or at the nearest place
    inside the exemplar.
    """
    result = np.empty((*places.shape[:2], 3), np.int16)
    quick = kernels()

    def one(rows: slice) -> None:
        if quick:
            quick.votes(exemplar, places, radius, rows.start, rows.stop, result)
        else:
            _vote(exemplar, places, radius, rows, result)

    each_band(one, [slice(top, min(top + _ROWS, len(places))) for top in range(0, len(places), _ROWS)], job)
    return result


def _vote(exemplar: Samples, places: Places, radius: int, rows: slice, out: Samples) -> None:
    """The same as the compiled loop."""
    top, bottom = max(0, rows.start - radius), min(len(places), rows.stop + radius)
    part = places[top:bottom].astype(np.int32)
    height, width = part.shape[:2]
    pieces = part - np.dstack(np.meshgrid(np.arange(width), np.arange(height)))
    total = np.zeros((height, width, 3), np.int32)
    count = np.zeros((height, width, 1), np.int32)
    for down in range(-radius, radius + 1):
        for across in range(-radius, radius + 1):
            here, there = _overlap(height, down), _overlap(width, across)
            near = pieces[here[1], there[1]]
            y, x = np.arange(height)[here[0]][:, None], np.arange(width)[there[0]]
            total[here[0], there[0]] += _at(exemplar, near[:, :, 0] + x, near[:, :, 1] + y)
            count[here[0], there[0]] += 1
    out[rows] = ((total + count // 2) // count)[rows.start - top : rows.stop - top]


def _overlap(length: int, step: int) -> tuple[slice, slice]:
    """The places that have a neighbour ``step`` away, and these neighbours."""
    start, stop = max(0, -step), min(length, length - step)
    return slice(start, max(start, stop)), slice(start + step, max(start, stop) + step)


def _at(exemplar: Samples, x: Any, y: Any) -> Samples:
    return np.asarray(exemplar[np.clip(y, 0, exemplar.shape[0] - 1), np.clip(x, 0, exemplar.shape[1] - 1)])
