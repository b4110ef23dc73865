from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from senga.errors import ModelError, SettingsError
from senga.neural.evaluation.lpips import Perceptual, load, parameters
from senga.testing import sample

Picture = np.ndarray


@pytest.fixture(scope="module")
def perceptual(lpips_weights: Any) -> Perceptual:
    return Perceptual(lpips_weights, "cpu")


@pytest.fixture
def photo() -> Picture:
    return sample(45, 52).u8()


def by_the_definition(first: Picture, second: Picture, weights: Any, layers: Any) -> float:
    """SqueezeNet 1.1 and the distance, straight on, in float64."""

    def conv(x: Any, name: str, stride: int = 1, same: bool = True) -> Any:
        outputs, _, *kernel = weights[f"{name}.weight"].shape
        return np.maximum(layers.conv(x, name, outputs, tuple(kernel), stride, same), 0)

    def pool(x: Any) -> Any:
        return layers.maximum(np.pad(x, ((0, 0), (0, 0), *(((0, (side - 3) % 2)) for side in x.shape[2:]))), 2, False)

    def fire(x: Any, number: int) -> Any:
        x = conv(x, f"features.{number}.squeeze")
        return np.concatenate([conv(x, f"features.{number}.expand{size}") for size in ("1x1", "3x3")], 1)

    x = np.stack([first, second]).transpose(0, 3, 1, 2) / 255 * 2 - 1
    x = (x - np.reshape([-0.030, -0.088, -0.188], (3, 1, 1))) / np.reshape([0.458, 0.448, 0.450], (3, 1, 1))
    compared = [conv(x, "features.0", 2, False)]
    compared.append(fire(fire(pool(compared[-1]), 3), 4))
    compared.append(fire(fire(pool(compared[-1]), 6), 7))
    compared.append(fire(pool(compared[-1]), 9))
    for number in (10, 11, 12):
        compared.append(fire(compared[-1], number))
    total = 0.0
    for number, maps in enumerate(compared):
        unit = maps / (np.linalg.norm(maps, axis=1, keepdims=True) + 1e-10)
        weighted = weights[f"lin{number}.model.1.weight"][0] * np.square(unit[0] - unit[1])
        total += weighted.sum(0).mean()
    return total


@pytest.mark.needs_mindspore
def test_it_follows_the_definition(
    perceptual: Perceptual, photo: Picture, lpips_weights: Any, numpy_layers: Any
) -> None:
    expected = by_the_definition(photo, photo[::-1], lpips_weights, numpy_layers(lpips_weights))
    assert perceptual.distance(photo, photo[::-1]) == pytest.approx(expected, rel=1e-4)


@pytest.mark.needs_mindspore
def test_it_is_symmetric_zero_for_equals_and_grows(perceptual: Perceptual, photo: Picture) -> None:
    noise = np.random.default_rng(0).normal(0, 1, photo.shape)
    slight, strong = (np.clip(photo + size * noise, 0, 255).astype(np.uint8) for size in (5, 60))
    assert perceptual.distance(photo, photo) == 0
    assert 0 < perceptual.distance(photo, slight) < perceptual.distance(photo, strong)
    assert perceptual.distance(slight, photo) == pytest.approx(perceptual.distance(photo, slight), rel=1e-5)


@pytest.mark.needs_mindspore
def test_tiny_pictures_are_refused(perceptual: Perceptual) -> None:
    small = np.zeros((31, 90, 3), np.uint8)
    with pytest.raises(SettingsError, match="32 pixels and more, not 90 x 31"):
        perceptual.distance(small, small)
    smallest = np.zeros((32, 32, 3), np.uint8)
    assert perceptual.distance(smallest, smallest) == 0


@pytest.mark.needs_mindspore
def test_trunk_and_head_come_from_two_files(tmp_path: Path, lpips_weights: Any, photo: Picture) -> None:
    head = {name for name in lpips_weights if name.startswith("lin")}
    np.savez(tmp_path / "head.npz", **{name: lpips_weights[name] for name in head})
    np.savez(tmp_path / "trunk.npz", **{name: lpips_weights[name] for name in lpips_weights.keys() - head})
    both = load([tmp_path / "head.npz", tmp_path / "trunk.npz"], "cpu")
    assert both.distance(photo, photo[::-1]) == Perceptual(lpips_weights, "cpu").distance(photo, photo[::-1])
    with pytest.raises(ModelError, match=r"features.0.weight.*missing"):
        load([tmp_path / "head.npz"], "cpu")


def test_the_public_head_fits(shared: Path) -> None:
    from senga.neural.checkpoints import read

    head = read(shared / "weights" / "perceptual" / "lpips_v0.1_squeeze.pth")
    wanted = {name: shape for name, shape in parameters().items() if name.startswith("lin")}
    assert {name: values.shape for name, values in head.items()} == wanted
