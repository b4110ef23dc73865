"""Computes rows of any node on demand, from kept layers or by computing what it reads first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .blocks import Add, Conv, Double, Halve, Input, LeakyReLU, Norm, Padding, Tanh
from .executor import Array
from .fold import PADDING, doubled_input
from .graph import Network, Size
from .prepare import NormParameters, Prepared, sources
from .resample import blend, taps
from .storage import Store


class Sums:
    """Sums over a whole layer, row by row, in double precision."""

    def __init__(self, norm: Norm, parameters: NormParameters) -> None:
        self._over = norm.over
        self._parameters = parameters
        self._count = 0
        self._mean = np.zeros_like(parameters.gamma)
        self._squares = np.zeros_like(parameters.gamma)

    def add(self, rows: Array) -> None:
        """Take (C, rows, W) in: each strip's squares are taken about its own mean, so nothing cancels."""
        count = rows.shape[1] * rows.shape[2]
        mean = rows.mean(axis=2).mean(axis=1, dtype=np.float64)
        raw = np.einsum("crw,crw->cr", rows, rows).sum(axis=1, dtype=np.float64)
        squares = np.maximum(raw - count * mean**2, 0.0)
        if self._over == "channel" and np.any(raw > 100 * squares):
            centred = rows - mean.astype(np.float32)[:, None, None]
            squares = np.einsum("crw,crw->cr", centred, centred).sum(axis=1, dtype=np.float64)
        total = self._count + count
        step = mean - self._mean
        self._squares += squares + step**2 * (self._count * count / total)
        self._mean += step * (count / total)
        self._count = total

    def scale_and_shift(self) -> tuple[Array, Array]:
        """The norm as one multiplication and one addition for each channel."""
        mean, variance = self._mean, self._squares / self._count
        if self._over == "picture":
            overall = mean.mean()
            variance = variance.mean() + np.square(mean - overall).mean()
            mean = overall
        scale = self._parameters.gamma / np.sqrt(variance + self._parameters.eps)
        return scale.astype(np.float32), (self._parameters.beta - mean * scale).astype(np.float32)


