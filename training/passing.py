"""First weights of a generator of U-GAT-IT that pass photographs on sharply, found by regression.

Such a generator has no way round its narrow middle. On the way down each quarter of the lightness gets channels of its
own; on the way up the kernels are those that bring back, by least squares, what was there on the way down. What begins
like this is recognisable from the first step on.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from senga.neural.graph import Network
from senga.plugins.face_drawing.first import beginning
from training.module import NetworkModule
from training.rules import rule

Arrays = dict[str, NDArray[np.float32]]
ROWS, RIDGE, BIAS, BRIGHTEST = 40_000, 1e-3, 2.0, 0.97
"""Places that a regression looks at, how it is held small, what keeps features above nothing, the largest colour."""


def passing(network: Network, photos: Tensor, goals: Tensor, seed: int = 0) -> Arrays:
    """First weights of a generator.

    Args:
        network: what they are for.
        photos: (N, 3, H, W) in [-1, 1], some to learn from.
        goals: what they should become.
        seed: of everything random.
    """
    weights = beginning(network, "identity", seed)
    _spread_out(weights)
    weights["attended.bias"][...] = BIAS
    seen = activations(network, weights, photos)["seen2.active"]
    weights["gamma.weight"][...] = 1 / (weights["gamma.weight"].shape[1] * float(seen.mean()))
    generator = torch.Generator().manual_seed(seed)
    for name, goal in (("up1", "down1.norm"), ("up2", "first.norm"), ("last", "")):
        values = activations(network, weights, photos)
        wanted = values[goal] if goal else torch.atanh(goals.clamp(-BRIGHTEST, BRIGHTEST))
        inputs = values[network.by_name[name].inputs[0]]
        kernel = regressed(inputs, wanted, weights[f"{name}.weight"].shape[-1], generator)
        weights[f"{name}.weight"] = _as_large_as_others(kernel) if goal else kernel
    return weights


def _as_large_as_others(kernel: NDArray[np.float32]) -> NDArray[np.float32]:
    """A kernel before a norm, whose size is free, as large as random ones.

    What is regressed is fifty times smaller. Adam moves all numbers by the learning rate, so it would be undone within
    some dozen steps, and eyes and mouths with it.
    """
    wanted = (2 / kernel[0].size) ** 0.5
    return np.asarray(kernel * (wanted / kernel.std()), np.float32)


def _spread_out(weights: Arrays) -> None:
    """The way down: lightness of each place in channels of its own, both signs of all; the rest stays random."""
    first, rng = weights["first.weight"], np.random.default_rng(1)
    count = len(first)
    signs = [1 if channel // 3 % 2 == 0 else -1 for channel in range(count)]
    light, reds, blues = ([c for c in range(6) if c % 3 == kind] for kind in range(3))
    halved, quarter = weights["down1.weight"], weights["down2.weight"]
    for kernel in (halved, quarter):
        kernel[...] = rng.normal(0, (2 / (kernel.shape[1] * 9)) ** 0.5, kernel.shape)
    places = [(1, 1), (1, 2), (2, 1), (2, 2)]
    pairs = {"light": light, "red": reds, "blue": blues}
    next_pairs = _down(halved, [(pairs["light"], [place]) for place in places], signs, 0)
    chroma = _down(halved, [(pairs[kind], places) for kind in ("red", "blue")], signs, 8)
    alternate = [1 if channel % 2 == 0 else -1 for channel in range(len(halved))]
    _down(quarter, [(pair, [place]) for pair in next_pairs for place in places], alternate, 0)
    _down(quarter, [(pair, places) for pair in chroma], alternate, 32)


def _down(
    kernel: NDArray[np.float32], parts: list[tuple[list[int], list[tuple[int, int]]]], signs: list[int], begun: int
) -> list[list[int]]:
    """Two channels for each part, one for each sign; where they are."""
    found, channel = [], begun
    for inputs, places in parts:
        for sign in (1, -1):
            kernel[channel] *= 0.05
            for each in inputs:
                for row, column in places:
                    kernel[channel, each, row, column] += sign * signs[each] / len(places)
            channel += 1
        found.append([channel - 2, channel - 1])
    return found


def activations(network: Network, weights: Mapping[str, NDArray[np.float32]], photos: Tensor) -> dict[str, Tensor]:
    """What each node of a network makes of pictures."""
    module = NetworkModule(network, weights)
    values = {next(iter(network.inputs)): photos}
    with torch.inference_mode():
        for node in network.nodes:
            if node.inputs:
                found = rule(node.block)(node.block, module._weights(), *(values[name] for name in node.inputs))
                values[node.name] = found
    return values


def regressed(inputs: Tensor, wanted: Tensor, kernel: int, generator: torch.Generator) -> NDArray[np.float32]:
    """The kernel with which a convolution of inputs is nearest to what is wanted, (outputs, inputs, rows, columns)."""
    edge, taps = kernel // 2, inputs.shape[1] * kernel**2
    gram, products = torch.zeros(taps, taps), torch.zeros(taps, wanted.shape[1])
    some = max(1, ROWS // len(inputs))
    for picture, aim in zip(inputs, wanted, strict=True):
        padded = functional.pad(picture[None], (edge,) * 4, "reflect")
        places = torch.randperm(aim[0].numel(), generator=generator)[:some]
        rows = functional.unfold(padded, kernel)[0, :, places].T  # (places, taps)
        gram += rows.T @ rows
        products += rows.T @ aim.flatten(1)[:, places].T
    gram.diagonal().add_(RIDGE * gram.diagonal().mean())
    found = torch.linalg.solve(gram, products).T.reshape(-1, inputs.shape[1], kernel, kernel)
    return np.ascontiguousarray(found.numpy(), np.float32)
