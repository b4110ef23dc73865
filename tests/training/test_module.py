"""Every network as a PyTorch module against the same one on MindSpore: results, and gradients of input and weights."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the mirror needs PyTorch")
ms = pytest.importorskip("mindspore", reason="what PyTorch is compared with")

from senga.errors import ModelError  # noqa: E402
from senga.neural import blocks  # noqa: E402
from senga.neural.blocks import BLOCKS, Padding, Sampling  # noqa: E402
from senga.neural.executor import Array  # noqa: E402
from senga.neural.graph import Builder, Network, Node  # noqa: E402
from senga.neural.training.cell import NetworkCell, to_tensor  # noqa: E402
from senga.neural.training.initial import first_weights  # noqa: E402
from senga.plugins.animegan.discriminator import discriminator  # noqa: E402
from senga.plugins.animegan.network import animeganv1, animeganv2, animeganv2_lite  # noqa: E402
from training.module import NetworkModule  # noqa: E402
from training.rules import RULES  # noqa: E402


def every_block(sampling: Sampling = "tf1") -> Network:
    """One of each kind of block, with every kind of margin, at odd sizes too."""
    net = Builder()
    x = net.leaky_relu(net.conv(net.input, "first", 4, 3, bias=True))
    x = net.leaky_relu(net.layer_norm(net.conv(x, "half", 6, 3, 2, padding=Padding(bottom=1, right=1)), "n1", 1e-5))
    x = net.add(x, net.instance_norm(net.depthwise(x, "deep", bias=True), "n2", 1e-5))
    x = net.leaky_relu(net.layer_norm(net.conv(x, "edge", 5, 3, pad_mode="edge"), "n3", 1e-5))
    x = net.conv(net.double(x, sampling), "corner", 5, 3, padding=Padding(1, 1, 0, 0, "zero"), stride=2)
    x = net.halve(net.double(x, sampling), sampling)
    x = net.halve(net.conv(x, "zero", 4, 3, pad_mode="zero"), sampling)
    net.tanh(net.conv(x, "training.forward", 3, 1))
    return net.build("every-block", 4)


NETWORKS = {
    "every-block": every_block(),
    "every-block, half_pixel": every_block("half_pixel"),
    "every-block, align_corners": every_block("align_corners"),
    "animeganv2": animeganv2(),
    "animeganv2, half": animeganv2(0.5),
    "animeganv2, align_corners": animeganv2(0.25, upsample="align_corners"),
    "animeganv2-lite": animeganv2_lite(),
    "animeganv1": animeganv1(),
    "discriminator": discriminator(),
    "discriminator of animeganv1": discriminator(32, "instance"),
}


def some_weights(network: Network, rng: np.random.Generator) -> dict[str, Array]:
    weights = first_weights(network, "he", 1)
    return {
        name: array if array.ndim == 4 else (array + rng.normal(0, 0.2, array.shape)).astype(np.float32)
        for name, array in weights.items()
    }


def by_mindspore(cell: NetworkCell, x: Array, wish: Array) -> dict[str, Array]:
    """The result, the gradient of the input, and that of every weight for ``(result * wish).sum()``."""

    def loss(given: object) -> tuple[object, object]:
        result = cell(given)
        return (result * to_tensor(wish)).sum(), result

    (_, result), (of_x, of_weights) = ms.value_and_grad(loss, 0, cell.weights, has_aux=True)(to_tensor(x))
    found = zip(cell.network.parameters, of_weights, strict=True)
    return {"result": result.asnumpy(), "input": of_x.asnumpy()} | {name: g.asnumpy() for name, g in found}


def by_torch(module: NetworkModule, x: Array, wish: Array) -> dict[str, Array]:
    given = torch.from_numpy(x).requires_grad_()
    result = module(given)
    (result * torch.from_numpy(wish)).sum().backward()
    gradients = {name: p.grad.numpy() for name, p in module.named_parameters()}
    return {"result": result.detach().numpy(), "input": given.grad.numpy()} | gradients


@pytest.mark.parametrize(
    ("name", "form"),
    [
        *((name, "fast") for name in NETWORKS),
        ("every-block", "plain"),
        ("animeganv1", "plain"),
        ("discriminator", "plain"),
    ],
)
def test_results_and_gradients_are_those_of_mindspore(name: str, form: str, rng: np.random.Generator) -> None:
    network, judges = NETWORKS[name], "discriminator" in name
    weights = some_weights(network, rng)
    cell = NetworkCell(network, weights, form, spectral_norm=judges)  # type: ignore[arg-type]
    module = NetworkModule(network, weights, spectral_norm=judges)
    for _ in range(2):
        cell.follow()
        module.follow()
    x = rng.uniform(-1, 1, (2, 3, 24, 16)).astype(np.float32)
    wish = rng.standard_normal(cell.predict(x).shape).astype(np.float32)
    expected, found = by_mindspore(cell, x, wish), by_torch(module, x, wish)
    assert found.keys() == expected.keys() == {"result", "input", *network.parameters}
    largest = max(np.abs(expected[weight]).max() for weight in network.parameters)
    for part, values in expected.items():
        # a norm: single values near the kink of a leaky ReLU may fall on either side
        slack = 0 if part in ("result", "input") else 1e-4 * largest
        assert np.linalg.norm(found[part] - values) < 1e-2 * np.linalg.norm(values) + slack, part


def test_names_are_those_of_the_weights() -> None:
    for network in NETWORKS.values():
        state = NetworkModule(network, first_weights(network, "he", 0)).state_dict()
        assert {name: tuple(tensor.shape) for name, tensor in state.items()} == network.parameters


def test_the_vectors_of_the_spectral_norm_are_part_of_the_state(rng: np.random.Generator) -> None:
    network = discriminator(16)
    judge = NetworkModule(network, some_weights(network, rng), spectral_norm=True)
    other = NetworkModule(network, first_weights(network, "he", 0), spectral_norm=True)
    judge.follow()
    other.load_state_dict(judge.state_dict())
    picture = torch.from_numpy(rng.uniform(-1, 1, (1, 3, 16, 16)).astype(np.float32))
    assert torch.equal(judge(picture), other(picture))
    for _ in range(60):
        judge.follow()
    kernel = judge._weights()["conv_s1_1.weight"].detach().flatten(1)
    assert float(torch.linalg.matrix_norm(kernel, 2)) == pytest.approx(1, rel=1e-3)


def test_every_block_has_its_rule() -> None:
    assert set(RULES) == set(BLOCKS) - {blocks.Input}


def test_what_it_does_not_know_is_named(rng: np.random.Generator) -> None:
    class Sparkle(blocks.Tanh):
        pass

    network = animeganv2(0.125)
    strange = Network("strange", (*network.nodes, Node("new", Sparkle(), (network.nodes[-1].name,), 3)), 4)
    with pytest.raises(TypeError, match="Sparkle"):
        NetworkModule(strange, first_weights(network, "he", 0))
    with pytest.raises(ModelError, match="is missing"):
        NetworkModule(network, {})
