"""MindSpore against float64 numpy, on sizes where every border shows."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from senga.neural.evaluation.layers import MindSporeLayers, Parameters
from senga.neural.evaluation.lpips import CeilingLayers


@pytest.fixture
def batch(rng: np.random.Generator) -> np.ndarray:
    return rng.standard_normal((2, 3, 8, 9)).astype(np.float32)


CONVOLUTIONS = list(product([(1, 1), (1, 7), (7, 1), (3, 3), (5, 5), (3, 1)], [1, 2], [True, False]))


@pytest.mark.needs_mindspore
@pytest.mark.parametrize(("kernel", "stride", "same"), CONVOLUTIONS)
def test_convolution(
    batch: np.ndarray, rng: np.random.Generator, numpy_layers: Any, kernel: tuple[int, int], stride: int, same: bool
) -> None:
    weights = {
        "c.weight": rng.standard_normal((4, 3, *kernel)).astype(np.float32),
        "c.bias": rng.standard_normal(4).astype(np.float32),
    }
    layers = MindSporeLayers(weights, "cpu")
    found = layers.conv(layers.tensor(batch), "c", 4, kernel, stride, same).asnumpy()
    expected = numpy_layers(weights).conv(batch, "c", 4, kernel, stride, same)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.needs_mindspore
@pytest.mark.parametrize(("stride", "same"), [(1, True), (2, False)])
def test_maxima(batch: np.ndarray, numpy_layers: Any, stride: int, same: bool) -> None:
    layers = MindSporeLayers({}, "cpu")
    found = layers.maximum(layers.tensor(batch - 5), stride, same).asnumpy()
    np.testing.assert_array_equal(found, numpy_layers({}).maximum(batch - 5, stride, same).astype(np.float32))


@pytest.mark.needs_mindspore
def test_averages_leave_out_the_margin(batch: np.ndarray, numpy_layers: Any) -> None:
    layers = MindSporeLayers({}, "cpu")
    found = layers.average(layers.tensor(batch)).asnumpy()
    np.testing.assert_allclose(found, numpy_layers({}).average(batch), rtol=1e-5, atol=1e-6)
    ones = layers.average(layers.tensor(np.ones_like(batch))).asnumpy()
    np.testing.assert_allclose(ones, 1, rtol=1e-6)


@pytest.mark.needs_mindspore
@pytest.mark.parametrize(("height", "width"), [(7, 7), (8, 7), (7, 8), (8, 8), (3, 4)])
def test_the_last_incomplete_window_counts_in_squeezenet(rng: np.random.Generator, height: int, width: int) -> None:
    maps = rng.random((1, 2, height, width), np.float32)
    layers = CeilingLayers({}, "cpu")
    found = layers.maximum(layers.tensor(maps), 2, same=False).asnumpy()
    expected = [
        [maps[0, 1, i : i + 3, j : j + 3].max() for j in range(0, width - 1, 2)] for i in range(0, height - 1, 2)
    ]
    np.testing.assert_array_equal(found[0, 1], expected)


@pytest.mark.needs_mindspore
def test_concatenation_and_mean(batch: np.ndarray) -> None:
    layers = MindSporeLayers({}, "cpu")
    both = layers.concat([layers.tensor(batch), layers.tensor(-batch)])
    np.testing.assert_allclose(layers.mean(both)[:, :3], batch.mean((2, 3)), atol=1e-6)
    np.testing.assert_array_equal(both.asnumpy()[:, 3:], -batch)


def test_parameters_are_noted_without_computing() -> None:
    noted = Parameters()
    channels = noted.concat([noted.conv(3, "a", 8, (3, 1), 1, True), noted.maximum(3, 2, False)])
    assert (channels, noted.kernels) == (11, {"a": (8, 3, 3, 1)})
