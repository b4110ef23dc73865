"""VGG-19 up to its first fully connected layer: 4,096 numbers of what a picture shows, ``fc1``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from senga.errors import ModelError
from senga.neural.graph import Builder, Network

from .vgg import CHANNELS, COUNTS, layers

SIDE = 224
"""Pixels of the square that it looks at."""
FEATURES = 4096
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of the pictures that it has learned from (ImageNet), RGB in 0..1."""


@lru_cache(maxsize=2)
def vgg19_features(channels: tuple[int, ...] = CHANNELS, features: int = FEATURES) -> Network:
    """From RGB in [-1, 1], (3, 224, 224), to ``features``, 4,096 numbers from 0 on: behind the ReLU.

    Args:
        channels: of each of the five blocks.
        features: how many.
    """
    net = Builder()
    scale = tuple(0.5 / each for each in _DEVIATION)
    shift = tuple((0.5 - mean) / each for mean, each in zip(_MEAN, _DEVIATION, strict=True))
    x = net.affine(net.input, "normalised", scale, shift)
    for block, (count, width) in enumerate(zip(COUNTS[19], channels, strict=True), 1):
        for i in range(1, count + 1):
            x = net.relu(net.conv(x, f"conv{block}_{i}", width, 3, pad_mode="zero", bias=True))
        x = net.max_pool(x)
    flat = net.flatten(x, SIDE // 32, SIDE // 32)
    net.output(net.relu(net.linear(flat, "fc1", features)), "features")
    return net.build("vgg19-fc1", 32, (SIDE, SIDE))


def to_senga(arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float32]]:
    """Weights in torchvision's names, ``features.0.weight`` to ``classifier.0.bias``, in those of ``vgg19_features``.

    Raises:
        ModelError: they are not those of this network.
    """
    found = renamed(arrays)
    vgg19_features().check(found)
    return found


def renamed(arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float32]]:
    """The same, whatever its widths.

    Raises:
        ModelError: names are missing.
    """
    names, place = {"fc1": "classifier.0"}, 0
    for layer in layers(19):
        place += layer.endswith("_1") and layer != "conv1_1"  # a pool stands in front of it
        names[layer], place = f"features.{place}", place + 2
    theirs = {f"{ours}.{part}": f"{name}.{part}" for ours, name in names.items() for part in ("weight", "bias")}
    if any(name not in arrays for name in theirs.values()):
        raise ModelError("This file does not hold VGG-19 with its first fully connected layer, or only a part of it.")
    return {ours: np.asarray(arrays[name], np.float32) for ours, name in theirs.items()}
