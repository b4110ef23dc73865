from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from senga.errors import ModelError
from senga.neural.evaluation import inception
from senga.neural.evaluation.described import MindSporeNetwork
from senga.neural.evaluation.inception import (
    CLASSES,
    FEATURES,
    Inception,
    check,
    find_weights,
    folded,
    kernels,
    load,
)
from senga.neural.graph import Builder
from senga.neural.networks.inception import Writer
from senga.neural.networks.inception import inception as described

PUBLIC_CONVOLUTIONS = 94
PUBLIC_NUMBERS = 23_885_392
"""Numbers in the public file: kernels, batch norms, classes."""


def test_it_has_the_parameters_of_the_public_file() -> None:
    shapes = kernels()
    numbers = sum(int(np.prod(shape)) + 4 * shape[0] for shape in shapes.values()) + 1008 * 2048 + 1008
    assert (len(shapes), numbers) == (PUBLIC_CONVOLUTIONS, PUBLIC_NUMBERS)
    assert shapes["Conv2d_1a_3x3"] == (32, 3, 3, 3)
    assert shapes["Mixed_6c.branch7x7dbl_4"] == (160, 160, 7, 1)
    assert shapes["Mixed_7c.branch_pool"] == (192, 2048, 1, 1)


class Reference:
    """Blocks as the paper draws them: convolve, normalise, cut at zero, one after the other, in float64."""

    def __init__(self, weights: Any, layers: type) -> None:
        names = {name.removesuffix(".conv.weight") for name in weights if name.endswith(".conv.weight")}
        plain = {f"{name}.weight": weights[f"{name}.conv.weight"] for name in names}
        plain |= {f"{name}.bias": np.zeros(len(weights[f"{name}.conv.weight"])) for name in names}
        self.weights, self.layers = weights, layers(plain)

    def __call__(self, x: Any, name: str, stride: int = 1, same: bool = True) -> Any:
        outputs, _, *kernel = self.weights[f"{name}.conv.weight"].shape
        y = self.layers.conv(x, name, outputs, tuple(kernel), stride, same)
        gamma, beta, mean, variance = (
            self.weights[f"{name}.bn.{part}"].astype(np.float64)[:, None, None]
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        return np.maximum((y - mean) / np.sqrt(variance + 0.001) * gamma + beta, 0)

    def chain(self, x: Any, *names: str) -> Any:
        for name in names:
            x = self(x, name)
        return x


Write = Callable[[Writer, str], str]
Part = Callable[[np.ndarray, Write], np.ndarray]


@pytest.fixture(scope="module")
def part(inception_weights: Any) -> Part:
    """Runs a part of the network: once with batch norms, once with all of them folded into their convolutions."""

    def run(x: np.ndarray, write: Write) -> np.ndarray:
        found = []
        for fold in (True, False):
            net = Builder(x.shape[1])
            net.output(write(Writer(net, folded=fold), net.input), "maps")
            weights = folded(inception_weights) if fold else inception_weights
            found.append(MindSporeNetwork(net.build("part", 1), weights, "cpu")(x)["maps"])
        assert_close(found[1], found[0])
        return found[0]

    return run


@pytest.fixture(scope="module")
def conv(inception_weights: Any, numpy_layers: Any) -> Reference:
    return Reference(inception_weights, numpy_layers)


def maps(channels: int, height: int, width: int) -> np.ndarray:
    return np.random.default_rng(channels).random((2, channels, height, width), np.float32)


def assert_close(found: np.ndarray, expected: np.ndarray) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5 * float(np.abs(expected).max()))


def test_the_described_network_takes_the_names_of_the_public_file(inception_weights: Any) -> None:
    network = described()
    network.check(inception_weights)
    assert network.parameter_count == PUBLIC_NUMBERS - CLASSES * FEATURES - CLASSES
    assert {"fc.weight", "fc.bias"} == inception_weights.keys() - network.parameters.keys()


@pytest.mark.needs_mindspore
def test_the_stem(part: Part, conv: Reference) -> None:
    picture = maps(3, 31, 33)
    x = conv(conv(conv(picture, "Conv2d_1a_3x3", 2, False), "Conv2d_2a_3x3", 1, False), "Conv2d_2b_3x3")
    x = conv(conv.layers.maximum(x, 2, False), "Conv2d_3b_1x1")
    expected = conv.layers.maximum(conv(x, "Conv2d_4a_3x3", 1, False), 2, False)
    assert_close(part(picture, lambda net, x: net.stem(x)), expected)


@pytest.mark.needs_mindspore
def test_a_block_at_35(part: Part, conv: Reference) -> None:
    x, m = maps(192, 4, 5), "Mixed_5b"
    expected = np.concatenate([
        conv(x, f"{m}.branch1x1"),
        conv.chain(x, f"{m}.branch5x5_1", f"{m}.branch5x5_2"),
        conv.chain(x, f"{m}.branch3x3dbl_1", f"{m}.branch3x3dbl_2", f"{m}.branch3x3dbl_3"),
        conv(conv.layers.average(x), f"{m}.branch_pool"),
    ], 1)  # fmt: skip
    assert_close(part(x, lambda net, x: net.block_35(x, m, 32)), expected)


