"""LPIPS: how different two pictures look, by the features of SqueezeNet 1.1 weighted after people's judgements.

References:
    Zhang et al., The unreasonable effectiveness of deep features as a perceptual metric, CVPR 2018,
    doi:10.1109/CVPR.2018.00068 (version 0.1 of its weights).
    Iandola et al., SqueezeNet, 2016, arXiv:1602.07360.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from senga.errors import SettingsError
from senga.neural.checkpoints import read
from senga.neural.executor import Array

from .layers import LayerMath, MindSporeLayers, Parameters, Shape, check_shape
from .sources import Picture

TRUNK = "squeezenet1_1-b8a52dc0.pth"
TRUNK_SOURCE = f"https://download.pytorch.org/models/{TRUNK}"
HEAD_SOURCE = "https://github.com/richzhang/PerceptualSimilarity/raw/master/lpips/weights/v0.1/squeeze.pth"

SHIFT = np.array([-0.030, -0.088, -0.188], np.float32)
SCALE = np.array([0.458, 0.448, 0.450], np.float32)
SMALLEST = 32
EPS = 1e-10

FIRES = (
    (3, 16, 64),
    (4, 16, 64),
    (6, 32, 128),
    (7, 32, 128),
    (9, 48, 192),
    (10, 48, 192),
    (11, 64, 256),
    (12, 64, 256),
)
"""Place in the network, channels of the squeeze, and of each of the two expansions."""

POOLED = (3, 6, 9)
"""Places that a maximum goes before."""

COMPARED = (4, 7, 9, 10, 11, 12)
"""Places whose results are compared, beside the very first."""

Weights = Mapping[str, NDArray[Any]]
T = TypeVar("T")


def squeezenet(layers: LayerMath[T], x: T) -> Iterator[T]:
    """The seven maps that are compared, from a batch of (3, H, W)."""
    x = layers.relu(layers.conv(x, "features.0", 64, (3, 3), 2, False))
    yield x
    for place, inner, outer in FIRES:
        if place in POOLED:
            x = layers.maximum(x, 2, same=False)
        name = f"features.{place}"
        squeezed = layers.relu(layers.conv(x, f"{name}.squeeze", inner, (1, 1), 1, True))
        narrow = layers.conv(squeezed, f"{name}.expand1x1", outer, (1, 1), 1, True)
        wide = layers.conv(squeezed, f"{name}.expand3x3", outer, (3, 3), 1, True)
        x = layers.relu(layers.concat([narrow, wide]))
        if place in COMPARED:
            yield x


@cache
def parameters() -> Mapping[str, Shape]:
    """Name and shape of every array of trunk and head."""
    noted = Parameters()
    channels = list(squeezenet(noted, 3))
    trunk = {f"{name}.weight": shape for name, shape in noted.kernels.items()}
    trunk |= {f"{name}.bias": shape[:1] for name, shape in noted.kernels.items()}
    return trunk | {f"lin{number}.model.1.weight": (1, count, 1, 1) for number, count in enumerate(channels)}


class CeilingLayers(MindSporeLayers):
    """SqueezeNet's maxima also count a last, incomplete window."""

    def maximum(self, x: Any, stride: int, same: bool) -> Any:
        below, right = ((side - 3) % stride for side in x.shape[2:])
        if below or right:
            # What is pooled here has been through a ReLU, so that zeros never are the largest.
            values = np.pad(x.asnumpy(), ((0, 0), (0, 0), (0, below), (0, right)))
            x = self.tensor(values)
        return super().maximum(x, stride, same)


class Perceptual:
    """LPIPS with its weights."""

    def __init__(self, weights: Weights, device_name: str = "auto", threads: int | None = None) -> None:
        """Take the arrays of trunk and head in their public names.

        Raises:
            ModelError: something is missing or has another shape.
        """
        for name, shape in parameters().items():
            check_shape(weights, name, shape, f"LPIPS with SqueezeNet ({TRUNK_SOURCE} and {HEAD_SOURCE})")
        held = {name: np.asarray(weights[name], np.float32) for name in parameters()}
        self._heads = [held.pop(f"lin{number}.model.1.weight")[0, :, 0, 0] for number in range(len(COMPARED) + 1)]
        self._layers = CeilingLayers(held, device_name, threads)

    def distance(self, first: Picture, second: Picture) -> float:
        """0 for equal pictures, about 0.1 for a slight and 0.7 for a complete change.

        Args:
            first: (H, W, 3).
            second: of the same size.

        Raises:
            SettingsError: the pictures are smaller than 32 pixels.
        """
        if min(first.shape[:2]) < SMALLEST:
            raise SettingsError(
                f"LPIPS needs pictures of {SMALLEST} pixels and more, not {first.shape[1]} x {first.shape[0]}."
            )
        batch = np.stack([_scaled(first), _scaled(second)])
        maps = squeezenet(self._layers, self._layers.tensor(batch))
        return sum(_difference(x.asnumpy(), head) for x, head in zip(maps, self._heads, strict=True))


def load(files: Sequence[Path], device_name: str = "auto", threads: int | None = None) -> Perceptual:
    """LPIPS from the file of the trunk and the file of the head, or one file with both.

    Raises:
        ModelError: a file is missing, damaged, or of another network.
        MissingExtraError: MindSpore is not there.
    """
    weights: dict[str, NDArray[Any]] = {}
    for file in files:
        weights |= read(file)
    return Perceptual(weights, device_name, threads)


def _scaled(picture: Picture) -> Array:
    """From (H, W, 3) bytes to the network's (3, H, W)."""
    values = (picture * np.float32(2 / 255) - np.float32(1) - SHIFT) / SCALE
    scaled: Array = values.transpose(2, 0, 1)
    return scaled


def _difference(maps: Array, head: Array) -> float:
    """Mean over the map of the weighted squared distance of unit vectors."""
    first, second = maps / (np.sqrt(np.square(maps).sum(1, keepdims=True)) + np.float32(EPS))
    return float(head.astype(np.float64) @ np.square(first - second).mean((1, 2), dtype=np.float64))
