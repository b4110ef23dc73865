"""First weights of a narrow network from a wide one, without a gradient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from senga.job import Job
from senga.neural.engine import evaluate
from senga.neural.executor import Array
from senga.neural.graph import Builder, Network
from senga.neural.training.initial import first_weights
from senga.neural.training.narrowing import homes, narrowed, telling, told_from
from senga.plugins.animegan.network import animeganv2
from senga.plugins.cartoongan.network import cartoongan_light
from senga.registry import plugins


def look_at(photos: Sequence[Array]) -> Any:
    """Runs networks on photographs, (H, W, 3) in [-1, 1]."""

    def look(network: Network, weights: Mapping[str, Array]) -> list[Array]:
        found = [evaluate(network, weights, {"photo": photo}, Job()) for photo in photos]
        return [np.stack([each[output.name].transpose(2, 0, 1) for each in found]) for output in network.outputs]

    return look


def walk(photo: Array) -> Any:
    """Runs networks on a photograph as trainings do, without preparing them."""
    steps = pytest.importorskip("senga.neural.training.steps")
    given = np.ascontiguousarray(photo.transpose(2, 0, 1)[None])

    def look(network: Network, weights: Mapping[str, Array]) -> list[Array]:
        found: list[Array] = steps.Walk(steps.Plan(network), weights, remember=False).forward(given)
        return found

    return look


def small(channels: int) -> Network:
    """A few layers with everything that can be narrowed."""
    net = Builder()
    x = net.leaky_relu(net.layer_norm(net.conv(net.input, "a", channels, 3), "an", 1e-5), 0.2)
    y = net.leaky_relu(net.instance_norm(net.depthwise(x, "b", bias=True), "bn", 1e-5), 0.2)
    x = net.add(x, net.conv(y, "c", channels, 1))
    net.tanh(net.conv(x, "d", 3, 3, bias=True))
    return net.build("small", multiple=1)


@pytest.fixture
def photos() -> list[Array]:
    rng = np.random.default_rng(3)
    return [np.kron(rng.uniform(-1, 1, (6, 8, 3)), np.ones((4, 4, 1))).astype(np.float32) for _ in range(3)]


def test_a_network_that_repeats_itself_loses_nothing(photos: list[Array]) -> None:
    """Half of the channels of the wide network are copies of the others: the narrow one paints the same."""
    half, twice = small(6), small(12)
    first, rng = first_weights(half, "he", 5), np.random.default_rng(1)
    first |= {name: rng.normal(0.5, 0.4, 6).astype(np.float32) for name in first if "n." in name or name == "b.bias"}
    wide = {}
    for name, array in first.items():
        again = np.concatenate([array, array]) if len(array) == 6 else array
        both = array.ndim == 4 and array.shape[1] == 6
        wide[name] = np.concatenate([again, again], 1) / 2 if both else again
    look = look_at(photos)
    painted = look(twice, wide)[0]
    np.testing.assert_allclose(painted, look(half, first)[0], atol=1e-5)
    found = narrowed(twice, wide, half, look)
    assert np.abs(look(half, found)[0] - painted).mean() < 0.01
    assert np.abs(look(half, first_weights(half, "he", 6))[0] - painted).mean() > 0.1


def test_a_shipped_generator_is_still_itself_at_half_its_width(picture: Any) -> None:
    wide, narrow = animeganv2(0.5), animeganv2(0.25)
    weights, look = plugins().store().load("painted-comic").arrays, walk(picture(96, 96).float() * 2 - 1)
    painted = look(wide, weights)[0]
    found = look(narrow, narrowed(wide, weights, narrow, look))[0]
    cut = {name: weights[name][tuple(map(slice, shape))] for name, shape in narrow.parameters.items()}
    assert np.abs(found - painted).mean() < 0.5 * np.abs(look(narrow, cut)[0] - painted).mean()


def test_the_channels_that_tell_most_are_kept() -> None:
    rng = np.random.default_rng(0)
    own = rng.standard_normal((500, 3)) * [3, 2, 1]
    mixed = np.concatenate([0.1 * rng.standard_normal((500, 1)), own, own @ rng.uniform(-0.1, 0.1, (3, 2))], 1)
    assert 0 not in telling(np.cov(mixed.T), 3)  # of which nothing else tells, but it is small
    mixed = mixed[:, 1:]
    assert telling(np.zeros((4, 4)), 3).tolist() == [0, 1, 2]  # dead channels: any will do, none twice
    shares = told_from(own.astype(np.float32), mixed.astype(np.float32))
    np.testing.assert_allclose(own @ shares, mixed, atol=0.02)


def test_layers_that_are_added_keep_the_same_channels_and_others_are_refused() -> None:
    home = homes(small(4))
    assert home["b"] == home["a"] == home["c"] != home["d"]
    with pytest.raises(ValueError, match="channels that cannot be chosen"):
        homes(cartoongan_light())
    with pytest.raises(ValueError, match="is no narrower"):
        narrowed(small(4), {}, animeganv2(), look_at([]))
