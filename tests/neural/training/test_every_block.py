"""Every block forth and back: numpy against MindSpore's own gradients, and both against PyTorch's where it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ms = pytest.importorskip("mindspore")

from senga.neural import blocks  # noqa: E402
from senga.neural.blocks import BLOCKS, Block, Padding  # noqa: E402
from senga.neural.executor import Array  # noqa: E402
from senga.neural.graph import Builder, Network  # noqa: E402
from senga.neural.training.cell import NetworkCell, to_tensor  # noqa: E402
from senga.neural.training.initial import first_weights  # noqa: E402

ROOT = Path(__file__).resolve().parents[3]
UNEVEN = Padding(1, 0, 2, 1, "zero")
Make = Callable[[Builder, str], str]


def adain(over: Any, *, unbiased: bool = False) -> Make:
    """A norm whose scales and shifts the network computes."""

    def make(net: Builder, x: str) -> str:
        vector = net.mean(net.conv(x, "style", 4, 1))
        gamma, beta = net.linear(vector, "gamma", 4), net.linear(vector, "beta", 4, bias=False)
        return net.norm(x, "norm", over, 1e-5, gamma=gamma, beta=beta, unbiased=unbiased)

    return make


def other_picture(net: Builder, x: str) -> str:
    """Two pictures and a vector come in."""
    second = net.conv(net.picture("second", 2), "from-second", 4, 3)
    return net.product(net.concat(net.add(x, second), second), net.vector("strength", 8))


MADE: dict[type[Block], tuple[Make, ...]] = {
    blocks.Input: (other_picture,),
    blocks.Conv: (
        lambda net, x: net.conv(x, "wide", 6, (1, 5), pad_mode="zero", bias=True),
        lambda net, x: net.conv(x, "groups", 8, 3, 2, groups=2, padding=UNEVEN),
        lambda net, x: net.relu(net.depthwise(x, "each", bias=True)),
        lambda net, x: net.conv(x, "apart", 6, 3, pad_mode="zero", bias=True, dilation=2),
        lambda net, x: net.conv(x, "apart", 6, (1, 3), 2, dilation=2),
        lambda net, x: net.conv(x, "apart", 8, 3, groups=2, padding=UNEVEN, dilation=2),
        lambda net, x: net.conv(x, "apart", 4, 3, groups=4, pad_mode="edge", dilation=2),
        lambda net, x: net.conv(x, "many", 12, 3, groups=4, bias=True),
    ),
    blocks.TransposedConv: (
        lambda net, x: net.transposed(x, "up", 3, 4, 2, crop=Padding(1, 1, 1, 1)),
        lambda net, x: net.transposed(x, "up", 3, 3, 2, crop=Padding(1, 1, 0, 0), bias=False),
        lambda net, x: net.transposed(x, "up", 3, 3, 3, crop=Padding(1, 0, -1, -2)),
    ),
    blocks.Linear: (lambda net, x: net.linear(net.mean(x), "mix", 5),),
    blocks.Flatten: (lambda net, x: net.linear(net.flatten(x, 8, 6), "mix", 5, bias=False),),
    blocks.Norm: (
        lambda net, x: net.leaky_relu(net.layer_norm(x, "norm", 1e-5)),
        lambda net, x: net.relu(net.instance_norm(x, "norm", 1e-5)),
        lambda net, x: net.norm(x, "norm", "mixed", 1e-5),
        lambda net, x: net.norm(x, "norm", "channel", 1e-5, affine=False, unbiased=True),
        adain("mixed", unbiased=True),
        adain("channel"),
    ),
    blocks.BatchNorm: (
        lambda net, x: net.relu(net.batch_norm(x, "norm")),
        lambda net, x: net.batch_norm(x, "norm", 1e-3, affine=False),
    ),
    blocks.LeakyReLU: (lambda net, x: net.leaky_relu(net.tanh(x), 0.1),),
    blocks.ReLU: (lambda net, x: net.relu(net.tanh(x)),),
    blocks.PReLU: (lambda net, x: net.prelu(x, "slopes"),),
    blocks.Tanh: (lambda net, x: net.tanh(x),),
    blocks.Sigmoid: (lambda net, x: net.sigmoid(x),),
    blocks.Swish: (lambda net, x: net.swish(x),),
    blocks.GELU: (lambda net, x: net.gelu(x), lambda net, x: net.gelu(x, tanh=True)),
    blocks.Add: (lambda net, x: net.add(x, net.mean(x)), lambda net, x: net.add(x, net.tanh(x))),
    blocks.Product: (lambda net, x: net.product(net.deviation(x), x), lambda net, x: net.product(x, x)),
    blocks.Affine: (
        lambda net, x: net.affine(x, "fixed", (2.0,), (0.5,)),
        lambda net, x: net.affine(x, "fixed", (1.0, -2.0, 0.5, 3.0), (0.0, 1.0, 2.0, 3.0)),
    ),
    blocks.Concat: (lambda net, x: net.conv(net.concat(x, net.tanh(x), x), "after", 3, 3),),
    blocks.Split: (lambda net, x: net.instance_norm(net.split(x, 1, 3), "norm", 1e-5),),
    blocks.Interleave: (
        lambda net, x: net.interleave(x),
        lambda net, x: net.interleave(net.conv(x, "six", 6, 3), 3),
    ),
    blocks.Total: (lambda net, x: net.total(x),),
    blocks.Shuffle: (lambda net, x: net.shuffle(x), lambda net, x: net.shuffle(x, 2, "pixel")),
    blocks.Unshuffle: (lambda net, x: net.unshuffle(x), lambda net, x: net.unshuffle(x, 4, "pixel")),
    blocks.Double: tuple(lambda net, x, s=s: net.double(x, s) for s in ("tf1", "half_pixel", "align_corners")),
    blocks.Halve: tuple(lambda net, x, s=s: net.halve(x, s) for s in ("tf1", "half_pixel", "align_corners")),
    blocks.Resize: (
        lambda net, x: net.conv(net.resize(x, kind="nearest"), "after", 3, 3),
        lambda net, x: net.resize(x, 3, kind="nearest", sampling="align_corners"),
        lambda net, x: net.resize(x, 1, 2, kind="nearest", sampling="tf1"),
        lambda net, x: net.resize(x, 3, 2),
    ),
    blocks.MaxPool: (
        lambda net, x: net.max_pool(net.relu(x)),
        lambda net, x: net.max_pool(x, 3, 2, ceil=True),
        lambda net, x: net.max_pool(x, 3, 2, padding=Padding.same(3, "zero")),
        lambda net, x: net.max_pool(x, 2, 3),
    ),
    blocks.AveragePool: (
        lambda net, x: net.average_pool(x),
        lambda net, x: net.average_pool(x, 3, 1, padding=Padding.same(3, "zero")),
        lambda net, x: net.average_pool(x, 3, 2, padding=UNEVEN, ceil=True),
        lambda net, x: net.average_pool(x, 3, 2, padding=Padding.same(3, "zero"), counts_margins=True),
    ),
    blocks.Mean: (lambda net, x: net.mean(x),),
    blocks.Deviation: (lambda net, x: net.deviation(x), lambda net, x: net.deviation(x, unbiased=True)),
    blocks.Maximum: (lambda net, x: net.maximum(x),),
}
CASES = [
    pytest.param(make, id=f"{block.__name__}-{i}") for block, several in MADE.items() for i, make in enumerate(several)
]


def described(make: Make) -> Network:
    """The block between a convolution, whose result is a second output, and the result."""
    net = Builder()
    x = net.output(net.conv(net.input, "first", 4, 3, bias=True), "early")
    net.output(make(net, x), "late")
    return net.build("one-block", 1)


@dataclass
class Case:
    """A network with weights, inputs, and what its results are multiplied with before they are summed."""

    network: Network
    weights: dict[str, Array]
    given: tuple[Array, ...]
    wishes: tuple[Array, ...]

    @classmethod
    def of(cls, make: Make, rng: np.random.Generator) -> Case:
        network = described(make)
        weights = {name: rng.normal(0, 0.5, shape).astype(np.float32) for name, shape in network.parameters.items()}
        weights = {name: np.abs(w) + 0.5 if name.endswith("_var") else w for name, w in weights.items()}
        shapes = [(2, network.by_name[name].channels, *((1, 1) if block.vector else (8, 6)))
                  for name, block in network.inputs.items()]  # fmt: skip
        given = tuple(rng.standard_normal(shape).astype(np.float32) for shape in shapes)
        results = NetworkCell(network, weights, "plain").predict_all(*given)
        return cls(network, weights, given, tuple(rng.standard_normal(x.shape).astype(np.float32) for x in results))


def by_mindspore(case: Case, form: Any, learns: bool) -> dict[str, Array]:
    """Results, and gradients of inputs and weights."""
    cell = NetworkCell(case.network, case.weights, form)
    cell.set_train(learns)

    def loss(*given: Any) -> Any:
        results = cell(given)
        return sum((x * to_tensor(wish)).sum() for x, wish in zip(results, case.wishes, strict=True)), results

    places = tuple(range(len(case.given)))
    differentiated = ms.value_and_grad(loss, places, cell.weights, has_aux=True)
    (_, results), (of_inputs, of_weights) = differentiated(*map(to_tensor, case.given))
    of_inputs = of_inputs if isinstance(of_inputs, tuple) else (of_inputs,)
    found = dict(zip(case.network.parameters, of_weights, strict=True))
    found |= {f"input {i}": g for i, g in enumerate(of_inputs)} | {f"result {i}": x for i, x in enumerate(results)}
    arrays = {name: tensor.asnumpy() for name, tensor in found.items()}
    cell.follow()
    return arrays | {f"{name} after": w for name, w in cell.arrays().items() if "running" in name}


def by_torch(case: Case, learns: bool) -> dict[str, Array]:
    import torch

    from training.module import NetworkModule

    module = NetworkModule(case.network, case.weights).train(learns)
    given = tuple(torch.from_numpy(x).requires_grad_() for x in case.given)
    results = module(*given)
    sum((x * torch.from_numpy(wish)).sum() for x, wish in zip(results, case.wishes, strict=True)).backward()
    found = {name: p.grad for name, p in module.named_parameters()}
    found |= {f"input {i}": x.grad for i, x in enumerate(given)} | {f"result {i}": x for i, x in enumerate(results)}
    module.follow()
    still = {name: torch.zeros_like(p) for name, p in module.named_buffers()}
    after = {f"{name} after": p for name, p in module.named_buffers()}
    return {name: tensor.detach().numpy() for name, tensor in (found | still | after).items()}


def assert_equal(found: dict[str, Array], expected: dict[str, Array]) -> None:
    assert found.keys() == expected.keys()
    largest = max(np.abs(values).max() for values in expected.values())
    for name, values in expected.items():
        assert found[name].shape == values.shape, name
        assert np.abs(found[name] - values).max() < 1e-5 * largest + 3e-4 * np.abs(values).max(), name


@pytest.mark.parametrize("learns", [False, True], ids=["fixed", "learning"])
@pytest.mark.parametrize("make", CASES)
def test_both_forms_agree(make: Make, learns: bool, rng: np.random.Generator) -> None:
    case = Case.of(make, rng)
    assert_equal(by_mindspore(case, "fast", learns), by_mindspore(case, "plain", learns))


@pytest.mark.parametrize("learns", [False, True], ids=["fixed", "learning"])
@pytest.mark.parametrize("make", CASES)
def test_pytorch_agrees(make: Make, learns: bool, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch", reason="PyTorch is not installed, so its gradients cannot be compared with")
    monkeypatch.syspath_prepend(ROOT)
    case = Case.of(make, rng)
    assert_equal(by_torch(case, learns), by_mindspore(case, "fast", learns))


def test_every_block_is_tried() -> None:
    assert set(MADE) == set(BLOCKS)


@pytest.mark.parametrize("start", ["he", "xavier", "normal", "identity"])
@pytest.mark.parametrize("make", CASES)
def test_first_weights_change_no_norm_and_let_pictures_through(make: Make, start: Any) -> None:
    network = described(make)
    weights = first_weights(network, start, 0)
    network.check(weights)
    for node in network.nodes:
        if isinstance(node.block, blocks.BatchNorm):
            assert (weights[node.block.variance] == 1).all()
        for name in (getattr(node.block, key, None) for key in ("weight", "gamma")):
            assert name is None or weights[name].any(), name


@pytest.mark.parametrize("form", ["fast", "plain"])
def test_a_block_that_training_does_not_know_is_named(form: Any) -> None:
    class Sparkle(blocks.Tanh):
        pass

    net = Builder()
    net.add_block("new", Sparkle(), net.input)
    with pytest.raises(TypeError, match="Sparkle"):
        NetworkCell(net.build("strange", 1), {}, form)(to_tensor(np.zeros((1, 3, 4, 4), np.float32)))
