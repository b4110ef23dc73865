"""Computes rows of any node on demand, from kept layers or by computing what it reads first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .blocks import Input, LeakyReLU, Padding, PadMode, ReLU, Size, Window
from .blocks.block import Span, outside
from .executor import Activation, Array, Half
from .moments import Moments
from .network import Network
from .places import rows_memory
from .prepare import Prepared
from .storage import Finished, Store
from .sweeps import Sweep, all_places, spans

Give = Callable[[int, int], Array]
"""Rows ``start:stop`` of an input, (C, rows, W), which may be written to; of a vector (C, 1, 1)."""


class LayerCache:
    """What is known of a picture so far.

    Attributes:
        network: what is computed.
        prepared: its weights.
        places: its nodes at this size.
        given: the inputs.
        stores: kept layers.
        moments: statistics of the layers of which a block asks for them.
        pictures: layers that a block reads as a whole.
    """

    def __init__(self, prepared: Prepared, sizes: Mapping[str, Size], given: Mapping[str, Give]) -> None:
        self.network: Network = prepared.network
        self.prepared = prepared
        self.places = all_places(self.network, sizes)
        self.given = given
        self.stores: dict[str, Store | Finished] = {}
        self.moments: dict[str, Moments] = {}
        self.pictures: dict[str, Array] = {}
        self._vectors: dict[str, Array] = {}
        self._affine: dict[str, tuple[Array, Array]] = {}

    def vector(self, name: str) -> Array:
        """A vector, (C, 1, 1); all that it is made from must be known."""
        if name not in self._vectors:
            self._vectors[name] = self._computed(name)
        return self._vectors[name].copy()

    def _computed(self, name: str) -> Array:
        node, block = self.network.by_name[name], self.network.by_name[name].block
        if isinstance(block, Input):
            return self.given[name](0, 1)
        whole = bool(block.whole) and node.inputs[0] not in self.network.vectors
        if whole and block.whole != "rows":
            return block.from_moments(self.moments[node.inputs[0]])[:, None, None]
        values = [self.pictures[each] if whole else self.vector(each) for each in node.inputs]
        spans = tuple((0, value.shape[1]) for value in values)
        return block.forward(values, Window(self.places[name], (0, 1), spans, self.prepared.parts[name]))

    def affine(self, name: str) -> tuple[Array, Array]:
        """A node that is a scale and a shift for each channel."""
        if name not in self._affine:
            node = self.network.by_name[name]
            vectors = [self.vector(each).reshape(-1) for each in node.inputs[1:]]
            moments = self.moments.get(node.inputs[0])
            scale, shift = node.block.affine(self.prepared.parts[name], moments, vectors)
            self._affine[name] = np.resize(scale, node.channels), np.resize(shift, node.channels)
        return self._affine[name]

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
        self._memo: dict[str, tuple[int, Array]] = {}

    def make(self, sweep: Sweep, start: int, stop: int) -> Array:
        """The rows ``start:stop`` of the root of a sweep; what several nodes read is computed once."""
        if sweep.shared:
            found = spans(self._layers.network, self._layers.places, sweep.nodes, start, stop)
            for name in sweep.shared:
                self._memo[name] = found[name][0], self.compute(name, *found[name])
        return self.compute(sweep.root, start, stop)

    def part(self, name: str) -> Any:
        """See ``Rows``."""
        return self._layers.prepared.parts[name]

    def rows(self, name: str, start: int, stop: int) -> Array:
        """The rows ``start:stop`` of a node, (C, rows, W)."""
        if name in self._layers.network.vectors:
            return self._layers.vector(name)
        if not self._waits(name):
            return self.compute(name, start, stop)
        return self._written(name, start, stop)

    def compute(self, name: str, start: int, stop: int) -> Array:
        """The same, from what the node reads."""
        block = self._nodes[name].block
        if isinstance(block, Input):
            return self._layers.given[name](start, stop)
        if block.scales or isinstance(block, LeakyReLU | ReLU):
            return self._written(name, start, stop)
        return block.compute(self, self._layers.places[name], start, stop)

    def _waits(self, name: str) -> bool:
        return name in self._layers.stores or name in self._memo

    def _is_given(self, name: str) -> bool:
        return name in self._layers.network.vectors or isinstance(self._nodes[name].block, Input)

    def _written(self, name: str, start: int, stop: int) -> Array:
        shape = self._nodes[name].channels, stop - start, self._layers.places[name].made[1]
        out = rows_memory.empty(shape)
        self.write(name, start, stop, out)
        return out

    def write(self, name: str, start: int, stop: int, out: Array) -> None:
        """See ``Rows``."""
        source, before = self._activation(name)
        if source == name and before is None and not self._waits(name) and not self._is_given(name):
            self._nodes[name].block.fill(self, self._layers.places[name], start, stop, out)
            return
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
        layers, source, slope, affine = self._layers, name, 1.0, None
        block = self._nodes[source].block
        if isinstance(block, LeakyReLU | ReLU) and not self._waits(source):
            slope, source = block.slope, self._nodes[source].inputs[0]
        if self._nodes[source].block.scales and not self._waits(source):
            affine, source = layers.affine(source), self._nodes[source].inputs[0]
        store = layers.stores.get(source)
        offset = store.offset if store is not None else None
        if affine is None and slope == 1 and offset is None:
            return source, None
        channels = self._nodes[source].channels
        scale, shift = affine or (np.ones(channels, np.float32), np.zeros(channels, np.float32))
        activation = Activation(scale, shift, slope, affine is None and offset is None)
        return source, activation if store is None else activation.moved(offset, store.scale)

    def _pieces(self, name: str, start: int, stop: int) -> Iterator[NDArray[Any]]:
        store = self._layers.stores.get(name)
        if name in self._memo:
            low, rows = self._memo[name]
            yield rows[:, start - low : stop - low]
        elif store is None:
            yield self.compute(name, start, stop)
        else:
            self.lowest[name] = min(start, self.lowest.get(name, start))
            yield from store.pieces(start, stop)

    def padded(
        self, name: str, window: Span, padding: Padding, behind: PadMode | None = None
    ) -> tuple[Array | Half, Activation | None]:
        """See ``Rows``.

        A margin that repeats pixels may come before what is done to each pixel, so that is left to the convolution;
        so may a margin of zeros that stay zeros.
        """
        source, before = self._activation(name)
        if padding.mode == "zero" and before is not None and not before.bends_only:
            source, before = name, None
        store = self._layers.stores.get(source)
        half = store is not None and store.all_half and before is not None
        (low, high), (height, width) = window, self._layers.places[source].made
        shape = self._nodes[source].channels, high - low, padding.left + width + padding.right
        out: NDArray[Any] = np.empty(shape, np.float16) if half else rows_memory.empty(shape)
        columns = out[:, :, padding.left : padding.left + width]
        fill = self.write if before is None else self._copy
        self._fill(lambda start, stop, rows: fill(source, start, stop, rows), window, height, columns, padding, behind)
        _margins(out.swapaxes(1, 2), padding.left, padding.right, padding.mode, behind or padding.mode)
        return out, before

    def _fill(
        self,
        fill: Callable[[int, int, NDArray[Any]], None],
        window: Span,
        height: int,
        out: NDArray[Any],
        padding: Padding,
        behind: PadMode | None,
    ) -> None:
        """Fill rows inside and outside of a node."""
        (low, high), mode = window, padding.mode
        above, below = max(-low, 0), max(high - height, 0)
        if max(above, below) < high - low - above - below:
            fill(max(low, 0), min(high, height), out[:, above : high - low - below])
            _margins(out, above, below, mode, behind or mode)
            return
        index = np.arange(low, high)
        index = np.where(index < height, outside(index, height, mode), outside(index, height, behind or mode))
        out[...] = 0
        inside = index >= 0
        if inside.any():
            first, last = int(index[inside].min()), int(index[inside].max()) + 1
            rows = np.empty_like(out, shape=(out.shape[0], last - first, out.shape[2]))
            fill(first, last, rows)
            out[:, inside] = rows[:, index[inside] - first]

    def _copy(self, name: str, start: int, stop: int, out: NDArray[Any]) -> None:
        top = 0
        for piece in self._pieces(name, start, stop):
            out[:, top : top + piece.shape[1]] = piece
            top += piece.shape[1]


def _margins(values: NDArray[Any], before: int, behind: int, mode: PadMode, mode_behind: PadMode) -> None:
    """Fill the first and last rows of a (C, rows, columns) array from the rows between."""
    count = values.shape[1] - before - behind
    if max(before, behind) >= count and "zero" not in (mode, mode_behind):
        index = np.arange(-before, count + behind)
        index = np.where(index < count, outside(index, count, mode), outside(index, count, mode_behind))
        values[...] = values[:, before + index]
        return
    last = values.shape[1] - behind - 1
    for i in range(1, before + 1):
        values[:, before - i] = 0 if mode == "zero" else values[:, before + (i if mode == "reflect" else 0)]
    for i in range(1, behind + 1):
        values[:, last + i] = 0 if mode_behind == "zero" else values[:, last - (i if mode_behind == "reflect" else 0)]
