"""The network of the first Style2Paints, VGG-19 to fc1, features of a picture: beside computations of our own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from senga.errors import ModelError
from senga.job import Job
from senga.neural.engine import evaluate
from senga.neural.graph import Network
from senga.neural.networks import reference_features, vgg_features
from senga.neural.networks.style2paints import OURS, PUBLISHED, Shape, critic, reference_painter, without_guides

SMALL = Shape((2, 3, 4, 5, 6), 7, 8, 9)
NORMED = Shape((2, 3, 4, 5, 6), 7, 8, 9, 3, True, True)


def random_weights(network: Network, seed: int = 0) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    return {
        name: rng.uniform(0.5, 1.5, shape)
        if name.endswith(("running_var", "norm.weight"))
        else rng.normal(0, 1 / max(1, np.prod(shape[1:])) ** 0.5, shape)
        for name, shape in network.parameters.items()
    }


def conv(x: Any, kernel: Any, bias: Any, stride: int = 1) -> Any:
    margin = 0 if kernel.shape[2] == 1 else 1
    padded = np.pad(x, ((0, 0), (margin, margin), (margin, margin)))
    windows = sliding_window_view(padded, kernel.shape[2:], (1, 2))[:, ::stride, ::stride]
    return np.einsum("chwij,ocij->ohw", windows, kernel) + bias[:, None, None]


def doubled(x: Any) -> Any:
    return x.repeat(2, 1).repeat(2, 2)


def painted(weights: dict[str, Any], ink: Any, vector: Any, *, everywhere: bool) -> dict[str, Any]:
    """The table of the article, level by level, in numpy, channels first."""

    def plain(x: Any, name: str, stride: int = 1) -> Any:
        return conv(x, weights[f"{name}.weight"], weights[f"{name}.bias"], stride)

    def layer(x: Any, name: str, stride: int = 1, joins: bool = False) -> Any:
        x = plain(x, name, stride)
        if joins:
            told = weights[f"{name}.reference.weight"] @ vector + weights[f"{name}.reference.bias"]
            x = x + told[:, None, None]
        if f"{name}.norm.weight" in weights:
            mean, variance, gain, shift = (
                weights[f"{name}.norm.{part}"][:, None, None]
                for part in ("running_mean", "running_var", "weight", "bias")
            )
            x = (x - mean) / np.sqrt(variance + 1e-3) * gain + shift
        return np.maximum(x, 0)

    def guide(x: Any, name: str) -> Any:
        for level in range(4):
            x = doubled(np.maximum(plain(x, f"{name}.{level}"), 0))
        return plain(x, f"{name}.last")

    first = layer(ink, "e0")
    levels = [first + layer(first, "e0b")]
    for level in (1, 2, 3, 4):
        levels.append(layer(layer(levels[-1], f"e{level}"), f"e{level}b", 2))
    x, after = layer(levels[4], "middle", 2, joins=True), None
    for level in (4, 3, 2, 1):
        x = layer(doubled(x), f"d{level}", joins=everywhere)
        after = x if after is None else after
        x = np.concatenate([x + layer(x, f"d{level}b"), levels[level]])
    x = layer(doubled(x), "d0", joins=everywhere)
    return {"colours": plain(x, "last"), "entry": guide(levels[4], "entry"), "exit": guide(after, "exit")}


@pytest.mark.parametrize("shape", [SMALL, NORMED])
def test_it_paints_as_a_computation_of_our_own(shape: Shape) -> None:
    network = reference_painter(shape, guides=True)
    weights = random_weights(network)
    rng = np.random.default_rng(1)
    ink, vector = rng.uniform(0, 1, (1, 64, 96)), rng.uniform(0, 1, 9)
    given = {"photo": np.float32(ink.transpose(1, 2, 0)), "reference": np.float32(vector)}
    made = evaluate(network, {name: np.float32(each) for name, each in weights.items()}, given, Job(threads=1))
    wanted = painted(weights, ink, vector, everywhere=shape.everywhere)
    assert list(made) == list(wanted)
    for name, each in wanted.items():
        assert np.abs(made[name] - each.transpose(1, 2, 0)).max() < 1e-4 * np.abs(each).max(), name


def test_the_published_form_has_its_size() -> None:
    count, guided = (reference_painter(PUBLISHED, guides=guides).parameter_count for guides in (False, True))
    assert count == 31_648_947
    assert guided - count == pytest.approx(2.7e6 + 3.9e6, rel=0.01)
    assert reference_painter(PUBLISHED).parameters["middle.reference.weight"] == (2048, 4096)


def test_ours_is_small_and_guides_go() -> None:
    network, guided = (reference_painter(OURS, guides=guides) for guides in (False, True))
    assert 2 * network.parameter_count <= 4_000_000
    assert {name for name in guided.parameters if without_guides(name)} == set(network.parameters)
    assert network.parameters["middle.reference.weight"][1] == reference_features.FEATURES


def test_the_critic_gives_as_many_numbers_as_there_are_features() -> None:
    network = critic(9, 2)
    weights = random_weights(network)
    picture = np.random.default_rng(2).uniform(-1, 1, (3, 64, 96))
    x = picture
    for level in range(5):
        x = conv(x, weights[f"c{level}.weight"], weights[f"c{level}.bias"], 2)
        x = np.where(x > 0, x, 0.2 * x)
    wanted = weights["verdict.weight"] @ x.mean((1, 2)) + weights["verdict.bias"]
    given = {"photo": np.float32(picture.transpose(1, 2, 0))}
    (made,) = evaluate(network, {name: np.float32(each) for name, each in weights.items()}, given, Job()).values()
    assert np.abs(made - wanted).max() < 1e-4
    assert critic().parameters["verdict.weight"] == (4096, 512)


def torchvision(channels: tuple[int, ...], features: int) -> dict[str, Any]:
    """Random weights of a narrow VGG-19 in torchvision's names."""
    rng, place, before, made = np.random.default_rng(3), 0, 3, {}
    for width, count in zip(channels, (2, 2, 4, 4, 4), strict=True):
        for _ in range(count):
            made[f"features.{place}.weight"] = rng.normal(0, (2 / 9 / before) ** 0.5, (width, before, 3, 3))
            made[f"features.{place}.bias"] = rng.normal(0, 0.1, width)
            place, before = place + 2, width
        place += 1
    made["classifier.0.weight"] = rng.normal(0, 0.1, (features, before * 49))
    made["classifier.0.bias"] = rng.normal(0, 0.1, features)
    return made | {"classifier.3.weight": np.zeros((2, features)), "classifier.3.bias": np.zeros(2)}


