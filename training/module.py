"""A described network as a PyTorch module: the one builder for every network that ``senga.neural`` describes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from senga.neural.blocks import Add, Block, Conv, Double, Halve, LeakyReLU, Norm, Padding, Sampling, Tanh
from senga.neural.executor import Array
from senga.neural.graph import Network
from senga.neural.resample import taps
from senga.neural.training import spectral

Weights = Mapping[str, Tensor]
Rule = Callable[..., Tensor]
"""What a block makes of the weights of the network and of its inputs, in this order."""

_LEFT = "_left"


class NetworkModule(nn.Module):
    """Runs a network; its parameters have the names of the weights, so ``state_dict`` and weight files agree.

    Args:
        network: what to run.
        weights: first values, by name.
        spectral_norm: divide every kernel by its largest singular value, as ``NetworkCell`` of MindSpore does; the
            vectors that find it are buffers.

    Raises:
        ModelError: the weights do not fit the network.
        TypeError: the network has a block that this builder does not know.
    """

    def __init__(self, network: Network, weights: Mapping[str, Array], *, spectral_norm: bool = False) -> None:
        super().__init__()
        network.check(weights)
        for node in network.nodes:
            if node.inputs:
                _rule(node.block)
        self.network = network
        for name in network.parameters:
            holder, leaf = self._place(name)
            # Not as an attribute: a network may call its weights what a module calls something else.
            holder._parameters[leaf] = nn.Parameter(torch.from_numpy(np.array(weights[name], np.float32)))
        vectors = spectral.first_vectors(network) if spectral_norm else {}
        self._normed = tuple(vectors)
        for name, left in vectors.items():
            holder, leaf = self._place(name)
            holder._buffers[f"{leaf}{_LEFT}"] = torch.from_numpy(left)

    def forward(self, x: Tensor) -> Tensor:
        """The result for pictures (N, C, H, W) in [-1, 1]."""
        weights = self._divided()
        values: dict[str, Tensor] = {}
        for node in self.network.nodes:
            inputs = [values[name] for name in node.inputs]
            values[node.name] = _rule(node.block)(node.block, weights, *inputs) if inputs else x
        return values[self.network.nodes[-1].name]

    def follow(self) -> None:
        """One power iteration of every kernel with spectral norm; once a step."""
        kernels = dict(self.named_parameters())
        with torch.no_grad():
            for name, left in self._lefts().items():
                flat = kernels[name].flatten(1)
                left.copy_(_unit(flat @ _unit(flat.T @ left)))

    def _divided(self) -> dict[str, Tensor]:
        weights: dict[str, Tensor] = dict(self.named_parameters())
        for name, left in self._lefts().items():
            flat = weights[name].flatten(1)
            right = _unit(flat.detach().T @ left)
            weights[name] = weights[name] / (left @ (flat @ right))
        return weights

    def _lefts(self) -> dict[str, Tensor]:
        buffers = dict(self.named_buffers())
        return {name: buffers[f"{name}{_LEFT}"] for name in self._normed}

    def _place(self, name: str) -> tuple[nn.Module, str]:
        """The inner module that holds a weight, made where it is missing, and the weight's last name."""
        holder: nn.Module = self
        *path, leaf = name.split(".")
        for part in path:
            inner = holder._modules.get(part) or nn.Module()
            holder._modules[part] = inner
            holder = inner
        return holder, leaf


def _unit(vector: Tensor) -> Tensor:
    return vector / vector.norm().clamp_min(spectral.EPS)


def _rule(block: Block) -> Rule:
    try:
        return RULES[type(block)]
    except KeyError:
        raise TypeError(f"no PyTorch for the block {type(block).__name__}") from None


def _convolve(block: Conv, weights: Weights, x: Tensor) -> Tensor:
    sides, zeros = block.padding, (0, 0)
    if sides.mode == "zero" and (sides.top, sides.left) == (sides.bottom, sides.right):
        zeros = sides.top, sides.left
    else:
        x = _pad(x, sides)
    bias = weights[block.bias] if block.bias else None
    return functional.conv2d(x, weights[block.weight], bias, block.stride, zeros, groups=block.groups)


def _pad(x: Tensor, sides: Padding) -> Tensor:
    margins = sides.left, sides.right, sides.top, sides.bottom
    modes = {"reflect": "reflect", "edge": "replicate", "zero": "constant"}
    return functional.pad(x, margins, modes[sides.mode]) if any(margins) else x


def _normalise(block: Norm, weights: Weights, x: Tensor) -> Tensor:
    groups = 1 if block.over == "picture" else x.shape[1]
    return torch.group_norm(x, groups, weights[block.gamma], weights[block.beta], block.eps)


def _double(block: Double, _weights: Weights, x: Tensor) -> Tensor:
    if block.sampling == "tf1":
        return _between(_between(x, 2), 3)
    return _resize(x, block.sampling, 2 * x.shape[2], 2 * x.shape[3])


def _halve(block: Halve, _weights: Weights, x: Tensor) -> Tensor:
    return _resize(x, block.sampling, x.shape[2] // 2, x.shape[3] // 2)


def _between(x: Tensor, dim: int) -> Tensor:
    """Puts the mean of each two neighbours between them along `dim`; the last line is repeated."""
    following = torch.cat((x.narrow(dim, 1, x.shape[dim] - 1), x.narrow(dim, x.shape[dim] - 1, 1)), dim)
    return torch.stack((x, (x + following) * 0.5), dim + 1).flatten(dim, dim + 1)


def _resize(x: Tensor, sampling: Sampling, rows: int, columns: int) -> Tensor:
    for dim, target in ((2, rows), (3, columns)):
        before, after, share = (
            torch.from_numpy(a).to(x.device) for a in taps(sampling, x.shape[dim], target, 0, target)
        )
        share = share.unsqueeze(-1) if dim == 2 else share
        x = torch.lerp(x.index_select(dim, before), x.index_select(dim, after), share)
    return x


RULES: dict[type[Any], Rule] = {
    Conv: _convolve,
    Norm: _normalise,
    LeakyReLU: lambda block, _, x: functional.leaky_relu(x, block.slope),
    Tanh: lambda _block, _weights, x: x.tanh(),
    Add: lambda _block, _weights, x, y: x + y,
    Double: _double,
    Halve: _halve,
}
