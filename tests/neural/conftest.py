"""A float64 reading of the blocks, written from their definitions, and an executor of plain numpy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from senga.neural.blocks import Add, Block, Conv, Double, Halve, Input, LeakyReLU, Norm, Tanh
from senga.neural.executor import Activation, Array, Convolution, Half, activated, halved
from senga.neural.fold import folded
from senga.neural.graph import Network

Wide = NDArray[np.float64]
Weights = Mapping[str, NDArray[Any]]


def convolve(x: NDArray[Any], kernel: NDArray[Any], stride: int, groups: int, dilation: int = 1) -> NDArray[Any]:
    reach = [(length - 1) * dilation + 1 for length in kernel.shape[2:]]
    windows = sliding_window_view(x, reach, axis=(1, 2))[:, ::stride, ::stride, ::dilation, ::dilation]
    shares = zip(np.split(windows, groups), np.split(kernel, groups), strict=True)
    return np.concatenate([np.einsum("chwyx,ocyx->ohw", *share, optimize=True) for share in shares])


class NumpyExecutor:
    strip_bytes = 96 << 20
    held = 4.5
    columns = None
    concurrent = False

    def convolution(
        self, kernel: Array, bias: Array | None, stride: int, groups: int, dilation: int = 1
    ) -> Convolution:
        def run(x: Array | Half, before: Activation | None = None) -> Array:
            y = convolve(activated(x, before), kernel, stride, groups, dilation).astype(np.float32)
            return y if bias is None else y + bias[:, None, None]

        return run

    def doubling(self, kernel: Array, bias: Array | None) -> Convolution:
        return folded(self, kernel, bias)

    def halved(self, rows: Array, offset: Array) -> Half:
        return halved(rows, offset)

    def widened(self, rows: Half, before: Activation, out: Array) -> None:
        before.apply(rows, out)


def _doubled(x: Wide, sampling: str) -> Wide:
    n = len(x)
    if sampling == "align_corners":
        places = np.linspace(0, n - 1, 2 * n)
        return np.stack([np.interp(places, np.arange(n), column) for column in x.reshape(n, -1).T], 1).reshape(
            2 * n, *x.shape[1:]
        )
    if sampling == "half_pixel":
        grown = np.concatenate([x[:1], x, x[-1:]])
        pairs = [
            (0.25 * grown[i - 1] + 0.75 * grown[i], 0.75 * grown[i] + 0.25 * grown[i + 1]) for i in range(1, n + 1)
        ]
    else:
        grown = np.concatenate([x, x[-1:]])
        pairs = [(grown[i], (grown[i] + grown[i + 1]) / 2) for i in range(n)]
    return np.stack([row for pair in pairs for row in pair])


def _halved(x: Wide, sampling: str) -> Wide:
    if sampling == "half_pixel":
        return (x[0::2] + x[1::2]) / 2
    if sampling == "align_corners":
        n = len(x)
        places = np.linspace(0, n - 1, n // 2)
        before = np.minimum(places.astype(int), n - 2)
        share = (places - before).reshape(-1, *[1] * (x.ndim - 1))
        return x[before] * (1 - share) + x[before + 1] * share
    return x[::2]


def _both(act: Callable[[Wide, str], Wide], x: Wide, sampling: str) -> Wide:
    rows = act(x.transpose(1, 0, 2), sampling)
    return act(rows.transpose(2, 0, 1), sampling).transpose(2, 1, 0)


def _norm(x: Wide, norm: Norm, weights: Weights) -> Wide:
    axes = (0, 1, 2) if norm.over == "picture" else (1, 2)
    centred = x - x.mean(axes, keepdims=True)
    unit = centred / np.sqrt((centred**2).mean(axes, keepdims=True) + norm.eps)
    return unit * weights[norm.gamma][:, None, None] + weights[norm.beta][:, None, None]


def _block(block: Block, inputs: list[Wide], weights: Weights, photo: Wide) -> Wide:
    x = inputs[0] if inputs else photo
    match block:
        case Input():
            return photo
        case Conv(padding=pad):
            modes: dict[str, Any] = {"reflect": "reflect", "edge": "edge", "zero": "constant"}
            padded = np.pad(x, ((0, 0), (pad.top, pad.bottom), (pad.left, pad.right)), modes[pad.mode])
            kernel = weights[block.weight].astype(np.float64)
            y = convolve(padded, kernel, block.stride, block.groups, block.dilation)
            return y if block.bias is None else y + weights[block.bias][:, None, None]
        case Norm():
            return _norm(x, block, weights)
        case LeakyReLU(slope):
            return np.where(x > 0, x, slope * x)
        case Tanh():
            return np.tanh(x)
        case Add():
            return x + inputs[1]
        case Double(sampling):
            return _both(_doubled, x, sampling)
        case Halve(sampling):
            return _both(_halved, x, sampling)


def painted(network: Network, weights: Weights, pixels: NDArray[np.float32]) -> Wide:
    """The result for (H, W, 3) pixels in [0, 1] whose sides are multiples of what the network asks for."""
    values: dict[str, Wide] = {}
    photo = pixels.astype(np.float64).transpose(2, 0, 1) * 2 - 1
    for node in network.nodes:
        values[node.name] = _block(node.block, [values[name] for name in node.inputs], weights, photo)
    return (values[network.nodes[-1].name].transpose(1, 2, 0) + 1) / 2


@pytest.fixture(scope="session")
def reference() -> Callable[[Network, Weights, NDArray[np.float32]], Wide]:
    return painted


@pytest.fixture(scope="session")
def numpy_executor() -> NumpyExecutor:
    return NumpyExecutor()


@pytest.fixture(scope="session")
def random_weights() -> Callable[..., dict[str, NDArray[np.float32]]]:
    def make(network: Network, seed: int = 0) -> dict[str, NDArray[np.float32]]:
        rng = np.random.default_rng(seed)
        gammas = {node.block.gamma for node in network.nodes if isinstance(node.block, Norm)}
        weights = {}
        for name, shape in network.parameters.items():
            spread = 1 / np.sqrt(np.prod(shape[1:])) if len(shape) > 1 else 0.2
            weights[name] = (rng.normal(0, spread, shape) + (name in gammas)).astype(np.float32)
            if name.endswith("running_var"):
                weights[name] = np.abs(weights[name]) + np.float32(0.5)
        return weights

    return make


@pytest.fixture(scope="session")
def photo() -> Callable[[int, int], NDArray[np.float32]]:
    """A smooth picture with some edges and noise."""

    def make(height: int, width: int, seed: int = 0) -> NDArray[np.float32]:
        rng = np.random.default_rng(seed)
        y, x = np.mgrid[:height, :width]
        waves = np.stack([np.sin(x / 9 + c) * np.cos(y / 7 - c) for c in range(3)], axis=-1)
        edges = ((x // 11 + y // 13) % 3)[..., None] / 3
        return np.clip(0.5 + 0.25 * waves + 0.3 * (edges - 0.5) + rng.normal(0, 0.02, waves.shape), 0, 1).astype("f4")

    return make
