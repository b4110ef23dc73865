"""Paints a picture with a network: device, memory budget, strips with exact whole-picture statistics, cancel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from functools import lru_cache
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from senga.errors import MemoryBudgetError
from senga.image import Pixels
from senga.job import Job

from . import memory
from .blocks import Norm
from .executor import Array, Executor, Executors
from .graph import Network, Size
from .mindspore_executor import MindSporeExecutor
from .plan import Sweep, operations, place, sweeps, working_bytes
from .prepare import Prepared, prepare
from .storage import open_store
from .strips import Strips, Sums

STRIP_BYTES = 96 * memory.MB
"""Working memory of one strip; more is not faster."""
STRIP_OPERATIONS = 8e9
"""At most so much between two looks at the cancel button."""
SHARE = 6
"""A strip takes at most this part of the free memory."""
HELD = 4.5
"""So many times its working memory a strip takes in the worst layers: the runtime has copies and keeps them."""
_LEAST = 24 * memory.MB
_SCALE = {np.dtype(np.uint8): 255.0, np.dtype(np.uint16): 65535.0, np.dtype(np.float32): 1.0}


@lru_cache(maxsize=4)
def mindspore_executor(device: str, threads: int | None) -> Executor:
    """The executor of this process for a device."""
    return MindSporeExecutor(device, threads)


def run(
    network: Network,
    weights: Mapping[str, NDArray[Any]],
    pixels: Pixels,
    job: Job,
    *,
    note: str = "painting",
    executors: Executors = mindspore_executor,
) -> Pixels:
    """Paint a picture. The result does not depend on the memory budget beyond rounding (below 0.1/255 on average).

    Args:
        network: takes RGB in [-1, 1] and gives the same.
        weights: in the names of the network.
        pixels: (H, W, 3) of any size: ``uint8``, ``uint16`` or ``float32`` in [0, 1].
        job: memory budget, device, threads, progress, cancel.
        note: what the progress line says.
        executors: makes the runtime.

    Returns:
        (H, W, 3) of the same type.

    Raises:
        ModelError: the weights do not fit the network.
        MemoryBudgetError: even the smallest strip does not fit the budget.
        MissingExtraError: no runtime is installed.
        Cancelled: the user asked to stop.
    """
    job.progress(0.0, note)
    prepared = prepare(network, weights, executors(job.device, job.threads))
    with memory.retained.measured():
        return _painted(network, prepared, pixels, job, note)


def _painted(network: Network, prepared: Prepared, pixels: Pixels, job: Job, note: str) -> Pixels:
    photo = Photo(pixels, network.multiple)
    sizes = network.sizes(*photo.size)
    result = np.empty(pixels.shape, pixels.dtype)
    strip, room = allot(network, sizes, job.memory, result.nbytes)
    places = place(network, sizes, room, memory.free_scratch())
    order = sweeps(network, frozenset(places))
    work = [operations(network, sizes, sweep.nodes) for sweep in order]
    with closing(Strips(network, prepared, sizes, photo.rows)) as strips:
        for i, sweep in enumerate(order):
            part = job.part(sum(work[:i]) / sum(work), sum(work[: i + 1]) / sum(work))
            strips.stores.update({name: open_store(places[name]) for name in sweep.fills})
            rows = rows_per_strip(network, sizes, sweep, strip, work[i])
            swept = _swept(strips, sweep, sizes, rows, part, note)
            if sweep.norm is None:
                for top, values in swept:
                    put(values, result, top)
            else:
                _measure(network, prepared, strips, sweep.norm, swept)
            for name in sweep.fills:
                strips.complete(name, sizes[name][0])
            strips.drop(sweep.done)
    job.progress(1.0, note)
    return result


def _measure(
    network: Network, prepared: Prepared, strips: Strips, norm: str, swept: Iterator[tuple[int, Array]]
) -> None:
    """Take the sums of a whole layer for the norm behind it."""
    block = network.by_name[norm].block
    if not isinstance(block, Norm):
        raise TypeError(norm)
    sums = Sums(block, prepared.norms[norm])
    for _, values in swept:
        sums.add(values)
    strips.norms[norm] = sums.scale_and_shift()


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


def allot(network: Network, sizes: Mapping[str, Size], asked: int | None, result: int) -> tuple[int, int]:
    """Share a budget out: bytes for the work on one strip, and bytes for layers that wait.

    Args:
        network: the network.
        sizes: of its nodes.
        asked: peak bytes for the process, or None.
        result: bytes of the result.

    Raises:
        MemoryBudgetError: not even a strip of two rows fits.
    """
    budget, occupied = memory.budget(asked), memory.retained.occupied() + result
    free = budget - occupied
    strip = min(STRIP_BYTES, free // SHARE)
    row = max(working_bytes(network, sizes, [name]) / sizes[name][0] for name in sizes)
    least = max(_LEAST, int(2 * row))
    if strip < least:
        need = (occupied + SHARE * least) // memory.MB + 1
        raise MemoryBudgetError(
            f"A memory budget of {budget // memory.MB} MB is too small for this picture; allow at least {need} MB, or "
            "make the picture smaller."
        )
    return strip, int(free - HELD * strip)


def rows_per_strip(network: Network, sizes: Mapping[str, Size], sweep: Sweep, strip: int, work: int) -> int:
    """Rows of a strip such that it fits ``strip`` bytes and takes no longer than a painter waits for a cancel."""
    count = max(working_bytes(network, sizes, sweep.nodes) / strip, work / STRIP_OPERATIONS, 1)
    return max(2 * ceil(sizes[sweep.root][0] / count / 2), 2)


def _swept(
    strips: Strips, sweep: Sweep, sizes: Mapping[str, Size], rows: int, job: Job, note: str
) -> Iterator[tuple[int, Array]]:
    """Compute the root of a sweep from top to bottom, (top, rows) by (top, rows), in smaller strips if need be."""
    height, top = sizes[sweep.root][0], 0
    while top < height:
        job.progress(top / height, note)
        strips.lowest.clear()
        bottom = min(top + rows, height)
        try:
            values = strips.rows(sweep.root, top, bottom)
        except MemoryError as error:
            if rows <= 2:
                raise MemoryBudgetError(
                    "Memory ran out even for the smallest strip; close other programs or make the picture smaller."
                ) from error
            rows = 2 * ceil(rows / 4)
            continue
        yield top, values
        for name in sweep.done & strips.lowest.keys():
            strips.stores[name].drop_above(strips.lowest[name])
        top = bottom
