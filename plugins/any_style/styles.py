"""Styles as statistics: measured once of each painting, mixed, and weakened towards those of the photograph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from senga.image import Image, to_depth
from senga.job import Job
from senga.neural.engine import evaluate
from senga.ops import transfer

from .network import Pair

Statistics = Mapping[str, Any]
"""Vectors, by the names of the inputs that take them."""

_LARGEST = 2048
"""Side in pixels beyond which no style is looked at, and ``_LEAST`` below which none is."""
_LEAST = 16
_VOTES = 65536
"""Pixels of which the colours are measured."""


@dataclass(frozen=True, eq=False)
class Style:
    """A painting to paint by.

    Attributes:
        pixels: (H, W, 3) ``float32`` in 0..1, as large as its brushwork is to be.
        statistics: of its features.
    """

    pixels: Any
    statistics: Statistics


def style_of(picture: Image, size: float, pair: Pair, job: Job) -> Style:
    """A painting whose brushwork has a size, measured."""
    from senga.visible import opaque

    pixels = fitted(opaque(picture), size * pair.side)
    return Style(pixels, observed(pixels, pair, job))


def fitted(pixels: Any, short: float) -> Any:
    """(H, W, 3) ``float32`` with about this short side, and sides that networks take."""
    height, width = pixels.shape[:2]
    factor = min(short / min(height, width), _LARGEST / max(height, width))
    high, wide = (max(_LEAST, 8 * round(side * factor / 8)) for side in (height, width))
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return np.clip(cv2.resize(to_depth(pixels, np.float32), (wide, high), interpolation=how), 0, 1)


def observed(pixels: Any, pair: Pair, job: Job) -> Statistics:
    """The statistics of (H, W, 3) of any size in any depth."""
    height, width = (max(_LEAST, side // 8 * 8) for side in pixels.shape[:2])
    if (height, width) != pixels.shape[:2]:
        if min(pixels.shape[:2]) < _LEAST:
            pixels = cv2.resize(np.ascontiguousarray(pixels), (width, height), interpolation=cv2.INTER_LINEAR)
        pixels = pixels[:height, :width]
    low, high = pair.observer.inputs["photo"].range
    values = to_depth(pixels, np.float32) * np.float32(high - low) + np.float32(low)
    return evaluate(pair.observer, pair.of_observer(), {"photo": values}, job, note="looking")


def mixed(several: Sequence[tuple[float, Statistics]]) -> Statistics:
    """Statistics by their weights, of which one is above 0."""
    total = sum(weight for weight, _ in several)
    names = several[0][1]
    return {name: sum(np.float32(weight / total) * each[name] for weight, each in several) for name in names}


def recoloured(style: Style, photo: transfer.Moments, pair: Pair, job: Job) -> Statistics:
    """The statistics of a style in the colours of a photograph (CORAL)."""
    colours = style.pixels.reshape(-1, 3)
    votes = np.ones(len(colours), np.float32)
    change = transfer.whitened_and_coloured(transfer.Moments.of(colours, votes), photo, 1 / 255)
    return observed(np.clip(change(colours), 0, 1).reshape(style.pixels.shape), pair, job)


def colours_of(pixels: Any, alpha: Any) -> transfer.Moments:
    """Mean and covariance of the colours that are to be seen, of pixels evenly apart."""
    step = max(1, int(np.sqrt(pixels.shape[0] * pixels.shape[1] / _VOTES)))
    colours = to_depth(pixels[::step, ::step], np.float32).reshape(-1, 3)
    votes = np.ones(len(colours), np.float32)
    if alpha is not None:
        seen = to_depth(alpha[::step, ::step], np.float32).ravel()
        votes = seen if seen.any() else votes
    return transfer.Moments.of(colours, votes)
