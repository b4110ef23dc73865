"""Runs described networks on batches of pictures, by MindSpore, kernel by kernel: nothing is compiled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from senga.errors import ModelError
from senga.neural import device
from senga.neural.executor import Array, as_array
from senga.neural.graph import Network

Shape = tuple[int, ...]


class MindSporeNetwork:
    """A network with its weights.

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