@pytest.mark.needs_mindspore
def test_a_block_at_17(part: Part, conv: Reference) -> None:
    x, m = maps(768, 3, 8), "Mixed_6b"
    expected = np.concatenate([
        conv(x, f"{m}.branch1x1"),
        conv.chain(x, *(f"{m}.branch7x7_{i}" for i in (1, 2, 3))),
        conv.chain(x, *(f"{m}.branch7x7dbl_{i}" for i in (1, 2, 3, 4, 5))),
        conv(conv.layers.average(x), f"{m}.branch_pool"),
    ], 1)  # fmt: skip
    assert_close(part(x, lambda net, x: net.block_17(x, m, 128)), expected)


@pytest.mark.needs_mindspore
def test_the_reductions(part: Part, conv: Reference) -> None:
    x, m = maps(288, 5, 7), "Mixed_6a"
    expected = np.concatenate([
        conv(x, f"{m}.branch3x3", 2, False),
        conv(conv.chain(x, f"{m}.branch3x3dbl_1", f"{m}.branch3x3dbl_2"), f"{m}.branch3x3dbl_3", 2, False),
        conv.layers.maximum(x, 2, False),
    ], 1)  # fmt: skip
    assert_close(part(x, lambda net, x: net.reduce_35(x, m)), expected)
    x, m = maps(768, 5, 3), "Mixed_7a"
    cross = conv.chain(x, *(f"{m}.branch7x7x3_{i}" for i in (1, 2, 3)))
    expected = np.concatenate([
        conv(conv(x, f"{m}.branch3x3_1"), f"{m}.branch3x3_2", 2, False),
        conv(cross, f"{m}.branch7x7x3_4", 2, False),
        conv.layers.maximum(x, 2, False),
    ], 1)  # fmt: skip
    assert_close(part(x, lambda net, x: net.reduce_17(x, m)), expected)


@pytest.mark.needs_mindspore
@pytest.mark.parametrize(("name", "channels", "pool"), [("Mixed_7b", 1280, "average"), ("Mixed_7c", 2048, "maximum")])
def test_a_block_at_8_takes_an_average_and_the_last_one_a_maximum(
    part: Part, conv: Reference, name: str, channels: int, pool: str
) -> None:
    x = maps(channels, 2, 3)
    single = conv(x, f"{name}.branch3x3_1")
    double = conv.chain(x, f"{name}.branch3x3dbl_1", f"{name}.branch3x3dbl_2")
    pooled = conv.layers.average(x) if pool == "average" else conv.layers.maximum(x, 1, True)
    expected = np.concatenate([
        conv(x, f"{name}.branch1x1"),
        conv(single, f"{name}.branch3x3_2a"), conv(single, f"{name}.branch3x3_2b"),
        conv(double, f"{name}.branch3x3dbl_3a"), conv(double, f"{name}.branch3x3dbl_3b"),
        conv(pooled, f"{name}.branch_pool"),
    ], 1)  # fmt: skip
    pooled = "averaged" if pool == "average" else "maximal"
    found = part(x, lambda net, x: net.block_8(x, name, getattr(net, pooled)))
    assert_close(found, expected)


@pytest.mark.needs_mindspore
def test_whole_pictures_one_by_one_or_together(inception_weights: Any, rng: np.random.Generator) -> None:
    net = Inception(inception_weights, "cpu")
    batch = rng.uniform(-1, 1, (2, 3, 299, 299)).astype(np.float32)
    together = net.features(batch)
    assert together.shape == (2, 2048)
    assert together.std() > 0
    np.testing.assert_allclose(together[1:], net.features(batch[1:]), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(net.logits(together), together @ inception_weights["fc.weight"].T, rtol=1e-3, atol=1e-3)


@pytest.mark.needs_mindspore
def test_a_file_gives_the_same_network(inception_weights: Any, tmp_path: Path) -> None:
    save_file(inception_weights, tmp_path / "inception.safetensors")
    held = load(tmp_path / "inception.safetensors", "cpu")
    noise = np.random.default_rng(1).uniform(-1, 1, (1, 3, 299, 299)).astype(np.float32)
    np.testing.assert_array_equal(held.features(noise), Inception(inception_weights, "cpu").features(noise))


def test_missing_weights_say_what_to_fetch(private_home: Path) -> None:
    with pytest.raises(ModelError, match=r"download https://github.com/mseitzer.*evaluation.*--weights"):
        find_weights(None)
    kept = private_home / "evaluation" / inception.FILE_NAME
    kept.parent.mkdir()
    kept.write_bytes(b"")
    assert find_weights(None) == kept
    assert find_weights(Path("mine.npz")) == Path("mine.npz")


def test_other_networks_are_refused(inception_weights: Any) -> None:
    with pytest.raises(ModelError, match="Conv2d_1a_3x3.conv.weight.*missing"):
        check({})
    with pytest.raises(ModelError, match="torchvision"):
        check(inception_weights | {"fc.weight": np.zeros((1000, 2048), np.float32)})
    with pytest.raises(ModelError, match=r"Mixed_7c.branch_pool.bn.bias.*\(3,\) instead of \(192,\)"):
        check(inception_weights | {"Mixed_7c.branch_pool.bn.bias": np.zeros(3)})