def test_vgg_sees_what_a_computation_of_our_own_sees() -> None:
    channels, features = (2, 3, 4, 3, 2), 6
    theirs = torchvision(channels, features)
    picture = np.random.default_rng(4).uniform(0, 1, (224, 224, 3))
    x = ((picture - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225)).transpose(2, 0, 1)
    for place in (0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34):
        x = np.maximum(conv(x, theirs[f"features.{place}.weight"], theirs[f"features.{place}.bias"]), 0)
        if place in (2, 7, 16, 25, 34):
            x = x.reshape(len(x), x.shape[1] // 2, 2, x.shape[2] // 2, 2).max((2, 4))  # (C, row, y, column, x)
    wanted = np.maximum(theirs["classifier.0.weight"] @ x.reshape(-1) + theirs["classifier.0.bias"], 0)
    network = vgg_features.vgg19_features(channels, features)
    given = {"photo": np.float32(2 * picture - 1)}
    (made,) = evaluate(network, vgg_features.renamed(theirs), given, Job(threads=1)).values()
    assert wanted.max() > 0.01
    assert np.abs(made - wanted).max() < 1e-4 * wanted.max()


def test_vgg_has_the_published_size_and_other_files_are_refused() -> None:
    assert vgg_features.vgg19_features().parameter_count == 20_024_384 + 25_088 * 4096 + 4096
    with pytest.raises(ModelError, match="does not hold VGG-19"):
        vgg_features.to_senga({"features.0.weight": np.zeros((64, 3, 3, 3))})
    with pytest.raises(ModelError, match="shape"):
        vgg_features.to_senga(torchvision((2, 3, 4, 3, 2), 6))


def test_a_histogram_shares_every_colour_among_its_neighbours() -> None:
    picture = np.zeros((2, 2, 3))
    picture[0, 0] = 1
    picture[0, 1] = 0.125, 0, 0
    found = reference_features.histogram(picture).reshape(5, 5, 5)
    assert found[4, 4, 4] == pytest.approx(0.5)
    assert found[0, 0, 0] == pytest.approx((0.5 + 0.125) ** 0.5)
    assert found[1, 0, 0] == pytest.approx(0.125**0.5)
    assert (found**2).sum() == pytest.approx(1)


def test_statistics_are_means_and_deviations_of_the_perceptual_network() -> None:
    from senga.neural.training.perceptual import load_encoder, shipped_encoder

    rng = np.random.default_rng(5)
    picture = rng.uniform(0, 1, (64, 64, 3)).astype(np.float32)
    encoder = load_encoder(shipped_encoder())
    taps = ("relu1_1", "relu2_1", "relu3_1", "relu4_1")
    given = {"photo": 2 * picture - 1}
    seen = evaluate(encoder.network(taps), encoder.weights(), given, Job(threads=1))
    (found,) = evaluate(
        reference_features.observer(), reference_features.observer_weights(), given, Job(threads=1)
    ).values()
    wanted = [(2 * picture - 1).mean((0, 1)), np.sqrt((2 * picture - 1).var((0, 1)) + 1e-5)]
    wanted += [part for each in seen.values() for part in (each.mean((0, 1)), np.sqrt(each.var((0, 1)) + 1e-5))]
    np.testing.assert_allclose(found, np.concatenate(wanted), rtol=2e-3, atol=2e-3)
    vector = reference_features.joined(reference_features.histogram(picture)[None], found[None])
    assert vector.shape == (1, reference_features.FEATURES)
    assert 0 <= vector.min() <= vector.max() <= 1
