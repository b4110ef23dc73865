"""Bilinear resizing by two, of strips of rows, in the three ways in which networks were trained."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .blocks import Sampling
from .executor import Array

Taps = tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]


def taps(sampling: Sampling, source: int, target: int, start: int, stop: int) -> Taps:
    """Where the samples ``start:stop`` of ``target`` lie among ``source`` samples.

    Returns:
        The sample before, the sample after, and the share of the latter.
    """
    place = np.arange(start, stop, dtype=np.float64)
    if sampling == "align_corners":
        place *= (source - 1) / (target - 1) if target > 1 else 0.0
    elif sampling == "half_pixel":
        place = np.maximum((place + 0.5) * (source / target) - 0.5, 0.0)
    else:
        place *= source / target
    before = np.minimum(place.astype(np.intp), source - 1)
    after = np.minimum(before + 1, source - 1)
    return before, after, (place - before).astype(np.float32)


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
