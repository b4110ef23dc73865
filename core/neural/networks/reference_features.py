"""What a picture looks like, as a vector of 611 numbers in 0..1: its colours, and what Senga's own network sees.

* 125 square roots of the shares that its colours have of a cube of 5 x 5 x 5 colours, each shared by the eight nearest.
* 486 means and deviations, first of red, green and blue, then of the features ``relu1_1``, ``relu2_1``, ``relu3_1`` and
  ``relu4_1`` of the perceptual network that comes with Senga, ``v`` as ``v / (1 + v)``; all means of a layer, then all
  its deviations.

The picture is squeezed into a square of 128 pixels. Nothing of this learns.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.neural.executor import Array
from senga.neural.graph import Builder, Network

SIDE = 128
"""Pixels of the square."""
STEPS = 5
"""Of the cube of colours, along each side."""
COLOURS = STEPS**3
_COUNTS, _WIDTHS = (2, 2, 3, 1), (16, 32, 64, 128)
STATISTICS = 2 * (3 + sum(_WIDTHS))
FEATURES = COLOURS + STATISTICS
EPS = 1e-5


@lru_cache(maxsize=1)
def observer() -> Network:
    """RGB in [-1, 1] to ``statistics``: means and deviations as they are measured."""
    net = Builder()
    x, measured = net.input, [net.mean(net.input), net.deviation(net.input, EPS)]
    for level, (count, width) in enumerate(zip(_COUNTS, _WIDTHS, strict=True), 1):
        x = net.max_pool(x) if level > 1 else x
        for i in range(1, count + 1):
            x = net.relu(net.conv(x, f"conv{level}_{i}", width, 3, bias=True))
            measured += [net.mean(x), net.deviation(x, EPS)] if i == 1 else []
    net.output(net.concat(*measured, name="measured"), "statistics")
    return net.build("senga-reference-observer", multiple=8)


def observer_weights() -> dict[str, Array]:
    """Those of the perceptual network that comes with Senga.

    Raises:
        ModelError: it is not there.
    """
    from senga.neural.training.perceptual import load_encoder, shipped_encoder

    known = load_encoder(shipped_encoder()).weights()
    return {name: known[name] for name in observer().parameters}


def squeezed(picture: NDArray[Any], side: int = SIDE) -> NDArray[np.float32]:
    """(H, W, 3) of any size in 0..1 as a square of so many pixels."""
    small: Any = np.ascontiguousarray(picture, np.float32)
    if picture.shape[:2] != (side, side):
        small = cv2.resize(small, (side, side), interpolation=cv2.INTER_AREA)
    return np.asarray(np.clip(small, 0, 1), np.float32)


def histogram(picture: NDArray[Any]) -> NDArray[np.float32]:
    """The first 125 numbers, of (H, W, 3) in 0..1."""
    places = np.clip(np.asarray(picture, np.float64).reshape(-1, 3), 0, 1) * (STEPS - 1)
    low = np.minimum(places.astype(np.int64), STEPS - 2)
    rest, counts = places - low, np.zeros(COLOURS)
    for corner in product((0, 1), repeat=3):
        shares = np.where(corner, rest, 1 - rest).prod(1)
        counts += np.bincount((low + corner) @ (STEPS**2, STEPS, 1), shares, COLOURS)
    return np.asarray(np.sqrt(counts / len(places)), np.float32)


def joined(colours: Any, statistics: Any) -> NDArray[np.float32]:
    """The vectors (N, 611) of histograms (N, 125) and of what ``observer`` gives, (N, 486)."""
    own = np.concatenate([(statistics[:, :3] + 1) / 2, statistics[:, 3:6]], 1)
    seen = statistics[:, 6:] / (1 + statistics[:, 6:])
    return np.asarray(np.concatenate([colours, own, seen], 1), np.float32)
