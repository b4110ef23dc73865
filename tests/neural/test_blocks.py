"""Every block against its definition in float64, on the executor that ships."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from senga.errors import ModelError
from senga.job import Job
from senga.neural.blocks import Padding, PadMode, Sampling
from senga.neural.engine import run
from senga.neural.graph import Builder, Network
from senga.neural.mindspore_executor import MindSporeExecutor
from senga.neural.resample import blend, taps

SAMPLINGS: tuple[Sampling, ...] = ("tf1", "half_pixel", "align_corners")
Tools = dict[str, Any]


@pytest.fixture
def compare(reference: Any, random_weights: Any, photo: Any) -> Callable[[Network, int, int], float]:
    """The largest difference between the engine and the definition."""

    def difference(network: Network, height: int, width: int) -> float:
        weights, pixels = random_weights(network), photo(height, width)
        return float(abs(run(network, weights, pixels, Job()) - reference(network, weights, pixels)).max())

    return difference


def finish(net: Builder, x: str) -> Network:
    net.tanh(net.conv(x, "last", 3, kernel=1))
    return net.build("tiny", multiple=2)


@pytest.mark.parametrize("mode", ["reflect", "edge", "zero"])
@pytest.mark.parametrize(("kernel", "stride"), [(1, 1), (3, 1), (3, 2), (5, 1), (7, 1)])
def test_convolution(compare: Any, kernel: int, stride: int, mode: PadMode) -> None:
    net = Builder()
    pad = Padding(0, 0, 1, 1, mode) if stride == 2 else Padding.same(kernel, mode)
    x = net.conv(net.conv(net.input, "wide", 9, kernel=1), "conv", 5, kernel, stride, padding=pad, bias=True)
    x = net.double(x, "tf1") if stride == 2 else x
    if stride == 2:
        net.tanh(net.conv(x, "last", 3, kernel=1))
        assert compare_sizes(net.build("tiny", 2), compare) < 1e-5
    else:
        assert compare(finish(net, x), 10, 14) < 1e-5


def compare_sizes(network: Network, compare: Any) -> float:
    assert network.sizes(10, 14)[network.nodes[-1].name] == (10, 14)
    return float(compare(network, 10, 14))


@pytest.mark.parametrize("bias", [False, True])
def test_depthwise_convolution(compare: Any, bias: bool) -> None:
    net = Builder()
    x = net.depthwise(net.conv(net.input, "wide", 16, kernel=1), "each", bias=bias)
    assert compare(finish(net, x), 8, 12) < 1e-5


@pytest.mark.parametrize("eps", [1e-12, 1e-5, 0.1])
@pytest.mark.parametrize("kind", ["layer_norm", "instance_norm"])
def test_norms_with_leaky_relu(compare: Any, kind: str, eps: float) -> None:
    net = Builder()
    x = getattr(net, kind)(net.conv(net.input, "conv", 7, kernel=3), "norm", eps)
    assert compare(finish(net, net.leaky_relu(x, 0.2)), 12, 10) < 1e-5


@pytest.mark.parametrize("kernel", [1, 3])
@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_halving_and_doubling(compare: Any, sampling: Sampling, kernel: int) -> None:
    net = Builder()
    x = net.conv(net.halve(net.input, sampling), "low", 4, kernel=3)
    x = net.leaky_relu(net.layer_norm(x, "norm", 1e-5))
    assert compare(finish(net, net.conv(net.double(x, sampling), "high", 6, kernel=kernel)), 12, 16) < 1e-5


@pytest.mark.parametrize(("height", "width"), [(4, 4), (4, 30), (30, 4)])
def test_folded_doubling_is_exact_at_borders(compare: Any, height: int, width: int) -> None:
    net = Builder()
    x = net.conv(net.input, "down", 4, 3, 2, padding=Padding(bottom=1, right=1))
    assert compare(finish(net, net.conv(net.double(x, "tf1"), "up", 5, kernel=3, bias=True)), height, width) < 1e-5


def test_a_skip_that_is_read_twice(compare: Any) -> None:
    net = Builder()
    x = net.conv(net.input, "first", 6, kernel=3)
    for i in range(3):
        y = net.layer_norm(net.conv(x, f"conv{i}", 6, kernel=3), f"norm{i}", 1e-5)
        x = net.add(x, net.conv(net.leaky_relu(y), f"thin{i}", 6, kernel=1))
    assert compare(finish(net, x), 12, 12) < 1e-5


@pytest.mark.parametrize("sampling", SAMPLINGS)
@pytest.mark.parametrize("length", [1, 2, 5])
def test_resizing_keeps_a_constant(sampling: Sampling, length: int) -> None:
    flat = np.full((2, 3, length), 0.25, np.float32)
    assert np.array_equal(
        blend(flat, *taps(sampling, length, 2 * length, 0, 2 * length), axis=2)[0, 0], [0.25] * 2 * length
    )


def test_large_offsets_do_not_cancel(reference: Any, numpy_executor: Any) -> None:
    net = Builder()
    network = finish(net, net.instance_norm(net.conv(net.input, "conv", 4, kernel=1, bias=True), "norm", 1e-12))
    rng = np.random.default_rng(3)
    weights = {name: rng.normal(0, 1, shape).astype(np.float32) for name, shape in network.parameters.items()}
    weights["conv.bias"] += 300
    pixels = (0.5 + rng.normal(0, 0.1, (16, 16, 3))).astype(np.float32)
    found = run(network, weights, pixels, Job(), executor=numpy_executor)
    assert abs(found - reference(network, weights, pixels)).max() < 2e-3


@pytest.mark.needs_mindspore
@pytest.mark.parametrize("height", [7, 10, 11])
@pytest.mark.parametrize(
    ("kernel", "groups"),
    [((5, 12, 7, 7), 1), ((5, 3, 7, 7), 1), ((6, 9, 3, 3), 1), ((6, 9, 3, 2), 1), ((4, 8, 1, 1), 1)]
    + [((6, 1, *size), 6) for size in ((3, 3), (7, 5), (1, 1))]
    + [((6, 1, 3, 3), 3), ((6, 2, 3, 3), 3)],
)
def test_mindspore_convolution(kernel: tuple[int, ...], groups: int, height: int, numpy_executor: Any) -> None:
    rng = np.random.default_rng(1)
    weight, bias = rng.normal(0, 1, kernel).astype(np.float32), rng.normal(0, 1, kernel[0]).astype(np.float32)
    x = rng.normal(0, 1, (kernel[1] * groups, height, 17)).astype(np.float32)
    theirs = numpy_executor.convolution(weight, bias, 1, groups)(x)
    ours = MindSporeExecutor("cpu").convolution(weight, bias, 1, groups)(x)
    assert ours.shape == theirs.shape
    assert abs(ours - theirs).max() < 1e-4 * theirs.std()


def test_unfitting_weights_are_named(random_weights: Any, photo: Any) -> None:
    net = Builder()
    network = finish(net, net.layer_norm(net.conv(net.input, "conv", 4, kernel=3), "norm", 1e-5))
    weights = random_weights(network)
    with pytest.raises(ModelError, match=r"“norm.weight” and 1 more is missing"):
        run(network, {k: v for k, v in weights.items() if not k.startswith("norm")}, photo(8, 8), Job())
    with pytest.raises(ModelError, match=r"“conv.weight” has the shape \(4, 3, 5, 5\) instead of \(4, 3, 3, 3\)"):
        run(network, weights | {"conv.weight": np.zeros((4, 3, 5, 5), np.float32)}, photo(8, 8), Job())


def test_a_network_must_be_in_order() -> None:
    net = Builder()
    net.conv(net.conv(net.input, "twice", 3, 1), "twice", 3, 1)
    with pytest.raises(ValueError, match="'twice' is defined twice"):
        net.build("tiny", 1)
