"""Small networks, computed whole and at once: budgets, plans and strips take them several times their work."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from senga.errors import MissingExtraError
from senga.job import Job

from . import memory
from .blocks import Size
from .engine import evaluate
from .executor import Array, Executor
from .executors import choose, choose_whole
from .memory import MB
from .network import Network
from .onnx.graph_file import inner_model
from .openvino_runtime import held_numbers

LARGEST = 64 * MB
"""Bytes that wait at a time, of a network and an input that count as small."""
_SPARE = 2
"""So many times that is free where a budget is set."""


class SmallNetwork:
    """A network with its weights, made ready once for each runtime.

    It gives what ``evaluate`` gives, but for rounding: below 1e-5 of the largest number. Inputs that are large, or
    larger than a memory budget allows, and runtimes that know no whole networks are left to that.

    Args:
        network: with any inputs and outputs.
        weights: in the names of the network; they are not changed any more.

    Attributes:
        network: the same.
        weights: the same.
    """

    def __init__(self, network: Network, weights: Mapping[str, NDArray[Any]]) -> None:
        self.network, self.weights = network, weights
        self._sessions: dict[int, tuple[Any, Any]] = {}
        self._lock = threading.Lock()

    def __call__(self, given: Mapping[str, NDArray[Any]], job: Job, *, note: str = "computing") -> dict[str, Array]:
        """All results; see ``evaluate``, which tells of arguments and errors."""
        job.progress(0.0, note)
        session = self._session(job) if self._takes(given, job) else None
        if session is None:
            return evaluate(self.network, self.weights, given, job, note=note)
        made = session.run({name: _planes(given[name]) for name in self.network.inputs})
        job.progress(1.0, note)
        return {output.name: _as_told(values) for output, values in zip(self.network.outputs, made, strict=True)}

    def _takes(self, given: Mapping[str, NDArray[Any]], job: Job) -> bool:
        """Whether all inputs are as the network wants them, and small."""
        sizes: dict[str, Size] = {}
        for name, block in self.network.inputs.items():
            channels, shape = self.network.by_name[name].channels, given[name].shape if name in given else ()
            if shape == (channels,) and block.vector:
                continue
            if block.vector or len(shape) != 3 or shape[2] != channels or not self._is_whole((shape[0], shape[1])):
                return False
            sizes[name] = shape[0], shape[1]
        free = LARGEST if job.memory is None else (job.memory - memory.resident()) // _SPARE
        return _held(self.network, tuple(sizes.items())) <= min(LARGEST, free)

    def _is_whole(self, size: Size) -> bool:
        if self.network.fixed is not None:
            return size == self.network.fixed
        return min(size) > 0 and not any(side % self.network.multiple for side in size)

    def _session(self, job: Job) -> Any:
        """What computes it on the runtime that paints; None where that knows convolutions alone, or refuses."""
        try:
            is_whole = choose_whole(job.engine, job.device, job.threads, job.precision) is not None
            executor = choose("openvino" if is_whole else job.engine, job.device, job.threads, job.precision)
            make = getattr(executor, "session", None)
            return make and self._kept(executor, make)
        except MissingExtraError:
            if job.engine != "auto":
                raise
            return None

    def _kept(self, executor: Executor, make: Callable[[bytes], Any]) -> Any:
        with self._lock:
            if id(executor) not in self._sessions:  # the executor is kept too, so that no other gets its number
                self._sessions[id(executor)] = executor, make(inner_model(self.network, self.weights))
            return self._sessions[id(executor)][1]


@lru_cache(maxsize=64)
def _held(network: Network, sizes: tuple[tuple[str, Size], ...]) -> int:
    """Bytes that wait at a time."""
    return 4 * held_numbers(network, network.sizes_of(dict(sizes)))


def _planes(values: NDArray[Any]) -> Array:
    """(H, W, C) -> (1, C, H, W), and (C,) -> (1, C)."""
    return np.ascontiguousarray((values.transpose(2, 0, 1) if values.ndim == 3 else values)[None], np.float32)


def _as_told(values: Array) -> Array:
    """(1, C, H, W) -> (H, W, C), and (1, C) -> (C,)."""
    return np.asarray(values[0].transpose(1, 2, 0) if values.ndim == 4 else values[0])
