"""Every network as a PyTorch module against the same one on MindSpore: results, and gradients of input and weights."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the mirror needs PyTorch")
ms = pytest.importorskip("mindspore", reason="what PyTorch is compared with")

from senga.errors import ModelError  # noqa: E402
from senga.neural import blocks  # noqa: E402
from senga.neural.blocks import BLOCKS, LeakyReLU, Padding, Sampling  # noqa: E402
from senga.neural.executor import Array  # noqa: E402
from senga.neural.graph import Builder, Network, Node  # noqa: E402
from senga.neural.networks.inception import inception  # noqa: E402
from senga.neural.networks.squeezenet import squeezenet  # noqa: E402
from senga.neural.networks.vgg import layers, vgg  # noqa: E402
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
    "vgg19": vgg(("conv4_4", "relu5_1", "conv5_4"), channels=dict.fromkeys(layers(), 8)),
    "vgg16, mirrored": vgg(("relu2_1", "relu4_1"), 16, channels=dict.fromkeys(layers(16), 8), pad_mode="reflect"),
    "squeezenet": squeezenet(),
    "inception": inception(folded=True),
    "discriminator": discriminator(),
    "discriminator of animeganv1": discriminator(32, "instance"),
}

SIZES = {"squeezenet": (40, 48), "inception": (80, 75)}


def nearly_straight(network: Network) -> Network:
    """With hardly a kink in its leaky ReLUs: values near one fall on either side, and gradients before them jump."""
    slow = {node.name: replace(node.block, slope=0.95) for node in network.nodes if isinstance(node.block, LeakyReLU)}
    return replace(network, nodes=tuple(replace(node, block=slow.get(node.name, node.block)) for node in network.nodes))


def some_weights(network: Network, rng: np.random.Generator) -> dict[str, Array]:
    weights = first_weights(network, "he", 1)
    return {
        name: array if array.ndim == 4 else (array + rng.normal(0, 0.2, array.shape)).astype(np.float32)
        for name, array in weights.items()
    }


def by_mindspore(cell: NetworkCell, x: Array, wishes: list[Array]) -> dict[str, Array]:
    """The results, and the gradients of the input and every weight for the sum of ``result * wish``."""

    def loss(given: object) -> Any:
        found = cell(given)
        results = found if isinstance(found, tuple) else (found,)
        return sum((result * to_tensor(wish)).sum() for result, wish in zip(results, wishes, strict=True)), results

    (_, results), (of_x, of_weights) = ms.value_and_grad(loss, 0, cell.weights, has_aux=True)(to_tensor(x))
    found = {"input": of_x} | dict(zip(cell.network.parameters, of_weights, strict=True))
    found |= {output.name: result for output, result in zip(cell.network.outputs, results, strict=True)}
    return {name: tensor.asnumpy() for name, tensor in found.items()}


def by_torch(module: NetworkModule, x: Array, wishes: list[Array]) -> dict[str, Array]:
    given = torch.from_numpy(x).requires_grad_()
    found = module(given)
    results = found if isinstance(found, tuple) else (found,)
    sum((result * torch.from_numpy(wish)).sum() for result, wish in zip(results, wishes, strict=True)).backward()
    tensors = {"input": given.grad} | {name: p.grad for name, p in module.named_parameters()}
    tensors |= {output.name: result for output, result in zip(module.network.outputs, results, strict=True)}
    return {name: tensor.detach().numpy() for name, tensor in tensors.items()}


@pytest.mark.parametrize(
    ("name", "form"),
    [
        *((name, "fast") for name in NETWORKS),
        ("every-block", "plain"),
        ("animeganv1", "plain"),
        ("discriminator", "plain"),
    ],
)
def test_results_and_gradients_are_those_of_mindspore(name: str, form: Any, rng: np.random.Generator) -> None:
    judges = "discriminator" in name
    network = NETWORKS[name] if name.startswith("every-block") else nearly_straight(NETWORKS[name])
    weights = some_weights(network, rng)
    cell = NetworkCell(network, weights, form, spectral_norm=judges)
    module = NetworkModule(network, weights, spectral_norm=judges)
    for _ in range(2):
        cell.follow()
        module.follow()
    x = rng.uniform(-1, 1, (2, 3, *SIZES.get(name, (32, 16)))).astype(np.float32)
    wishes = [rng.standard_normal(result.shape).astype(np.float32) for result in cell.predict_all(x)]
    expected, found = by_mindspore(cell, x, wishes), by_torch(module, x, wishes)
    assert found.keys() == expected.keys() == {"input", *network.parameters, *(o.name for o in network.outputs)}
    largest = max(np.abs(expected[weight]).max() for weight in network.parameters)
    for part, values in expected.items():
        # a norm: single values near the kink of a leaky ReLU may fall on either side
        slack = 1e-4 * largest if part in network.parameters else 0
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
