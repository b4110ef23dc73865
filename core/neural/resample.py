"""Resizing of strips of rows, in the three ways in which networks were trained."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .executor import Array

Sampling = Literal["tf1", "half_pixel", "align_corners"]
"""Where the samples of a resize lie.

``tf1``: output ``i`` reads position ``i * scale`` (TensorFlow 1, ONNX ``asymmetric``). ``half_pixel``: pixel centres
are aligned (torch ``align_corners=False``). ``align_corners``: the corner pixels coincide.
"""
Taps = tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]


def taps(sampling: Sampling, source: int, target: int, start: int, stop: int, step: float | None = None) -> Taps:
    """Where the samples ``start:stop`` of ``target`` lie among ``source`` samples.

    Args:
        sampling: which way.
        source: samples there are.
        target: samples that are made.
        start: the first of these.
        stop: behind the last.
        step: from one to the next, where it is known better than from their numbers; corners that are aligned tell it.

    Returns:
        The sample before, the sample after, and the share of the latter.
    """
    place = np.arange(start, stop, dtype=np.float64)
    if sampling == "align_corners":
        place *= (source - 1) / (target - 1) if target > 1 else 0.0
    elif sampling == "half_pixel":
        place = np.maximum((place + 0.5) * (step or source / target) - 0.5, 0.0)
    else:
        place *= step or source / target
    before = np.minimum(place.astype(np.intp), source - 1)
    after = np.minimum(before + 1, source - 1)
    return before, after, (place - before).astype(np.float32)


def nearest(sampling: Sampling, source: int, target: int, start: int, stop: int, step: float | None = None) -> Taps:
    """The same without blending: the sample below for ``tf1``, the nearest one for the others."""
    place = np.arange(start, stop, dtype=np.float64)
    if sampling == "align_corners":
        found = np.floor(place * ((source - 1) / (target - 1) if target > 1 else 0.0) + 0.5)
    else:
        found = np.floor((place + (0.5 if sampling == "half_pixel" else 0.0)) * (step or source / target))
    index = np.minimum(found.astype(np.intp), source - 1)
    return index, index, np.zeros(len(index), np.float32)


def columns_between(values: Array, up: int, sampling: Sampling) -> Array:
    """A (C, H, W) array with ``up`` times the columns, as by ``taps`` of ``tf1`` or ``half_pixel``; faster."""
    out = np.empty((*values.shape[:2], values.shape[2] * up), np.float32)
    steps = values[:, :, 1:] - values[:, :, :-1]
    for phase in range(up):
        place = phase / up if sampling == "tf1" else (phase + 0.5) / up - 0.5
        low = int(np.floor(place))
        share, target = np.float32(place - low), out[:, :, phase::up]
        if share == 0:
            target[...] = values
            continue
        between = steps * share
        between += values[:, :, :-1]
        (target[:, :, 1:] if low < 0 else target[:, :, :-1])[...] = between  # once: such steps are slow
        edge = 0 if low < 0 else -1
        target[:, :, edge] = values[:, :, edge]
    return out


def blend(values: Array, before: NDArray[np.intp], after: NDArray[np.intp], share: Array, axis: int) -> Array:
    """Linear interpolation along one axis of a (C, H, W) array."""
    first = values.take(before, axis)
    if not share.any():
        return first
    step = values.take(after, axis)
    step -= first
    step *= share.reshape(-1, 1) if axis == 1 else share  # (rows, 1) or (columns,)
    first += step
    return first
