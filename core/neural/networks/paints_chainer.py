"""The network of PaintsChainer (Yonetsuji 2017), which colours lines by hints, in two passes of the same network.

It sees four planes in 0..255: how light the lines are, and Y, U and V of the hints; where there is none Y is -512, and
U and V are 128. It gives Y, U and V. The first pass works on a picture whose shorter side has 128 pixels, the second on
one of 512, where the colours of the first stand in place of hints.

Published weights are not free, and none come with Senga; ``to_senga`` reads files in Chainer's names.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from senga.errors import ModelError
from senga.neural.blocks import Padding
from senga.neural.graph import Builder, Network

EPS = 2e-5
"""Added to the variance, as Chainer does by itself."""
_BYTES = (0.0, 255.0)
_KINDS = {
    "W": "weight", "b": "bias", "gamma": "norm.weight", "beta": "norm.bias", "avg_mean": "norm.running_mean",
    "avg_var": "norm.running_var",
}  # fmt: skip


@lru_cache(maxsize=2)
def hint_painter(width: int = 32) -> Network:
    """The network; ``width`` channels at full size, sixteen times as many at a sixteenth of it."""
    net = Builder(4, _BYTES)
    seen: list[str] = []
    x = _active(net, _conv(net, net.input, "c0", width))
    for level in range(1, 5):
        seen.append(x)
        x = _active(net, _conv(net, x, f"c{2 * level - 1}", width << level, 4, 2))
        before, x = x, _active(net, _conv(net, x, f"c{2 * level}", width << level))
    seen.append(before)
    for level in (4, 3, 2, 1):
        outputs = width << level
        up = net.transposed(net.concat(seen.pop(), x), f"dc{2 * level}", outputs, 4, 2, crop=_sides(1))
        x = _active(net, _conv(net, _active(net, up), f"dc{2 * level - 1}", outputs // 2))
    net.output(_conv(net, net.concat(seen.pop(), x), "dc0", 3), "colours", _BYTES)
    return net.build("paints-chainer", multiple=16)


def _sides(margin: int) -> Padding:
    return Padding(margin, margin, margin, margin, "zero")


def _conv(net: Builder, x: str, name: str, outputs: int, kernel: int = 3, stride: int = 1) -> str:
    return net.conv(x, name, outputs, kernel, stride, padding=_sides(1), bias=True)


def _active(net: Builder, x: str) -> str:
    return net.relu(net.batch_norm(x, f"{x}.norm", EPS))


def to_senga(arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float32]]:
    """The weights of a file in Chainer's names, such as ``c0/W`` and ``bnc0/gamma``, in those of ``hint_painter``.

    Raises:
        ModelError: they are not those of this network.
    """
    found = {ours: np.asarray(array, np.float32) for name, array in arrays.items() if (ours := _ours(name))}
    first = found.get("c0.weight")
    width = len(first) if first is not None and first.ndim == 4 else 32
    wanted = hint_painter(width).parameters if 1 <= width <= 256 else {}
    shapes = {name: array.shape for name, array in found.items()}
    if not wanted or shapes != dict(wanted):
        raise ModelError("This file does not hold the network of PaintsChainer, or only a part of it.")
    return found


def _ours(name: str) -> str:
    """``bnd8/gamma`` is ``dc8.norm.weight``; an empty text for counters and what is unknown."""
    layer, _, kind = name.rpartition("/")
    layer = layer.rpartition("/")[2].removeprefix("bn")
    layer = f"dc{layer[1:]}" if layer[:1] == "d" and layer[1:].isdigit() else layer
    return f"{layer}.{_KINDS[kind]}" if kind in _KINDS else ""
