"""Paints a picture with a network: device, memory budget, strips with exact whole-picture statistics, cancel."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from senga.errors import MemoryBudgetError, MissingExtraError
from senga.image import Pixels
from senga.job import Job

from . import memory
from .executor import Array, Executor, Half
from .executors import check_precision, choose, choose_whole, log
from .moments import Moments
from .network import Network, Size
from .openvino_runtime import needs
from .plan import Sweep, has_margins, operations, sweeps, waiting, working_bytes
from .prepare import Prepared, prepare
from .storage import Scratch, Store
from .strips import LayerCache, Strip

STRIP_OPERATIONS = 32e9
"""At most so much between two looks at the cancel button."""
STRIPS = 8
"""At least so many where they are computed side by side, so that no thread waits long for the last one."""
LOW = 24
"""Strips are not made lower than so many rows to have more of them."""
ROWS = 16
"""So many rows of a dense convolution with margins, however wide they are, where memory allows it."""
SHARE = 6
"""A strip takes at most this part of the free memory."""
BAND = 256
"""So many rows of a whole picture are put into the result at a time."""
_LEAST = 24 * memory.MB
_SCALE = {np.dtype(np.uint8): 255.0, np.dtype(np.uint16): 65535.0, np.dtype(np.float32): 1.0}


def run(
    network: Network,
    weights: Mapping[str, NDArray[Any]],
    pixels: Pixels,
    job: Job,
    *,
    note: str = "painting",
    executor: Executor | None = None,
) -> Pixels:
    """Paint a picture, whole where the runtime is best at that and memory allows it, else strip by strip.

    The result does not depend on threads, and at full precision not on the memory budget beyond rounding (below
    0.1/255 on average). Strips are always painted at full precision.

    Args:
        network: takes RGB in [-1, 1] and gives the same.
        weights: in the names of the network.
        pixels: (H, W, 3) of any size: ``uint8``, ``uint16`` or ``float32`` in [0, 1].
        job: engine, device, precision, memory budget, threads, progress, cancel.
        note: what the progress line says.
        executor: in place of what the job asks for.

    Returns:
        (H, W, 3) of the same type.

    Raises:
        ModelError: the weights do not fit the network.
        MemoryBudgetError: even the smallest strip does not fit the budget.
        MissingExtraError: no runtime is installed.
        SettingsError: the engine, the device or the precision is not there.
        Cancelled: the user asked to stop.
    """
    job.progress(0.0, note)
    network.check(weights)
    painted = None if executor else _at_once(network, weights, pixels, job, note)
    if painted is not None:
        return painted
    prepared = prepare(network, weights, executor or choose(job.engine, job.device, job.threads))
    with memory.retained.measured():
        return _Painting(network, prepared, pixels, job, note).done()


def _at_once(
    network: Network, weights: Mapping[str, NDArray[Any]], pixels: Pixels, job: Job, note: str
) -> Pixels | None:
    """The result of a runtime for whole pictures; None where there is none, or too little memory for it."""
    check_precision(job.precision)
    photo, result = Photo(pixels, network.multiple), np.empty(pixels.shape, pixels.dtype)
    sizes = network.sizes(*photo.size)
    free = memory.budget(job.memory) - memory.retained.occupied() - result.nbytes
    if job.engine == "auto" and "openvino" not in sys.modules and needs(network, sizes, drafts=True) > free:
        return None  # the library would take memory that strips are short of
    runtime = choose_whole(job.engine, job.device, job.threads, job.precision)
    if runtime is None or (job.engine == "auto" and network in runtime.refused):
        return None
    if runtime.needs(network, sizes) > free:
        memory.retained.given_back(runtime.release)
        return None
    try:
        with memory.retained.measured():
            rows = photo.rows(0, photo.size[0])
            values = runtime.paint(network, weights, rows, lambda share: job.progress(share, note))
            for top in range(0, len(values[0]), BAND):
                put(values[:, top : top + BAND], result, top)
    except MemoryError:
        memory.retained.given_back(runtime.release)
        return None
    except MissingExtraError as error:
        if job.engine != "auto":
            raise
        log.warning("%s Until then another runtime paints.", error)
        return None
    job.progress(1.0, note)
    return result


class _Painting:
    """One picture on its way through a network, sweep by sweep."""

    def __init__(self, network: Network, prepared: Prepared, pixels: Pixels, job: Job, note: str) -> None:
        photo = Photo(pixels, network.multiple)
        self._network = network = prepared.network
        self._executor = prepared.executor
        self._job, self._note = job, note
        self._sizes = network.sizes(*photo.size)
        self._result = np.empty(pixels.shape, pixels.dtype)
        at_once = job.threads if self._executor.concurrent else 1
        self._share = allot(network, self._sizes, job.memory, self._result.nbytes, self._executor, at_once)
        self._waiting = waiting(network, self._sizes, self._share.waiting, memory.free_scratch())
        self._scratch = Scratch(self._share.waiting, self._share.ceiling)
        self._layers = LayerCache(prepared, self._sizes, {next(iter(network.inputs)): photo.rows})

    def done(self) -> Pixels:
        """The result."""
        order = sweeps(self._network, self._waiting.layers)
        work = [operations(self._network, self._sizes, sweep.nodes) for sweep in order]
        ends = np.cumsum([0, *work]) / sum(work)
        with closing(self._scratch), closing(self._layers), ThreadPoolExecutor(self._share.at_once) as pool:
            for sweep, operated, start, stop in zip(order, work, ends, ends[1:], strict=False):
                self._sweep(sweep, operated, self._job.part(start, stop), pool)
                self._layers.drop(sweep.done)
        self._job.progress(1.0, self._note)
        return self._result

    def _sweep(self, sweep: Sweep, operated: int, job: Job, pool: ThreadPoolExecutor) -> None:
        """Compute the root from top to bottom; keep it, take its statistics, or put it into the result."""
        layers, store = self._layers, self._open(sweep)
        rows = self._rows_per_strip(sweep, operated)
        whole: Moments | None = None
        for made in self._strips(sweep, store, rows, job, pool):
            if made.moments is not None:
                whole = made.moments if whole is None else whole + made.moments
            if store is not None:
                store.append(made.block)
            for name in sweep.done & made.lowest.keys():
                layers.stores[name].drop_above(made.lowest[name])
        if whole is not None:
            layers.moments[sweep.root] = whole
        if store is not None:
            layers.stores[sweep.root] = store

    def _rows_per_strip(self, sweep: Sweep, operated: int) -> int:
        height = self._sizes[sweep.root][0]
        working = working_bytes(self._network, self._sizes, sweep.nodes, self._executor.columns)
        tall = working * ROWS / height if has_margins(self._network, sweep.nodes) else 0
        strip = min(max(tall, self._executor.strip_bytes), self._share.strip)
        least = min(STRIPS, max(height // LOW, 2)) if self._executor.concurrent else 1
        return rows_per_strip(height, max(working / strip, operated / STRIP_OPERATIONS, least))

    def _open(self, sweep: Sweep) -> Store | None:
        if not sweep.keeps:
            return None
        if self._waiting.exact:
            return Store(self._scratch)
        middle = self._sizes[sweep.root][0] // 2
        probe = Strip(self._layers).rows(sweep.root, middle, middle + 1)
        return Store(self._scratch, Moments.of(probe).mean.astype(np.float32))

    def _strips(
        self, sweep: Sweep, store: Store | None, rows: int, job: Job, pool: ThreadPoolExecutor
    ) -> Iterator[_Made]:
        """Compute strips, several at once, and give them in order; smaller ones from where memory ran out."""
        height, top = self._sizes[sweep.root][0], 0
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

    def _make(self, sweep: Sweep, store: Store | None, top: int, bottom: int) -> _Made:
        strip = Strip(self._layers)
        values = strip.compute(sweep.root, top, bottom)
        moments = Moments.of(values) if sweep.norms else None
        if store is None and not sweep.norms:
            put(values, self._result, top)
        offset = store.offset if store is not None else None
        return _Made(values if offset is None else self._executor.halved(values, offset), moments, strip.lowest)


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


class Photo:
    """Rows of the picture as the network takes them, mirrored at the bottom and right up to the next multiple."""

    def __init__(self, pixels: Pixels, multiple: int) -> None:
        self._pixels = pixels
        height, width = (max(ceil(length / multiple), 2) * multiple for length in pixels.shape[:2])
        self.size: Size = height, width
        self._down = mirrored(height, pixels.shape[0])
        self._right = mirrored(width, pixels.shape[1])

    def rows(self, start: int, stop: int) -> Array:
        """(3, rows, W) in [-1, 1]."""
        strip = self._pixels[self._down[start:stop]][:, self._right]
        scaled = np.multiply(strip, np.float32(2 / _SCALE[self._pixels.dtype]), dtype=np.float32)
        scaled -= np.float32(1)
        return np.ascontiguousarray(scaled.transpose(2, 0, 1))


def mirrored(target: int, length: int) -> NDArray[np.intp]:
    """Indices 0..target-1 reflected into 0..length-1, the edge not repeated."""
    period = max(2 * (length - 1), 1)
    index = np.arange(target) % period
    return np.minimum(index, period - index) if length > 1 else np.zeros(target, np.intp)


def put(values: Array, result: Pixels, top: int) -> None:
    """Write (3, rows, W) in [-1, 1] into (H, W, 3) at row ``top``, cropped to its size; integers are rounded."""
    target = result[top : top + values.shape[1]]
    full = np.float32(_SCALE[result.dtype])
    scaled = values[:, : target.shape[0], : target.shape[1]].transpose(1, 2, 0) * (full / 2)
    scaled += full / 2
    np.clip(scaled, 0, full, out=scaled)
    target[...] = scaled if result.dtype == np.float32 else np.rint(scaled, out=scaled)


@dataclass(frozen=True)
class Share:
    """A budget, shared out.

    Attributes:
        strip: bytes for the work on one strip.
        waiting: bytes for layers that wait.
        at_once: strips that are worked on at the same time.
        ceiling: bytes that the process may hold while there is none.
    """

    strip: int
    waiting: int
    at_once: int
    ceiling: int = sys.maxsize


def allot(
    network: Network, sizes: Mapping[str, Size], asked: int | None, result: int, executor: Executor, at_once: int
) -> Share:
    """Share a budget out; the height of strips does not depend on how many are worked on at once.

    Args:
        network: the network.
        sizes: of its nodes.
        asked: peak bytes for the process, or None.
        result: bytes of the result.
        executor: what it will run on.
        at_once: strips that it could work on at once.

    Raises:
        MemoryBudgetError: not even a strip of two rows fits.
    """
    budget, occupied = memory.budget(asked), memory.retained.occupied() + result
    free = budget - occupied
    row = max(working_bytes(network, sizes, [name], executor.columns) / sizes[name][0] for name in sizes)
    strip = min(max(executor.strip_bytes, int(ROWS * row)), free // SHARE)
    least = max(min(_LEAST, executor.strip_bytes), int(2 * row))
    if free // SHARE < least:
        need = (occupied + SHARE * least) // memory.MB + 1
        raise MemoryBudgetError(
            f"A memory budget of {budget // memory.MB} MB is too small for this picture; allow at least {need} MB, or "
            "make the picture smaller."
        )
    held = executor.held * max(strip, least)
    at_once = int(min(max(free / 2 // held, 1), at_once))
    return Share(strip, int(free - held * at_once), at_once, int(budget - held * at_once))


def rows_per_strip(height: int, strips: float) -> int:
    """Rows of each of so many strips: an even number, and one of eight where that is no more than asked for."""
    rows = max(2 * ceil(height / strips / 2), 2)
    return rows - rows % 8 if rows > 8 else rows  # runtimes compute some rows at a time
