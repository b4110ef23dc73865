"""Runs described networks on batches of pictures, by any runtime."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from senga.errors import ModelError
from senga.job import Device, Engine, Job
from senga.neural import device
from senga.neural.engine import evaluate
from senga.neural.executor import Array, as_array
from senga.neural.executors import installed
from senga.neural.graph import Network

Shape = tuple[int, ...]
Run = Callable[[Array], dict[str, Array]]
"""From (pictures, channels, H, W) to the results by their names, (pictures, channels, H', W') each."""


def running(
    network: Network, weights: Mapping[str, Array], device_name: Device, threads: int | None, engine: Engine
) -> Run:
    """A network with its weights, on what ``senga.neural.engine`` would take, or MindSpore where nothing else is there.

    Args:
        network: with one input.
        weights: by name.
        device_name: see ``senga.job.Job``.
        threads: for the processor.
        engine: see ``senga.job.Job``.

    Raises:
        MissingExtraError: the runtime is not there.
        ModelError: the weights do not fit.
    """
    others = installed("onnxruntime") or installed("openvino")
    if engine == "mindspore" or (engine == "auto" and (device_name == "ascend" or not others)):
        return MindSporeNetwork(network, weights, device_name, threads)
    return _EvaluatedNetwork(network, weights, device_name, threads, engine)


class _EvaluatedNetwork:
    """A network with its weights, picture by picture."""

    def __init__(
        self, network: Network, weights: Mapping[str, Array], device_name: Device, threads: int | None, engine: Engine
    ) -> None:
        network.check(weights)
        self._network, self._weights = network, weights
        job = Job(device=device_name, engine=engine)
        self._job = replace(job, threads=threads) if threads else job

    def __call__(self, batch: Array) -> dict[str, Array]:
        """See ``Run``."""
        (name,) = self._network.inputs
        found = [
            evaluate(self._network, self._weights, {name: picture.transpose(1, 2, 0)}, self._job) for picture in batch
        ]
        return {each: np.stack([_planes(results[each]) for results in found]) for each in found[0]}


def _planes(values: Array) -> Array:
    """(H, W, C) -> (C, H, W); a vector becomes a picture of one pixel."""
    return values.transpose(2, 0, 1) if values.ndim == 3 else values[:, None, None]


class MindSporeNetwork:
    """A network with its weights, a whole batch at a time, kernel by kernel: nothing is compiled.

    Args:
        network: with one input.
        weights: by name.
        device_name: see ``senga.neural.device``.
        threads: for the processor.

    Raises:
        MissingExtraError: MindSpore is not there.
        ModelError: the weights do not fit.
    """

    def __init__(
        self, network: Network, weights: Mapping[str, Array], device_name: str = "auto", threads: int | None = None
    ) -> None:
        network.check(weights)
        self._mindspore, _ = device.start(device_name, threads)
        from senga.neural.training import plain  # it starts MindSpore where that has not been done

        self._run, self._network = plain.run, network
        self._weights = {name: self._tensor(weights[name]) for name in network.parameters}

    def __call__(self, batch: Array) -> dict[str, Array]:
        """The results by their names, (pictures, channels, H, W) each."""
        (name,) = self._network.inputs
        found = self._run(self._network, {name: self._tensor(batch)}, self._weights)
        return {name: np.asarray(result.asnumpy(), np.float32) for name, result in found.items()}

    def _tensor(self, values: NDArray[Any]) -> Any:
        return self._mindspore.Tensor(as_array(values))


def check_shape(weights: Mapping[str, NDArray[Any]], name: str, shape: Shape, network: str) -> None:
    """Refuse weights of another network.

    Raises:
        ModelError: ``name`` is missing or has another shape.
    """
    if name not in weights:
        raise ModelError(f"These weights are no {network}: “{name}” is missing.")
    found = tuple(weights[name].shape)
    if found != shape:
        raise ModelError(f"These weights are no {network}: “{name}” has the shape {found} instead of {shape}.")
