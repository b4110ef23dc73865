"""MindSpore's Adam with a state that can be kept, and what stands around an update."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from senga.errors import ModelError
from senga.neural.executor import Array

from .cell import NetworkCell, to_tensor
from .runtime import ms


class Adam:
    """Updates the weights of one network.

    Args:
        cell: the network.
        betas: how long the two means remember.
        clip: gradients whose common length is greater are shortened to it; 0 leaves them.
    """

    def __init__(self, cell: NetworkCell, betas: tuple[float, float] = (0.5, 0.999), clip: float = 0.0) -> None:
        self._names = list(cell.network.parameters)
        self._clip = clip
        self._adam = ms.nn.Adam(list(cell.weights), 1e-4, beta1=betas[0], beta2=betas[1], eps=1e-8)
        self._fresh = self.state()

    def update(self, gradients: Mapping[str, Array], rate: float) -> None:
        """One step against the gradients."""
        ms.ops.assign(self._adam.learning_rate, ms.Tensor(rate, ms.float32))
        scaled = clipped(gradients, self._clip)
        self._adam(tuple(to_tensor(scaled[name]) for name in self._names))

    def reset(self) -> None:
        """Forget all steps so far."""
        self.load(self._fresh)

    def state(self) -> dict[str, Array]:
        """What an update depends on beside weights and gradients; copies."""
        return {name: parameter.asnumpy().copy() for name, parameter in self._parameters().items()}

    def load(self, state: Mapping[str, Array]) -> None:
        """Take a state.

        Raises:
            ModelError: it belongs to another network.
        """
        for name, parameter in self._parameters().items():
            if name not in state or tuple(state[name].shape) != tuple(parameter.shape):
                raise ModelError(f"The state of the optimiser lacks “{name}”, or it has another shape.")
            ms.ops.assign(parameter, ms.Tensor(np.array(state[name]), parameter.dtype))

    def _parameters(self) -> dict[str, Any]:
        adam = self._adam
        found = {"global_step": adam.global_step, "beta1_power": adam.beta1_power, "beta2_power": adam.beta2_power}
        for kind, moments in (("moment1", adam.moment1), ("moment2", adam.moment2)):
            found |= {f"{kind}.{name}": moment for name, moment in zip(self._names, moments, strict=True)}
        return found


def clipped(gradients: Mapping[str, Array], longest: float) -> dict[str, Array]:
    """Gradients shortened together to a length; 0 leaves them."""
    length = float(np.sqrt(sum(float(np.vdot(g, g)) for g in gradients.values()))) if longest else 0.0
    if not length > longest:
        return dict(gradients)
    return {name: np.asarray(g * np.float32(longest / length), np.float32) for name, g in gradients.items()}


def averaged(mean: Mapping[str, Array], now: Mapping[str, Array], memory: float, step: int) -> dict[str, Array]:
    """A running mean of weights; it starts short and remembers longer with each step."""
    share = np.float32(1 - min(memory, step / (step + 10)))
    return {name: np.asarray(mean[name] + share * (now[name] - mean[name]), np.float32) for name in mean}
