"""Random weights in public names, folders of small pictures, and the layers written out in float64 numpy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from numpy.typing import NDArray

from senga.neural.evaluation import inception, lpips
from senga.testing import sample

Weights = dict[str, NDArray[Any]]
Maps = NDArray[np.float64]


@pytest.fixture(scope="session")
def inception_weights() -> Weights:
    return random_inception(inception.kernels())


@pytest.fixture(scope="session")
def lpips_weights() -> Weights:
    rng = np.random.default_rng(11)
    weights = {name: he(rng, shape) for name, shape in lpips.parameters().items()}
    return {name: np.abs(values) if name.startswith("lin") else values for name, values in weights.items()}


@pytest.fixture
def folder(tmp_path: Path) -> Callable[..., Path]:
    """Makes a folder of small, different pictures."""

    def make(name: str, count: int, seed: int = 0, side: int = 40) -> Path:
        place = tmp_path / name
        place.mkdir()
        rng = np.random.default_rng([seed, count])
        for number in range(count):
            tint = rng.integers(0, 90, 3, dtype=np.uint8)
            pixels = np.roll(sample(side, side + 8).u8() // 2, int(rng.integers(side)), axis=1) + tint
            PIL.Image.fromarray(pixels).save(place / f"{number:03}.png")
        return place

    return make


def random_inception(kernels: Mapping[str, tuple[int, ...]]) -> Weights:
    """He noise with batch norms that are no identity."""
    rng = np.random.default_rng(7)
    weights: Weights = {"fc.weight": he(rng, (inception.CLASSES, inception.FEATURES)), "fc.bias": np.zeros(1008)}
    for name, shape in kernels.items():
        weights[f"{name}.conv.weight"] = he(rng, shape)
        for part, low, high in (("weight", 0.7, 1.3), ("bias", -0.1, 0.1), ("running_mean", -0.1, 0.1),
                                ("running_var", 0.5, 1.5)):  # fmt: skip
            weights[f"{name}.bn.{part}"] = rng.uniform(low, high, shape[0]).astype(np.float32)
    return weights


def he(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float32]:
    scale = np.float32(np.sqrt(2 / max(np.prod(shape[1:]), 1)))
    return rng.standard_normal(shape, np.float32) * (scale if len(shape) > 1 else np.float32(0.1))


def windows(x: Maps, kernel: tuple[int, int], stride: int, margin: tuple[int, int], fill: float) -> Maps:
    """(pictures, channels, H', W', kernel rows, kernel columns)."""
    rows, columns = margin
    padded = np.pad(x, ((0, 0), (0, 0), (rows, rows), (columns, columns)), constant_values=fill)
    return np.lib.stride_tricks.sliding_window_view(padded, kernel, (2, 3))[:, :, ::stride, ::stride]


class NumpyLayers:
    """The ``Layers`` that the others are compared with."""

    def __init__(self, weights: Mapping[str, NDArray[Any]]) -> None:
        self.weights = weights

    def conv(self, x: Maps, name: str, outputs: int, kernel: tuple[int, int], stride: int, same: bool) -> Maps:
        margin = (kernel[0] // 2, kernel[1] // 2) if same else (0, 0)
        weight = self.weights[f"{name}.weight"].astype(np.float64)
        summed = np.einsum("nchwij,ocij->nohw", windows(x, kernel, stride, margin, 0), weight, optimize=True)
        return summed + self.weights[f"{name}.bias"][:, None, None]

    def relu(self, x: Maps) -> Maps:
        return np.maximum(x, 0)

    def average(self, x: Maps) -> Maps:
        return np.nanmean(windows(x, (3, 3), 1, (1, 1), np.nan), axis=(4, 5))

    def maximum(self, x: Maps, stride: int, same: bool) -> Maps:
        return windows(x, (3, 3), stride, (1, 1) if same else (0, 0), -np.inf).max((4, 5))

    def concat(self, parts: Sequence[Maps]) -> Maps:
        return np.concatenate(parts, 1)


@pytest.fixture(scope="session")
def numpy_layers() -> type[NumpyLayers]:
    return NumpyLayers
