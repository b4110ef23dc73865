"""A described network as a PyTorch module: the one builder for every network that ``senga.neural`` describes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from senga.neural.blocks import BatchNorm
from senga.neural.executor import Array
from senga.neural.graph import Network
from senga.neural.training import spectral
from training.rules import batch_norm_of_batch, rule

_LEFT = "_left"


class NetworkModule(nn.Module):
    """Runs a network; ``state_dict`` has the names of its weights, so that both can be exchanged for each other.

    While it trains (``train()``), batch norms take the statistics of what they see, and ``follow`` moves those of the
    network, which are buffers, towards them. Where ``notes`` is False they are not taken, which saves a quarter of the
    time of networks with many norms; every fourth step is enough.

    Args:
        network: what to run.
        weights: first values, by name.
        spectral_norm: divide every kernel by its largest singular value, as ``NetworkCell`` of MindSpore does; the
            vectors that find it are buffers, too.

    Raises:
        ModelError: the weights do not fit the network.
        TypeError: the network has a block that this builder does not know.
    """

    def __init__(self, network: Network, weights: Mapping[str, Array], *, spectral_norm: bool = False) -> None:
        super().__init__()
        network.check(weights)
        for node in network.nodes:
            if node.inputs:
                rule(node.block)
        self.network, self.notes = network, True
        norms = [node.block for node in network.nodes if isinstance(node.block, BatchNorm)]
        self._statistics = frozenset(name for norm in norms for name in (norm.mean, norm.variance))
        vectors = spectral.first_vectors(network) if spectral_norm else {}
        self._normed = tuple(vectors)
        for name in network.parameters:
            self._hold(name, weights[name], learns=name not in self._statistics)
        for name, left in vectors.items():
            self._hold(f"{name}{_LEFT}", left, learns=False)
        self._moments: dict[tuple[str, str], tuple[Tensor, Tensor]] = {}

    def forward(self, *given: Tensor) -> Any:
        """The result for pictures (N, C, H, W), in [-1, 1] unless the network says otherwise.

        Several inputs and results are in the order of the network, results as a tuple; vectors are (N, C, 1, 1).
        """
        weights = self._weights()
        values: dict[str, Tensor] = dict(zip(self.network.inputs, given, strict=True))
        for node in self.network.nodes:
            inputs = [values[name] for name in node.inputs]
            if self.training and isinstance(node.block, BatchNorm):
                values[node.name] = batch_norm_of_batch(node.block, weights, *inputs)
                if self.notes:
                    self._note(node.block, inputs[0].detach())
            elif inputs:
                values[node.name] = rule(node.block)(node.block, weights, *inputs)
        found = tuple(values[output.node] for output in self.network.outputs)
        return found if len(found) > 1 else found[0]

    def follow(self, share: float = 0.1) -> None:
        """One power iteration of every kernel with spectral norm, a step of batch norms' statistics; once a step."""
        state = dict(self.named_parameters()) | dict(self.named_buffers())
        with torch.no_grad():
            for name in self._normed:
                flat, left = state[name].flatten(1), state[f"{name}{_LEFT}"]
                left.copy_(_unit(flat @ _unit(flat.T @ left)))
            for names, seen in self._moments.items():
                for name, value in zip(names, seen, strict=True):
                    state[name].lerp_(value, share)
        self._moments = {}

    def _note(self, block: BatchNorm, x: Tensor) -> None:
        variance, mean = torch.var_mean(x.float(), (0, 2, 3))
        self._moments[block.mean, block.variance] = mean, variance

    def _weights(self) -> dict[str, Tensor]:
        """By name; kernels divided where they have spectral norm."""
        buffers = dict(self.named_buffers())
        weights: dict[str, Tensor] = dict(self.named_parameters()) | {name: buffers[name] for name in self._statistics}
        for name in self._normed:
            flat, left = weights[name].flatten(1), buffers[f"{name}{_LEFT}"]
            right = _unit(flat.detach().T @ left)
            weights[f"{spectral.RAW}{name}"] = weights[name]
            weights[name] = weights[name] / (left @ (flat @ right))
        return weights

    def _hold(self, name: str, array: Array, *, learns: bool) -> None:
        """Keep an array in an inner module for every part of its name.

        Not as an attribute: a network may call its weights what a module calls something else.
        """
        holder: nn.Module = self
        *path, leaf = name.split(".")
        for part in path:
            holder = holder._modules.setdefault(part, nn.Module())  # type: ignore[assignment] # never None here
        tensor = torch.from_numpy(np.array(array, np.float32))
        if learns:
            holder._parameters[leaf] = nn.Parameter(tensor)
        else:
            holder._buffers[leaf] = tensor


def _unit(vector: Tensor) -> Tensor:
    return vector / vector.norm().clamp_min(spectral.EPS)
