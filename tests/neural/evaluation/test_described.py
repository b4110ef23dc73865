"""Described networks on batches, by every runtime against float64 numpy, on sizes where every border shows."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from senga.errors import ModelError
from senga.neural.blocks import Padding
from senga.neural.evaluation import described
from senga.neural.evaluation.described import MindSporeNetwork, running
from senga.neural.evaluation.inception import Inception
from senga.neural.evaluation.lpips import Perceptual
from senga.neural.graph import Builder
from senga.testing import sample

SAME = Padding.same(3, "zero")
CONVOLUTIONS = list(product([(1, 1), (1, 7), (7, 1), (3, 3), (5, 5), (3, 1)], [1, 2], [True, False]))


@pytest.fixture
def batch(rng: np.random.Generator) -> np.ndarray:
    return rng.standard_normal((2, 3, 8, 9)).astype(np.float32)


@pytest.mark.needs_mindspore
@pytest.mark.parametrize(("kernel", "stride", "same"), CONVOLUTIONS)
def test_convolution(
    batch: np.ndarray, rng: np.random.Generator, numpy_layers: Any, kernel: tuple[int, int], stride: int, same: bool
) -> None:
    weights = {
        "c.weight": rng.standard_normal((4, 3, *kernel)).astype(np.float32),
        "c.bias": rng.standard_normal(4).astype(np.float32),
    }
    net = Builder()
    padding = Padding.same(kernel, "zero") if same else Padding()
    net.output(net.conv(net.input, "c", 4, kernel, stride, padding=padding, bias=True), "maps")
    found = MindSporeNetwork(net.build("one", 1), weights, "cpu")(batch)["maps"]
    expected = numpy_layers(weights).conv(batch, "c", 4, kernel, stride, same)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.needs_mindspore
def test_poolings_and_concatenation(batch: np.ndarray, numpy_layers: Any) -> None:
    net, layers = Builder(), numpy_layers({})
    net.output(net.average_pool(net.input, 3, 1, padding=SAME), "average")
    net.output(net.max_pool(net.relu(net.input), 3, 1, padding=SAME), "largest")
    net.output(net.max_pool(net.tanh(net.input), 3, 2), "halved")
    net.output(net.concat(net.input, net.input), "both")
    net.output(net.mean(net.input), "means")
    found = MindSporeNetwork(net.build("pools", 1), {}, "cpu")(batch)
    wide = batch.astype(np.float64)
    np.testing.assert_allclose(found["average"], layers.average(wide), atol=1e-6)
    np.testing.assert_allclose(found["largest"], layers.maximum(np.maximum(wide, 0), 1, True), atol=1e-6)
    np.testing.assert_allclose(found["halved"], layers.maximum(np.tanh(wide), 2, False), atol=1e-4)
    np.testing.assert_array_equal(found["both"], np.concatenate([batch, batch], 1))
    np.testing.assert_allclose(found["means"][..., 0, 0], wide.mean((2, 3)), atol=1e-6)


@pytest.mark.needs_mindspore
@pytest.mark.parametrize(("height", "width"), [(7, 7), (8, 7), (7, 8), (8, 8), (3, 4)])
def test_the_last_incomplete_window_counts_in_squeezenet(rng: np.random.Generator, height: int, width: int) -> None:
    maps = -rng.random((1, 2, height, width), np.float32)
    net = Builder(2)
    net.max_pool(net.input, 3, 2, ceil=True)
    found = MindSporeNetwork(net.build("pool", 1), {}, "cpu")(maps)["painting"]
    expected = [
        [maps[0, 1, i : i + 3, j : j + 3].max() for j in range(0, width - 1, 2)] for i in range(0, height - 1, 2)
    ]
    np.testing.assert_array_equal(found[0, 1], expected)


def test_weights_of_another_network_are_refused() -> None:
    net = Builder()
    net.conv(net.input, "c", 4, 3)
    with pytest.raises(ModelError, match=r"c\.weight.*missing"):
        MindSporeNetwork(net.build("one", 1), {}, "cpu")


ENGINES = {"onnx": "onnxruntime", "openvino": "openvino", "mindspore": "mindspore"}


@pytest.mark.parametrize("engine", ENGINES)
def test_every_runtime_gives_the_same(engine: Any, batch: np.ndarray, numpy_layers: Any) -> None:
    pytest.importorskip(ENGINES[engine])
    weights = {"c.weight": batch[:, :, :3, :3].copy(), "c.bias": np.float32([0.1, -0.2])}
    net, layers = Builder(), numpy_layers(weights)
    net.output(net.conv(net.input, "c", 2, 3, 2, padding=Padding(), bias=True), "maps")
    net.output(net.max_pool(net.input, 3, 2), "halved")
    net.output(net.mean(net.input), "means")
    found = running(net.build("some", 1), weights, "cpu", 1, engine)(batch)
    np.testing.assert_allclose(found["maps"], layers.conv(batch, "c", 2, (3, 3), 2, False), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(found["halved"], layers.maximum(batch.astype(np.float64), 2, False), atol=1e-6)
    np.testing.assert_allclose(found["means"], batch.mean((2, 3), keepdims=True), atol=1e-5)


@pytest.mark.parametrize("engine", ["onnx", "openvino"])
def test_measures_are_the_same_on_every_runtime(engine: Any, lpips_weights: Any, inception_weights: Any) -> None:
    pytest.importorskip(ENGINES[engine])
    pytest.importorskip("mindspore")
    photo = sample(45, 60).u8()
    one, other = (
        Perceptual(lpips_weights, "cpu", 1, each).distance(photo, photo[::-1]) for each in (engine, "mindspore")
    )
    assert one == pytest.approx(other, rel=1e-4)
    noise = np.random.default_rng(1).uniform(-1, 1, (1, 3, 299, 299)).astype(np.float32)
    found, expected = (Inception(inception_weights, "cpu", 1, each).features(noise) for each in (engine, "mindspore"))
    assert found.shape == expected.shape == (1, 2048)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4 * expected.std())


def test_mindspore_is_taken_where_nothing_else_is(monkeypatch: pytest.MonkeyPatch) -> None:
    net = Builder()
    net.conv(net.input, "c", 4, 3)
    network, asked = net.build("one", 1), []
    monkeypatch.setattr(described, "MindSporeNetwork", lambda *given: asked.append(given))
    monkeypatch.setattr(described, "installed", lambda package: package == "mindspore")
    running(network, {}, "auto", None, "auto")
    monkeypatch.setattr(described, "installed", lambda _: True)
    running(network, {}, "auto", None, "mindspore")
    running(network, {}, "ascend", None, "auto")
    assert len(asked) == 3
    with pytest.raises(ModelError, match=r"c\.weight.*missing"):
        running(network, {}, "auto", None, "auto")
