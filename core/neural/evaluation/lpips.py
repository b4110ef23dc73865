"""LPIPS: how different two pictures look, by the features of SqueezeNet 1.1 weighted after people's judgements.

References:
    Zhang et al., The unreasonable effectiveness of deep features as a perceptual metric, CVPR 2018,
    doi:10.1109/CVPR.2018.00068 (version 0.1 of its weights).
    Iandola et al., SqueezeNet, 2016, arXiv:1602.07360.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from senga.errors import SettingsError
from senga.job import Device, Engine
from senga.neural.checkpoints import read
from senga.neural.executor import Array
from senga.neural.networks.squeezenet import squeezenet

from .described import Shape, check_shape, running
from .sources import Picture

TRUNK = "squeezenet1_1-b8a52dc0.pth"
TRUNK_SOURCE = f"https://download.pytorch.org/models/{TRUNK}"
HEAD_SOURCE = "https://github.com/richzhang/PerceptualSimilarity/raw/master/lpips/weights/v0.1/squeeze.pth"

SMALLEST = 32
EPS = 1e-10

Weights = Mapping[str, NDArray[Any]]


@cache
def parameters() -> Mapping[str, Shape]:
    """Name and shape of every array of trunk and head."""
    network = squeezenet()
    channels = [network.by_name[output.node].channels for output in network.outputs]
    heads = {f"lin{number}.model.1.weight": (1, count, 1, 1) for number, count in enumerate(channels)}
    return network.parameters | heads


class Perceptual:
    """LPIPS with its weights."""

    def __init__(
        self, weights: Weights, device_name: Device = "auto", threads: int | None = None, engine: Engine = "auto"
    ) -> None:
        """Take the arrays of trunk and head in their public names.

        Raises:
            ModelError: something is missing or has another shape.
        """
        for name, shape in parameters().items():
            check_shape(weights, name, shape, f"LPIPS with SqueezeNet ({TRUNK_SOURCE} and {HEAD_SOURCE})")
        held = {name: np.asarray(weights[name], np.float32) for name in parameters()}
        self._heads = [held[name][0, :, 0, 0] for name in held if name.startswith("lin")]
        self._network = running(squeezenet(), held, device_name, threads, engine)

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
        maps = self._network(np.stack([_scaled(first), _scaled(second)])).values()
        return sum(_difference(x, head) for x, head in zip(maps, self._heads, strict=True))


def load(
    files: Sequence[Path], device_name: Device = "auto", threads: int | None = None, engine: Engine = "auto"
) -> Perceptual:
    """LPIPS from the file of the trunk and the file of the head, or one file with both.

    Raises:
        ModelError: a file is missing, damaged, or of another network.
        MissingExtraError: the runtime is not there.
    """
    weights: dict[str, NDArray[Any]] = {}
    for file in files:
        weights |= read(file)
    return Perceptual(weights, device_name, threads, engine)


def _scaled(picture: Picture) -> Array:
    """From (H, W, 3) bytes to (3, H, W) in [-1, 1]."""
    scaled: Array = (picture * np.float32(2 / 255) - np.float32(1)).transpose(2, 0, 1)
    return scaled


def _difference(maps: Array, head: Array) -> float:
    """Mean over the map of the weighted squared distance of unit vectors."""
    first, second = maps / (np.sqrt(np.square(maps).sum(1, keepdims=True)) + np.float32(EPS))
    return float(head.astype(np.float64) @ np.square(first - second).mean((1, 2), dtype=np.float64))
