"""The swish-gated residual U-net, which colours a line drawing in nine ways at once.

It sees how light the lines are, 0..255, and gives 27 planes, black at -1 and white at 1: nine of red, nine of green,
and nine of blue. In every block what a network would pass on as it is goes through a gate: it is multiplied by shares
that a convolution and a norm find in itself.

Published weights come without a licence, and none of them come with Senga; ``to_senga`` reads files in their names.

References:
    G. Liu, X. Chen, Y. Hu: Anime Sketch Coloring with Swish-Gated Residual U-Net. Engineering Letters 27(3), 2019.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from senga.errors import ModelError
from senga.neural.blocks import Padding
from senga.neural.graph import Builder, Network

PICTURES = 9
"""How many it makes of a drawing."""
MULTIPLE = 32
EPS = 1e-12
"""Added to the variance, as TensorFlow's layer norm does by itself."""
DOWN = (96, 192, 288, 384, 480)
"""Channels at full size, and each time it is halved."""
UP = (512, 480, 384, 288, 192)
"""Channels from the smallest size upwards, before each doubling."""
SCOPE = "SGRU_MODEL/"
_STEP = 8
_BLOCK = "first", "second"


@lru_cache(maxsize=2)
def sgru(width: float = 1.0, eps: float = EPS) -> Network:
    """The network; 47,827,558 parameters at full width.

    Args:
        width: share of the channels.
        eps: added to the variance of norms.
    """
    net = Builder(1, (0.0, 255.0))
    writer = _Writer(net, eps)
    x, seen = net.input, []
    for level, full in enumerate(DOWN, 1):
        x, passed = writer.down(x, f"down{level}", channels(full, width), narrow=level > 1)
        seen.append(passed)
    for level, full in zip(range(len(UP), 0, -1), UP, strict=True):
        x = writer.up(x, seen.pop(), f"up{level}", channels(full, width))
    last = channels(DOWN[0], width)
    for number, kernel in enumerate((1, 3, 3), 1):
        x = writer.active(x, f"last{number}", last, kernel)
    net.output(net.conv(x, "pictures", 3 * PICTURES, 1, bias=True), "pictures")
    return net.build("sgru", MULTIPLE)


def channels(full: int, width: float) -> int:
    """Of a layer at a width: a multiple of eight."""
    return max(_STEP, _STEP * round(full * width / _STEP))


class _Writer:
    """Adds the parts of the network."""

    def __init__(self, net: Builder, eps: float) -> None:
        self.net, self.eps = net, eps

    def down(self, x: str, name: str, outputs: int, *, narrow: bool) -> tuple[str, str]:
        """A block that ends at half the size; what it passes on, and what it hands across."""
        x = self.active(x, f"{name}.narrow", outputs, 1) if narrow else x
        made = self._twice(x, name, outputs)
        gated = self.gated(self.net.max_pool(x), f"{name}.gate")
        return self.net.concat(self.net.max_pool(made), gated, name=f"{name}.joined"), made

    def up(self, x: str, across: str, name: str, outputs: int) -> str:
        """A block that ends at twice the size, and takes what was handed across."""
        x = self.active(x, f"{name}.narrow", outputs, 1)
        made = self._doubled(self._twice(x, name, outputs), f"{name}.large", outputs)
        gated = self.gated(self._doubled(x, f"{name}.passed", outputs), f"{name}.gate")
        handed = self.gated(across, f"across{name[2:]}")
        return self.net.concat(made, gated, handed, name=f"{name}.joined")

    def gated(self, x: str, name: str) -> str:
        """What is let through."""
        return self.net.product(x, self.net.sigmoid(self._normed(self._conv(x, name, self.net.channels(x), 3))))

    def active(self, x: str, name: str, outputs: int, kernel: int) -> str:
        """Convolution, norm and activation."""
        return self._active(self._conv(x, name, outputs, kernel))

    def _twice(self, x: str, name: str, outputs: int) -> str:
        for each in _BLOCK:
            x = self.active(x, f"{name}.{each}", outputs, 3)
        return x

    def _doubled(self, x: str, name: str, outputs: int) -> str:
        return self._active(self.net.transposed(x, name, outputs, 2, bias=False))

    def _conv(self, x: str, name: str, outputs: int, kernel: int) -> str:
        return self.net.conv(x, name, outputs, kernel, padding=Padding.same(kernel, "zero"))

    def _active(self, x: str) -> str:
        return self.net.leaky_relu(self._normed(x))

    def _normed(self, x: str) -> str:
        return self.net.layer_norm(x, f"{x}.norm", self.eps)


def apart(made: NDArray[Any]) -> NDArray[Any]:
    """The (H, W, 27) result as nine pictures, (9, H, W, 3)."""
    height, width, _ = made.shape
    return made.reshape(height, width, 3, PICTURES).transpose(3, 0, 1, 2)  # (rows, columns, colour, picture)


def to_senga(arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float32]]:
    """The weights of a checkpoint in the names of TensorFlow's layers, such as ``SGRU_MODEL/SGB_1/Conv/weights``.

    What else is in it, such as the state of an optimiser, is left out.

    Raises:
        ModelError: they are not those of this network at any width.
    """
    first = arrays.get(f"{SCOPE}SGB_1/Conv/weights")
    width = first.shape[-1] / DOWN[0] if first is not None and first.ndim == 4 else 1.0
    wanted = sgru(width).parameters if 0.05 <= width <= 2 else {}
    found = {ours: _upright(arrays[theirs]) for theirs, ours in _names() if theirs in arrays}
    if not wanted or {name: array.shape for name, array in found.items()} != wanted:
        raise ModelError("This file does not hold the network of SGRU, or only a part of it.")
    return found


def _upright(array: NDArray[Any]) -> NDArray[np.float32]:
    """A kernel with its two sides last; TensorFlow's have (inputs, outputs) behind them, transposed ones the reverse.

    Both become what they are here, where transposed ones are reversed as well.
    """
    turned = array.transpose(3, 2, 0, 1) if array.ndim == 4 else array
    return np.ascontiguousarray(turned, np.float32)


def _names() -> Iterator[tuple[str, str]]:
    """Names of a checkpoint, and ours."""
    for layer, ours in _layers():
        yield f"{SCOPE}{layer}/weights", f"{ours}.weight"
        yield f"{SCOPE}{layer}/LayerNorm/gamma", f"{ours}.norm.weight"
        yield f"{SCOPE}{layer}/LayerNorm/beta", f"{ours}.norm.bias"
    yield f"{SCOPE}conv2d/kernel", "pictures.weight"
    yield f"{SCOPE}conv2d/bias", "pictures.bias"


def _layers() -> Iterator[tuple[str, str]]:
    """Layers with a norm: TensorFlow counts those of a kind within a block."""
    for level in range(1, len(DOWN) + 1):
        yield f"SWISH_{level}/Conv", f"across{level}"
        for theirs, ours in ((f"SGB_{level}", f"down{level}"), (f"SGB_{level}_up", f"up{level}")):
            parts = _BLOCK if ours == "down1" else ("narrow", *_BLOCK)
            yield from ((f"{theirs}/Conv{_counted(n)}", f"{ours}.{part}") for n, part in enumerate(parts))
            yield f"{theirs}/SWISH/Conv", f"{ours}.gate"
        yield f"SGB_{level}_up/Conv2d_transpose", f"up{level}.large"
        yield f"SGB_{level}_up/Conv2d_transpose_1", f"up{level}.passed"
    yield from ((f"Conv{_counted(n)}", f"last{n + 1}") for n in range(3))


def _counted(number: int) -> str:
    return f"_{number}" if number else ""
