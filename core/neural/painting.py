"""A picture on its way through a network, sweep by sweep and strip by strip."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from senga.errors import MemoryBudgetError
from senga.job import Job

from . import memory
from .blocks import Size
from .budget import Heights, Share, operations
from .executor import Array, Half
from .moments import Moments
from .places import rows_memory
from .plan import plan
from .prepare import Prepared
from .storage import Finished, Scratch, Store
from .strips import Give, LayerCache, Strip
from .sweeps import Sweep

_COMFORT = 6
"""Half-precision rows are scaled where the largest number of a probe needs more or less than so many binary digits."""
_INFINITE = np.uint16(0x7C00)
"""What infinity is in half precision."""


@dataclass(frozen=True)
class Sink:
    """Where a result goes.

    Attributes:
        put: called with rows, (C, rows, W), and the first of them; strips come in any order and from any thread.
        values: the whole of it as it is computed, (C, H, W), where it is kept so.
    """

    put: Callable[[Array, int], None]
    values: Array | None = None


class Painting:
    """One run of a network.

    Args:
        prepared: the network.
        sizes: of its nodes.
        given: rows of its inputs.
        sinks: where its results go, by the names of their nodes; vectors need none.
        share: of the memory.
        job: progress and cancel.
        note: what the progress line says.
    """

    def __init__(
        self,
        prepared: Prepared,
        sizes: Mapping[str, Size],
        given: Mapping[str, Give],
        sinks: Mapping[str, Sink],
        share: Share,
        job: Job,
        note: str,
    ) -> None:
        self._network, self._executor = prepared.network, prepared.executor
        self._job, self._note, self._sinks, self._share = job, note, sinks, share
        heights = Heights.of(self._executor, share)
        self._plan = plan(self._network, sizes, share.waiting, memory.free_scratch(), heights)
        self._scratch = Scratch(share.waiting, share.ceiling)
        self._layers = LayerCache(prepared, sizes, given)
        self._work = [max(operations(self._network, sizes, sweep.nodes), 1) for sweep in self._plan.sweeps]

    def done(self) -> LayerCache:
        """Do it; gives what is known then, of which vectors are results too."""
        ends = np.cumsum([0, *self._work]) / max(sum(self._work), 1)
        with closing(self._scratch), closing(self._layers), ThreadPoolExecutor(self._share.at_once) as pool:
            for sweep, rows, start, stop in zip(self._plan.sweeps, self._plan.rows, ends, ends[1:], strict=False):
                self._sweep(sweep, rows, self._job.part(start, stop), pool)
                self._layers.drop(sweep.done)
        self._job.progress(1.0, self._note)
        return self._layers

    def _sweep(self, sweep: Sweep, rows: int, job: Job, pool: ThreadPoolExecutor) -> None:
        """Compute the root from top to bottom; keep it, take its statistics, put it into the result."""
        layers, store = self._layers, self._open(sweep)
        whole: Moments | None = None
        for made in self._strips(sweep, store, rows, job, pool):
            if made.moments is not None:
                whole = made.moments if whole is None else whole + made.moments
            if isinstance(store, Store):
                store.append(made.block)
            for name in sweep.done & made.lowest.keys():
                layers.stores[name].drop_above(made.lowest[name])
        if whole is not None:
            layers.moments[sweep.root] = whole
        if store is not None:
            layers.stores[sweep.root] = store
        rows_memory.tidy()

    def _open(self, sweep: Sweep) -> Store | Finished | None:
        sink, asked = self._sinks.get(sweep.root), self._asked(sweep)
        if "rows" in asked:
            place = self._layers.places[sweep.root]
            self._layers.pictures[sweep.root] = np.empty((place.channels, *place.made), np.float32)
        if not sweep.keeps:
            return None
        if sink is not None and sink.values is not None:
            return Finished(sink.values)
        if self._plan.exact:
            return Store(self._scratch)
        middle = self._layers.places[sweep.root].made[0] // 2
        probe = Strip(self._layers).make(sweep, middle, middle + 1)
        offset = Moments.of(probe).mean.astype(np.float32)
        return Store(self._scratch, offset, _half_scale(probe - offset[:, None, None]))

    def _asked(self, sweep: Sweep) -> set[str]:
        return {self._network.by_name[name].block.whole for name in sweep.wholes}

    def _strips(
        self, sweep: Sweep, store: Store | Finished | None, rows: int, job: Job, pool: ThreadPoolExecutor
    ) -> Iterator[_Made]:
        """Compute strips, several at once, and give them in order; smaller ones from where memory ran out."""
        height, top = self._layers.places[sweep.root].made[0], 0
        waiting: deque[tuple[int, Future[_Made]]] = deque()
        at_once = self._share.at_once + (self._share.at_once > 1)
        try:
            while top < height or waiting:
                while top < height and len(waiting) < at_once:
                    bottom = min(top + rows, height)
                    waiting.append((top, pool.submit(self._make, sweep, store, top, bottom)))
                    top = bottom
                job.progress(waiting[0][0] / height, self._note)
                start, strip = waiting.popleft()
                try:
                    made = strip.result()
                except MemoryError as error:
                    wait([later for _, later in waiting])
                    waiting.clear()
                    top, rows, at_once = start, _fewer(rows, error), 1
                    continue
                yield made
        finally:
            for _, strip in waiting:
                strip.cancel()

    def _make(self, sweep: Sweep, store: Store | Finished | None, top: int, bottom: int) -> _Made:
        strip, asked = Strip(self._layers), self._asked(sweep)
        values = strip.make(sweep, top, bottom)
        moments = Moments.of(values, maximum="maximum" in asked) if asked - {"rows"} else None
        if "rows" in asked:
            self._layers.pictures[sweep.root][:, top:bottom] = values
        if sweep.root in self._sinks:
            self._sinks[sweep.root].put(values, top)
        return _Made(self._kept(store, values), moments, strip.lowest)

    def _kept(self, store: Store | Finished | None, values: Array) -> Array | Half:
        """Rows as they wait: halves where there is an offset, unless they are too large for that."""
        if store is None or store.offset is None:
            return values
        if store.scale != 1:
            values = values / store.scale
        offset = store.offset / store.scale
        with np.errstate(over="ignore"):  # it shows in the result
            half = self._executor.halved(values, offset)
        if ((half.view(np.uint16) & _INFINITE).max(initial=0)) < _INFINITE:
            return half
        return values - offset[:, None, None]


def _half_scale(near: NDArray[Any]) -> float:
    """The power of two that brings numbers like these to where half precision is good."""
    largest = float(np.abs(near).max(initial=0))
    digits = np.log2(largest) if largest > 0 else 0.0
    return float(2.0 ** np.round(digits)) if abs(digits) > _COMFORT else 1.0


@dataclass(frozen=True)
class _Made:
    """A finished strip: rows as they are kept, their statistics, the first row that was read of each kept layer."""

    block: Array | Half
    moments: Moments | None
    lowest: Mapping[str, int]


def _fewer(rows: int, error: MemoryError) -> int:
    if rows <= 2:
        raise MemoryBudgetError(
            "Memory ran out even for the smallest strip; close other programs or make the picture smaller."
        ) from error
    return 2 * ceil(rows / 4)
