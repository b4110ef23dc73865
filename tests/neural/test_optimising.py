"""Optimised pictures: gradients against differences and against PyTorch, coordinates, and ways downhill."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from senga.neural.executor import Array
from senga.neural.networks.vgg import vgg
from senga.neural.optimising.canvas import MARGIN, Waves, pixels, planes
from senga.neural.optimising.descent import Adam, Quasi
from senga.neural.optimising.eye import BROAD, COLOURS, Aim, Eye, Weighing, variation
from senga.neural.training.initial import first_weights
from senga.neural.training.perceptual import Encoder, load_encoder, shipped_encoder
from senga.plugins.optimise_style.recipes import RECIPES, as_in_the_article
from senga.testing import sample

ROOT = Path(__file__).resolve().parents[2]
SIZE = (48, 64)


def encoder() -> Encoder:
    """VGG-19 of few channels with made-up weights, fed as the original is."""
    channels = {f"conv{block}_{i}": 4 + 2 * block for block in range(1, 6) for i in range(1, 5)}
    weights = first_weights(vgg(["relu5_2"], channels=channels), "he", 3)
    kernels = {
        name: (weights[f"{name}.weight"], weights[f"{name}.bias"]) for name in channels if f"{name}.weight" in weights
    }
    return Encoder(kernels, np.eye(3, dtype=np.float32) * 127.5, np.full(3, 9.0, np.float32), original=True)


def pictures() -> tuple[Array, Array, Array]:
    """A photograph, a painting and what is there."""
    found = [planes(sample(*SIZE, seed).float()) for seed in (1, 2, 3)]
    return found[0], found[1], found[2]


def halves() -> Array:
    left = np.zeros(SIZE, np.float32)
    left[:, : SIZE[1] // 3] = 1
    return np.stack([left, 1 - left])


def aimed(eye: Eye, photo: Array, style: Array, parts: Array | None) -> Aim:
    return Aim(eye.content(photo), eye.looks(style, parts), parts, 0.7, 1.3)


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("parts", [None, halves()], ids=["whole", "parts"])
def test_the_gradient_is_that_of_the_loss(recipe: Any, parts: Array | None) -> None:
    photo, style, there = pictures()
    eye = Eye(encoder(), RECIPES[recipe], 16 if recipe == "senga" else 0)
    aim = aimed(eye, photo, style, parts)
    slope, chance = eye.slope(there, aim)[1], np.random.default_rng(0).uniform(0, 2, there.shape).astype(np.float32)
    way = chance * slope / np.abs(slope).mean()
    expected, step = float(np.vdot(slope, way)), np.float32(0.01)
    found = (eye.slope(there + step * way, aim)[0] - eye.slope(there - step * way, aim)[0]) / (2 * step)
    assert found == pytest.approx(expected, rel=0.02)


def test_the_gradient_is_that_of_pytorch() -> None:
    torch = pytest.importorskip("torch")
    sys.path.insert(0, str(ROOT))
    from training.module import NetworkModule

    photo, style, there = pictures()
    weighing = Weighing({"relu4_2": 0.3}, {"relu1_1": 1.0, "relu3_1": 0.5, COLOURS: 2.0})
    small = encoder()
    eye = Eye(small, weighing)
    value, slope = eye.slope(there, Aim(eye.content(photo), eye.looks(style), None, 0.7, 1.3))
    module = NetworkModule(small.network(["relu1_1", "relu3_1", "relu4_2"], "average"), small.weights())

    def layers(x: Any) -> list[Any]:
        colours = torch.cat([x / 255, torch.ones_like(x[:1])])
        return [f.flatten(-2).squeeze(0) for f in (*module(x[None] / 127.5 - 1), colours)]

    aims = [layers(torch.tensor(x)) for x in (photo, style)]
    x = torch.tensor(there, requires_grad=True)
    total: Any = 0
    for weight, centred, seen, wanted in zip((1.0, 0.5, 0, 2.0), (1, 1, 0, 0), layers(x), aims[1], strict=True):
        middle = wanted.mean(1, keepdim=True) * centred
        products = (wanted - middle) @ (wanted - middle).T / wanted.shape[1]
        own = (seen - middle) @ (seen - middle).T / seen.shape[1]
        total = total + 1.3 * weight * ((own - products) ** 2).sum() / (products**2).sum()
    content, kept = layers(x)[2], aims[0][2]
    total = total + 0.7 * 0.3 * ((content - kept) ** 2).sum() / (kept**2).sum()
    total.backward()
    assert value == pytest.approx(total.item(), rel=1e-4)
    expected = x.grad.numpy()
    assert np.abs(slope - expected).max() < 1e-3 * np.abs(expected).max()


def test_the_recipe_of_the_article_is_what_it_writes() -> None:
    """Its loss, written down as it stands: sums over M places and N channels, weights, and layers that are counted."""
    photo, style, there = pictures()
    eye = Eye(as_in_the_article(encoder()), RECIPES["article"])
    value = eye.slope(there, Aim(eye.content(photo), eye.looks(style), None, 1, 1))[0]
    taps = ["relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1", "relu4_2", "relu5_2"]
    shown = Eye(as_in_the_article(encoder()), Weighing(dict.fromkeys(taps, 1.0), {}, pools="max"))
    seen, kept, painted = (shown.content(x) for x in (there, photo, style))
    content = sum(0.5 / (2 * seen[tap].size) * ((seen[tap] - kept[tap]) ** 2).sum() for tap in taps[5:]) / 2
    total = 0.0
    for tap in taps[:5]:
        channels, places = seen[tap].shape
        step = seen[tap] @ seen[tap].T - painted[tap] @ painted[tap].T
        total += 0.2 / (4 * places**2 * channels**2) * (step.astype(np.float64) ** 2).sum()
    assert value == pytest.approx(content + 500 * total / 5, rel=1e-3)


@pytest.mark.parametrize("margin", [0, 16])
def test_broad_colours_have_their_gradient(margin: int) -> None:
    photo, _, there = pictures()
    eye = Eye(encoder(), Weighing({"relu1_1": 0.0, BROAD: 1.0}, {}), margin)
    aim = Aim(eye.content(photo), eye.looks(photo), None, 1, 1)
    slope = eye.slope(there, aim)[1]
    way = slope / np.abs(slope).max()
    found = (eye.slope(there + 4 * way, aim)[0] - eye.slope(there - 4 * way, aim)[0]) / 8
    assert found == pytest.approx(float(np.vdot(slope, way)), rel=0.01)


def test_parts_are_aimed_at_by_themselves() -> None:
    """A part that is as its own part of the painting has nothing to do, whatever the other part looks like."""
    eye, parts = Eye(encoder(), Weighing({"relu1_1": 0.0}, {COLOURS: 1.0})), halves()
    style = pictures()[1]
    other = style.copy()
    other[:, :, SIZE[1] // 3 :] = 255 - other[:, :, SIZE[1] // 3 :]
    _, slope = eye.slope(other, Aim(eye.content(style), eye.looks(style, parts), parts, 0, 1))
    assert np.abs(slope[:, :, : SIZE[1] // 3]).max() < 1e-3 * np.abs(slope).max()


def test_what_lies_in_the_margin_is_not_looked_at() -> None:
    eye = Eye(load_encoder(shipped_encoder()), Weighing({"relu1_1": 0.0}, {COLOURS: 1.0}), 8)
    there = pictures()[2]
    framed = there.copy()
    framed[:, :8] = 0
    assert np.array_equal(eye.looks(there)[0][COLOURS].products, eye.looks(framed)[0][COLOURS].products)


def test_waves_are_the_picture_in_other_coordinates(rng: np.random.Generator) -> None:
    picture = planes(sample(20, 30).float(), MARGIN)
    waves = Waves(*picture.shape[1:])
    np.testing.assert_allclose(waves.picture(waves.places(picture)), picture, atol=0.01)
    gradient, step = (rng.standard_normal(picture.shape).astype(np.float32) for _ in range(2))
    along = float(np.vdot(waves.slope(gradient), step))
    assert along == pytest.approx(float(np.vdot(gradient, waves.picture(step))), rel=1e-3, abs=1e-2)
    np.testing.assert_allclose(pixels(picture, MARGIN), sample(20, 30).float(), atol=1e-5)


def test_roughness_has_its_gradient(rng: np.random.Generator) -> None:
    picture, way = (rng.standard_normal((3, 6, 7)) for _ in range(2))
    numbers: Any = picture, way
    expected = np.vdot(variation(numbers[0])[1], way)
    found = (variation(numbers[0] + 1e-4 * way)[0] - variation(numbers[0] - 1e-4 * way)[0]) / 2e-4
    assert found == pytest.approx(float(expected), rel=1e-5)


def valley(x: Array) -> tuple[float, Array]:
    """Long and narrow, with the lowest place at 3."""
    steep = np.array([1, 30, 900], np.float32)
    return float((steep * (x - 3) ** 2).sum()), 2 * steep * (x - 3)


def test_both_ways_go_down() -> None:
    begin = np.zeros(3, np.float32)
    assert np.abs(Quasi(1.0).go(begin, valley, 25) - 3).max() < 1e-2
    assert np.abs(Adam(0.1).go(begin, valley, 300) - 3).max() < 0.1


def test_l_bfgs_never_goes_up_and_goes_on_where_it_was() -> None:
    way, place, before = Quasi(100.0), np.zeros(3, np.float32), valley(np.zeros(3, np.float32))[0]
    for _ in range(12):
        place = way.go(place, valley, 2)
        assert valley(place)[0] <= before
        before = valley(place)[0]
    assert np.array_equal(place, Quasi(100.0).go(np.zeros(3, np.float32), valley, 24))
