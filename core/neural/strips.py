"""Computes rows of any node on demand, from kept layers or by computing what it reads first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .blocks import Add, Conv, Double, Halve, Input, LeakyReLU, Padding, Sampling, Tanh
from .executor import Activation, Array, Half
from .fold import PADDING, doubled_input
from .graph import Network, Size
from .prepare import Prepared, sources
from .resample import blend, taps
from .storage import Store


class LayerCache:
    """What is known of a picture so far.

    Attributes:
        network: what is computed.
        prepared: its weights.
        sizes: of its nodes.
        photo: gives rows of the picture, (3, rows, W) in [-1, 1].
        stores: kept layers.
        norms: scale and shift of every norm whose statistics are complete.
    """

    def __init__(
        self, network: Network, prepared: Prepared, sizes: Mapping[str, Size], photo: Callable[[int, int], Array]
    ) -> None:
        self.network = network
        self.prepared = prepared
        self.sizes = sizes
        self.photo = photo
        self.stores: dict[str, Store] = {}
        self.norms: dict[str, tuple[Array, Array]] = {}

    def drop(self, names: Iterable[str]) -> None:
        """Close the stores of these nodes."""
        for name in list(names):
            self.stores.pop(name).close()

    def close(self) -> None:
        """Close all stores."""
        self.drop(self.stores)


class Strip:
    """Computes rows; several threads may each have one on the same layers.

    Attributes:
        lowest: the first row that was read from each store.
    """

    def __init__(self, layers: LayerCache) -> None:
        self.lowest: dict[str, int] = {}
        self._layers = layers
        self._nodes = layers.network.by_name

    def rows(self, name: str, start: int, stop: int) -> Array:
        """The rows ``start:stop`` of a node, (C, rows, W)."""
        if name not in self._layers.stores:
            return self.compute(name, start, stop)
        out = self._empty(name, start, stop)
        self._write(name, start, stop, out)
        return out

    def compute(self, name: str, start: int, stop: int) -> Array:
        """The same, from what the node reads."""
        node = self._nodes[name]
        match node.block:
            case Input():
                return self._layers.photo(start, stop)
            case Conv() as conv:
                return self._convolve(name, conv, start, stop)
            case Tanh():
                values = self.rows(node.inputs[0], start, stop)
                return np.tanh(values, out=values)
            case Double(sampling) | Halve(sampling):
                return self._resize(node.inputs[0], name, sampling, start, stop)
            case Add():
                out = self.rows(node.inputs[0], start, stop)
                out += self.rows(node.inputs[1], start, stop)
                return out
        out = self._empty(name, start, stop)
        self._write(name, start, stop, out)
        return out

    def _empty(self, name: str, start: int, stop: int) -> Array:
        return np.empty((self._nodes[name].channels, stop - start, self._layers.sizes[name][1]), np.float32)

    def _write(self, name: str, start: int, stop: int, out: Array) -> None:
        """Put the rows of a node into ``out``, without an array between where the node is pointwise."""
        source, before = self._activation(name)
        top = 0
        for piece in self._pieces(source, start, stop):
            rows = out[:, top : top + piece.shape[1]]
            if before is None:
                rows[...] = piece
            elif piece.dtype == np.float16:
                self._layers.prepared.executor.widened(piece, before, rows)
            else:
                before.apply(piece, rows)
            top += piece.shape[1]

    def _activation(self, name: str) -> tuple[str, Activation | None]:
        """The node whose rows are worth moving, and what makes them the rows of ``name``: norm, leaky ReLU or both."""
        layers, source, slope = self._layers, name, 1.0
        block = self._nodes[source].block
        if isinstance(block, LeakyReLU) and source not in layers.stores:
            slope, source = block.slope, self._nodes[source].inputs[0]
        affine = None
        if source in layers.norms and source not in layers.stores:
            affine, source = layers.norms[source], self._nodes[source].inputs[0]
        offset = layers.stores[source].offset if source in layers.stores else None
        if affine is None and slope == 1 and offset is None:
            return source, None
        channels = self._nodes[source].channels
        scale, shift = affine or (np.ones(channels, np.float32), np.zeros(channels, np.float32))
        return source, Activation(scale, shift, slope).moved(offset)

    def _pieces(self, name: str, start: int, stop: int) -> Iterator[NDArray[Any]]:
        store = self._layers.stores.get(name)
        if store is None:
            yield self.compute(name, start, stop)
        else:
            self.lowest[name] = min(start, self.lowest.get(name, start))
            yield from store.pieces(start, stop)

    def _convolve(self, name: str, conv: Conv, start: int, stop: int) -> Array:
        network, convolution = self._layers.network, self._layers.prepared.convolutions[name]
        small = doubled_input(network, network.by_name[name])
        if small is not None:
            low, high = start // 2, (stop + 1) // 2
            padded, before = self._padded(small, low - 1, high + 1, PADDING, "edge")
            return convolution(padded, before)[:, start - 2 * low : stop - 2 * low]
        low = start * conv.stride - conv.padding.top
        high = (stop - 1) * conv.stride + conv.kernel - conv.padding.top
        padded, before = self._padded(sources(network)[name][0], low, high, conv.padding, conv.padding.mode)
        return convolution(padded, before)

    def _padded(
        self, name: str, low: int, high: int, pad: Padding, behind: str
    ) -> tuple[Array | Half, Activation | None]:
        """The rows ``low:high`` of a node with its margins, which is where ``low`` or ``high`` lie outside of it.

        A margin that repeats pixels may come before what is done to each pixel, so that is left to the convolution.
        """
        source, before = (name, None) if pad.mode == "zero" else self._activation(name)
        store = self._layers.stores.get(source)
        half = store is not None and store.offset is not None and before is not None
        height, width = self._layers.sizes[source]
        above, below = max(-low, 0), max(high - height, 0)
        shape = self._nodes[source].channels, high - low, pad.left + width + pad.right
        out: NDArray[Any] = np.empty(shape, np.float16 if half else np.float32)
        middle = out[:, above : high - low - below, pad.left : pad.left + width]
        if before is None:
            self._write(source, max(low, 0), min(high, height), middle)
        else:
            self._copy(source, max(low, 0), min(high, height), middle)
        _margins(out[:, :, pad.left : pad.left + width], above, below, pad.mode, behind)
        _margins(out.swapaxes(1, 2), pad.left, pad.right, pad.mode, behind)
        return out, before

    def _copy(self, name: str, start: int, stop: int, out: NDArray[Any]) -> None:
        top = 0
        for piece in self._pieces(name, start, stop):
            out[:, top : top + piece.shape[1]] = piece
            top += piece.shape[1]

    def _resize(self, source: str, name: str, sampling: Sampling, start: int, stop: int) -> Array:
        (height, width), (rows, columns) = self._layers.sizes[source], self._layers.sizes[name]
        before, after, share = taps(sampling, height, rows, start, stop)
        low = int(before.min())
        values = self.rows(source, low, int(after.max()) + 1)
        mixed = blend(values, before - low, after - low, share, axis=1)
        return blend(mixed, *taps(sampling, width, columns, 0, columns), axis=2)


def _margins(values: NDArray[Any], before: int, behind: int, mode: str, mode_behind: str) -> None:
    """Fill the first and last rows of a (C, rows, columns) array from the rows between."""
    last = values.shape[1] - behind - 1
    for i in range(1, before + 1):
        values[:, before - i] = 0 if mode == "zero" else values[:, before + (i if mode == "reflect" else 0)]
    for i in range(1, behind + 1):
        values[:, last + i] = 0 if mode_behind == "zero" else values[:, last - (i if mode_behind == "reflect" else 0)]
