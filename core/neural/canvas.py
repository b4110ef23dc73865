"""From pixels to painted pixels: the size to work at, and brightness; for networks of any family."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from senga.image import Pixels, to_depth
from senga.job import Job
from senga.ops.grain import grained
from senga.ops.lightness import WEIGHTS
from senga.ops.rows import bands

from .engine import run
from .graph import Network
from .stroke_scale import finished, reduced

COMFORTABLE = 1_500_000
"""Pixels up to which strokes look as broad as in training."""


def paint(
    network: Network,
    weights: Mapping[str, NDArray[Any]],
    pixels: Pixels,
    job: Job,
    stroke_scale: float = 1.0,
    match_brightness: bool = False,
    grain: float = 0.0,
) -> Pixels:
    """Paint (H, W, 3) pixels; the result has the same size and type.

    Args:
        network: of the style.
        weights: of the style.
        pixels: the photo.
        job: of the host.
        stroke_scale: the network works on a picture that is smaller by this factor, and the result gets the crisp edges
            of the photo back; 0 chooses it by size.
        match_brightness: scale the result to the mean luma of the photo.
        grain: deviation, where white is 1, of the grain on the picture that the network is shown.
    """
    scale = stroke_scale or automatic_scale(job.full_size or (pixels.shape[0], pixels.shape[1]))
    small = reduced(pixels, scale)
    if small is None:
        result = to_depth(run(network, weights, shown(pixels, grain, job), job), pixels.dtype)
    else:
        painted = run(network, weights, shown(small, grain, job), job.part(0.0, 0.9))
        result = finished(pixels, small, painted, job.part(0.9, 1.0))
    if match_brightness:
        match_luma(result, pixels)
    return result


def shown(pixels: Pixels, grain: float, job: Job) -> Pixels:
    """What a network is shown: the picture, with grain if it learned from such."""
    return grained(pixels, grain, job) if grain else pixels


def automatic_scale(size: tuple[int, int], comfortable: int = COMFORTABLE) -> float:
    """The stroke scale for a whole picture of this (height, width), for a network that is used to so many pixels."""
    return max(1.0, sqrt(size[0] * size[1] / comfortable))


def match_luma(result: Pixels, photo: Pixels) -> None:
    """Scale ``result`` in place so that its mean luma is the photo's, as the test program of AnimeGANv2 does."""
    ours, theirs = mean_luma(result), mean_luma(photo)
    if ours <= 0:
        return
    ratio, table = np.float32(theirs / ours), None
    if result.dtype != np.float32:  # one answer for each number that there is
        every = np.arange(np.iinfo(result.dtype).max + 1, dtype=result.dtype)
        table = np.rint(np.clip(every * ratio, 0, every[-1])).astype(result.dtype)
    for rows in bands(result.shape[0]):
        band = result[rows]
        band[...] = np.clip(band * ratio, 0, 1) if table is None else table.take(band, mode="clip")


def mean_luma(pixels: Pixels) -> float:
    """Mean of 0.299 R + 0.587 G + 0.114 B over the picture."""
    columns = sum(pixels[rows].sum(axis=0, dtype=np.float64) for rows in bands(pixels.shape[0]))
    total = np.sum(columns, axis=0)
    return float(total @ np.array(WEIGHTS) / (pixels.shape[0] * pixels.shape[1]))
