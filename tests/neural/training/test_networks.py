"""The differentiable form of a network against the engine, MindSpore's own gradients and finite differences."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

ms = pytest.importorskip("mindspore")

from senga.job import Job  # noqa: E402
from senga.neural import engine  # noqa: E402
from senga.neural.blocks import Padding  # noqa: E402
from senga.neural.executor import Array  # noqa: E402
from senga.neural.graph import Builder, Network  # noqa: E402
from senga.neural.training import arithmetic, spectral  # noqa: E402
from senga.neural.training.adam import Adam, averaged, clipped  # noqa: E402
from senga.neural.training.cell import NetworkCell, gradient_of, to_tensor  # noqa: E402
from senga.neural.training.initial import first_weights  # noqa: E402
from senga.plugins.animegan.network import animeganv1, animeganv2, animeganv2_lite  # noqa: E402


def some_weights(network: Network, rng: np.random.Generator) -> dict[str, Array]:
    weights = first_weights(network, "he", 1)
    return {
        name: array if array.ndim == 4 else (array + rng.normal(0, 0.2, array.shape)).astype(np.float32)
        for name, array in weights.items()
    }


def every_block() -> Network:
    """One of each kind of block, side by side and in a row."""
    net = Builder()
    x = net.leaky_relu(net.conv(net.input, "first", 4, 3, bias=True))
    x = net.leaky_relu(net.layer_norm(net.conv(x, "half", 6, 3, 2, padding=Padding(bottom=1, right=1)), "n1", 1e-5))
    y = net.instance_norm(net.depthwise(x, "deep", bias=True), "n2", 1e-5)
    x = net.add(x, y)
    x = net.leaky_relu(net.layer_norm(net.conv(x, "edge", 5, 3, pad_mode="edge"), "n3", 1e-5))
    x = net.conv(net.double(x, "tf1"), "zero", 5, 3, padding=Padding(1, 1, 0, 0, "zero"), stride=2)
    x = net.halve(net.double(net.double(x, "half_pixel"), "align_corners"), "tf1")
    net.tanh(net.conv(x, "last", 3, 1))
    return net.build("every-block", 4)


def slopes(cell: NetworkCell, x: Array, wish: Array) -> dict[str, Array]:
    def loss(x: object) -> object:
        return (cell(x) * to_tensor(wish)).sum()

    of_x, of_weights = ms.grad(loss, 0, cell.weights)(to_tensor(x))
    return {
        "x": of_x.asnumpy(),
        **{name: g.asnumpy() for name, g in zip(cell.network.parameters, of_weights, strict=True)},
    }


@pytest.mark.parametrize(
    "network",
    [every_block(), animeganv2(0.125), animeganv2(0.125, upsample="align_corners"), animeganv2_lite()],
    ids=["every-block", "v2", "v2-corners", "lite"],
)
def test_both_forms_agree_in_values_and_gradients(network: Network, rng: np.random.Generator) -> None:
    weights = some_weights(network, rng)
    x = rng.uniform(-1, 1, (2, 3, 16, 16)).astype(np.float32)
    fast, plain = (NetworkCell(network, weights, form) for form in ("fast", "plain"))
    result = plain.predict(x)
    np.testing.assert_allclose(fast.predict(x), result, atol=5e-4)
    wish = rng.standard_normal(result.shape).astype(np.float32)
    expected = slopes(plain, x, wish)
    found = slopes(fast, x, wish)
    largest = max(np.abs(g).max() for g in expected.values())
    for name, g in expected.items():
        # a norm: single values near the kink of a leaky ReLU may fall on either side
        assert np.linalg.norm(found[name] - g) < 1e-2 * np.linalg.norm(g) + 1e-4 * largest, name


def test_recorded_gradients_are_those_of_the_cell(rng: np.random.Generator) -> None:
    network = every_block()
    cell = NetworkCell(network, some_weights(network, rng), "fast", spectral_norm=True)
    other = NetworkCell(network, cell.arrays(), "plain", spectral_norm=True)
    x = rng.uniform(-1, 1, (1, 3, 8, 8)).astype(np.float32)
    result, back = cell.record(x)
    again, back_again = other.record(x)
    np.testing.assert_allclose(result, again, atol=1e-5)
    wish = rng.standard_normal(result.shape).astype(np.float32)
    found, expected = back(wish), back_again(wish)
    largest = max(np.abs(g).max() for g in expected.values())
    for name, g in expected.items():
        assert np.abs(found[name] - g).max() < 2e-4 * largest, name


def test_gradients_are_finite_differences(rng: np.random.Generator) -> None:
    network = every_block()
    cell = NetworkCell(network, some_weights(network, rng), "fast", spectral_norm=True)
    x = rng.uniform(-1, 1, (2, 3, 8, 8)).astype(np.float32)
    wish = rng.standard_normal(cell.predict(x).shape).astype(np.float32)
    weights, found = cell.arrays(), slopes(cell, x, wish)
    for name in ("half.weight", "deep.weight", "n1.weight", "n2.bias", "zero.weight", "first.bias"):
        along = found[name] / np.linalg.norm(found[name])
        values = []
        for sign in (1, -1):
            cell.load({**weights, name: (weights[name] + sign * 4e-3 * along).astype(np.float32)})
            values.append(float((cell.predict(x).astype(np.float64) * wish).sum()))
        assert (values[0] - values[1]) / 8e-3 == pytest.approx(np.linalg.norm(found[name]), rel=0.05), name


@pytest.mark.parametrize(("network", "side"), [(animeganv2(0.125), 20), (animeganv2_lite(), 16), (animeganv1(), 12)])
def test_a_trained_network_paints_as_the_engine_does(network: Network, side: int, rng: np.random.Generator) -> None:
    weights = some_weights(network, rng)
    pixels = rng.random((side, side, 3), np.float32)
    painted = engine.run(network, weights, pixels, Job(device="cpu"))
    x = np.ascontiguousarray(pixels.transpose(2, 0, 1)[None]) * 2 - 1
    drawn = (NetworkCell(network, weights).predict(x)[0].transpose(1, 2, 0) + 1) / 2
    assert np.abs(painted - drawn).max() < 1e-3


def test_margins_fold_back_as_they_were_filled(rng: np.random.Generator) -> None:
    for padding in (Padding(2, 1, 0, 3), Padding(1, 2, 3, 1, "edge"), Padding(1, 0, 2, 1, "zero")):
        x = rng.standard_normal((1, 2, 5, 6)).astype(np.float32)
        base, middle = arithmetic.with_margin(x, padding)
        middle[...] = x
        arithmetic.fill_margin(base, padding)
        mode = {"reflect": "reflect", "edge": "edge", "zero": "constant"}[padding.mode]
        sides = ((0, 0), (0, 0), (padding.top, padding.bottom), (padding.left, padding.right))
        np.testing.assert_array_equal(base, np.pad(x, sides, mode))  # type: ignore[call-overload]
        g = rng.standard_normal(base.shape).astype(np.float32)
        product = float(np.vdot(g, base))
        assert float(np.vdot(arithmetic.fold_margin(g, padding), x)) == pytest.approx(product, rel=1e-4)


def test_spectral_norm_finds_the_largest_singular_value(rng: np.random.Generator) -> None:
    kernel = rng.standard_normal((8, 5, 3, 3)).astype(np.float32)
    left = spectral.unit(rng.standard_normal(8).astype(np.float32))
    for _ in range(60):
        left = spectral.iterate(kernel, left)
    sigma = spectral.Sigma.of(kernel, left)
    assert sigma.value == pytest.approx(np.linalg.svd(kernel.reshape(8, -1), compute_uv=False)[0], rel=1e-3)
    divided = kernel / sigma.value
    assert np.linalg.svd(divided.reshape(8, -1), compute_uv=False)[0] == pytest.approx(1, rel=1e-3)
    gradient = sigma.gradient(rng.standard_normal(kernel.shape).astype(np.float32), kernel)
    assert abs(float(np.vdot(gradient, kernel))) < 1e-3, "a longer kernel must change nothing"


def test_adam_is_the_published_rule_and_can_go_back(rng: np.random.Generator) -> None:
    net = Builder()
    net.conv(net.input, "only", 2, 3)
    network = net.build("one", 1)
    cell = NetworkCell(network, first_weights(network, "normal", 0))
    adam, w = Adam(cell), cell.arrays()["only.weight"].astype(np.float64)
    m, v = np.zeros_like(w), np.zeros_like(w)
    states = []
    for step in range(1, 4):
        g = rng.standard_normal(w.shape).astype(np.float32)
        adam.update({"only.weight": g}, 1e-2)
        m, v = 0.5 * m + 0.5 * g, 0.999 * v + 0.001 * np.square(g, dtype=np.float64)
        w -= 1e-2 * (m / (1 - 0.5**step)) / (np.sqrt(v / (1 - 0.999**step)) + 1e-8)
        np.testing.assert_allclose(cell.arrays()["only.weight"], w, atol=2e-5)
        states.append((adam.state(), cell.arrays(), g))
    adam.load(states[1][0])
    cell.load(states[1][1])
    adam.update({"only.weight": states[2][2]}, 1e-2)
    np.testing.assert_array_equal(cell.arrays()["only.weight"], states[2][1]["only.weight"])


def test_clipping_and_averaging() -> None:
    gradients = {"a": np.array([3.0], np.float32), "b": np.array([4.0], np.float32)}
    assert clipped(gradients, 0)["a"] == 3
    assert clipped(gradients, 10)["b"] == 4
    np.testing.assert_allclose([clipped(gradients, 1)[k][0] for k in "ab"], [0.6, 0.8], rtol=1e-6)
    mean = {"a": np.zeros(1, np.float32)}
    for step in range(1, 2000):
        mean = averaged(mean, {"a": np.ones(1, np.float32)}, 0.99, step)
    assert mean["a"][0] == pytest.approx(1, abs=1e-3)


def test_identity_start_passes_the_picture_on(rng: np.random.Generator) -> None:
    network = animeganv2(0.25)
    start: Callable[[str], Array] = lambda kind: NetworkCell(network, first_weights(network, kind, 0)).predict(x)  # type: ignore[arg-type]  # noqa: E731
    x = np.repeat(np.repeat(rng.uniform(-1, 1, (1, 3, 4, 4)), 8, 2), 8, 3).astype(np.float32)

    def likeness(y: Array) -> float:
        return float(np.abs(np.corrcoef(y.mean(1).ravel(), x.mean(1).ravel())[0, 1]))

    assert likeness(start("identity")) > likeness(start("he"))


def test_gradient_of_names_its_parts() -> None:
    slope, parts = gradient_of(lambda x: {"a": (x * x).sum(), "b": (3 * x).sum()}, np.array([2.0], np.float32))
    assert slope == pytest.approx([7.0])
    assert parts == {"a": 4.0, "b": 6.0}