class Strips:
    """Rows of the nodes of one network for one picture.

    Attributes:
        stores: kept layers; rows that are missing in them are computed and appended on the way.
        norms: scale and shift of every norm whose sweep is done.
        lowest: the first row that was read from each store since this was last cleared.
    """

    def __init__(
        self, network: Network, prepared: Prepared, sizes: Mapping[str, Size], photo: Callable[[int, int], Array]
    ) -> None:
        self.stores: dict[str, Store] = {}
        self.norms: dict[str, tuple[Array, Array]] = {}
        self.lowest: dict[str, int] = {}
        self._network = network
        self._prepared = prepared
        self._sizes = sizes
        self._photo = photo

    def rows(self, name: str, start: int, stop: int) -> Array:
        """The rows ``start:stop`` of a node, (C, rows, W); read only."""
        if name not in self.stores:
            return self._compute(name, start, stop)
        pieces = list(self._pieces(name, start, stop))
        rows = (pieces[0] if len(pieces) == 1 else np.concatenate(pieces, axis=1)).astype(np.float32, copy=False)
        offset = self.stores[name].offset
        if offset is not None:
            rows += offset[:, None, None]  # half precision, so these rows are a copy
        return rows

    def complete(self, name: str, stop: int) -> None:
        """Make sure that the rows up to ``stop`` are in the store of ``name``."""
        store = self.stores[name]
        if store.filled < stop:
            store.append(self._compute(name, store.filled, stop))

    def drop(self, names: Iterable[str]) -> None:
        """Close the stores of these nodes."""
        for name in list(names):
            self.stores.pop(name).close()

    def close(self) -> None:
        """Close all stores."""
        self.drop(self.stores)

    def _pieces(self, name: str, start: int, stop: int) -> Iterator[NDArray[Any]]:
        if name in self.stores:
            self.complete(name, stop)
            self.lowest[name] = min(start, self.lowest.get(name, start))
            yield from self.stores[name].pieces(start, stop)
        else:
            yield self._compute(name, start, stop)

    def _compute(self, name: str, start: int, stop: int) -> Array:
        node = self._network.by_name[name]
        match node.block:
            case Input():
                return self._photo(start, stop)
            case Conv():
                return self._convolve(name, start, stop)
            case Tanh():
                return np.tanh(self.rows(node.inputs[0], start, stop))
            case Double(sampling) | Halve(sampling):
                return self._resize(node.inputs[0], name, sampling, start, stop)
        out = np.empty((node.channels, stop - start, self._sizes[name][1]), np.float32)
        self._pointwise(name, start, stop, out)
        return out

    def _write(self, name: str, start: int, stop: int, out: Array) -> None:
        """Put the rows of a node into ``out``, without an array between where the node is pointwise."""
        if name in self.stores or not isinstance(self._network.by_name[name].block, Norm | LeakyReLU | Add):
            out[...] = self.rows(name, start, stop)
        else:
            self._pointwise(name, start, stop, out)

    def _pointwise(self, name: str, start: int, stop: int, out: Array) -> None:
        node = self._network.by_name[name]
        if isinstance(node.block, Add):
            np.add(self.rows(node.inputs[0], start, stop), self.rows(node.inputs[1], start, stop), out=out)
        else:
            self._activate(name, start, stop, out)

    def _activate(self, name: str, start: int, stop: int, out: Array) -> None:
        """Norm, leaky ReLU or one after the other, channel by channel so that the numbers stay in the cache."""
        block, source = self._network.by_name[name].block, self._network.by_name[name].inputs[0]
        slope = np.float32(block.slope) if isinstance(block, LeakyReLU) else None
        affine = self.norms.get(name)
        if affine is None and source in self.norms and source not in self.stores:
            affine = self.norms[source]
            source = self._network.by_name[source].inputs[0]
        top = 0
        for piece in self._pieces(source, start, stop):
            offset = self.stores[source].offset if source in self.stores else None
            for i, values in enumerate(piece):
                result = out[i, top : top + piece.shape[1]]
                scale, shift = (affine[0][i], affine[1][i]) if affine else (np.float32(1), np.float32(0))
                np.multiply(values, scale, out=result, dtype=np.float32)
                result += shift if offset is None else shift + scale * offset[i]
                if slope is not None:
                    np.maximum(result, result * slope, out=result)
            top += piece.shape[1]

    def _convolve(self, name: str, start: int, stop: int) -> Array:
        network, convolution = self._network, self._prepared.convolutions[name]
        node = network.by_name[name]
        block = node.block
        if not isinstance(block, Conv):
            raise TypeError(name)
        small = doubled_input(network, node)
        if small is not None:
            low, high = start // 2, (stop + 1) // 2
            padded = self._padded(small, low - 1, high + 1, PADDING, edge_behind=True)
            return convolution(padded)[:, start - 2 * low : stop - 2 * low]
        low = start * block.stride - block.padding.top
        high = (stop - 1) * block.stride + block.kernel - block.padding.top
        return convolution(self._padded(sources(network)[name][0], low, high, block.padding))

    def _padded(self, name: str, low: int, high: int, pad: Padding, *, edge_behind: bool = False) -> Array:
        """The rows ``low:high`` of a node with its margins, which is where ``low`` or ``high`` lie outside of it."""
        height, width = self._sizes[name]
        above, below = max(-low, 0), max(high - height, 0)
        out = np.empty((self._network.by_name[name].channels, high - low, pad.left + width + pad.right), np.float32)
        middle = out[:, above : high - low - below, pad.left : pad.left + width]
        self._write(name, max(low, 0), min(high, height), middle)
        behind = "edge" if edge_behind else pad.mode
        _margins(out[:, :, pad.left : pad.left + width], above, below, pad.mode, behind)
        _margins(out.swapaxes(1, 2), pad.left, pad.right, pad.mode, behind)
        return out

    def _resize(self, source: str, name: str, sampling: Any, start: int, stop: int) -> Array:
        (height, width), (rows, columns) = self._sizes[source], self._sizes[name]
        before, after, share = taps(sampling, height, rows, start, stop)
        low = int(before.min())
        values = self.rows(source, low, int(after.max()) + 1)
        mixed = blend(values, before - low, after - low, share, axis=1)
        return blend(mixed, *taps(sampling, width, columns, 0, columns), axis=2)


def _margins(values: Array, before: int, behind: int, mode: str, mode_behind: str) -> None:
    """Fill the first and last rows of a (C, rows, columns) array from the rows between."""
    last = values.shape[1] - behind - 1
    for i in range(1, before + 1):
        values[:, before - i] = 0 if mode == "zero" else values[:, before + (i if mode == "reflect" else 0)]
    for i in range(1, behind + 1):
        values[:, last + i] = 0 if mode_behind == "zero" else values[:, last - (i if mode_behind == "reflect" else 0)]
