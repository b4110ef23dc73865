"""The networks of White-box Cartoonization: a U-net of sums without norms, and what judges it.

References:
    X. Wang, J. Yu: Learning to Cartoonize Using White-box Cartoon Representations. CVPR 2020,
    doi:10.1109/CVPR42600.2020.00811.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from senga.job import Weights
from senga.neural.blocks import Padding
from senga.neural.checkpoints import Checkpoint
from senga.neural.graph import Builder, Network
from senga.store.matching import Candidate, matched, widths

CHANNELS, BLOCKS = 32, 4


def generator(width: float = 1.0) -> Network:
    """Paints pictures; its names are those of the published checkpoint, its margins are TensorFlow's.

    Args:
        width: share of the channels of the publication.
    """
    net, channels = Builder(), max(1, round(CHANNELS * width))

    def conv(x: str, name: str, outputs: int, kernel: int = 3, stride: int = 1) -> str:
        return net.conv(x, name, outputs, kernel, stride, padding=Padding.tf_same(kernel, stride), bias=True)

    def active(x: str, name: str, outputs: int, kernel: int = 3, stride: int = 1) -> str:
        return net.leaky_relu(conv(x, name, outputs, kernel, stride))

    def risen(x: str, skip: str) -> str:
        return net.add(net.double(x, "tf1"), skip)

    full = active(net.input, "Conv", channels, 7)
    half = active(active(full, "Conv_1", channels, stride=2), "Conv_2", 2 * channels)
    x = active(active(half, "Conv_3", 2 * channels, stride=2), "Conv_4", 4 * channels)
    for i in range(BLOCKS):
        x = net.add(x, conv(active(x, f"block_{i}/conv1", 4 * channels), f"block_{i}/conv2", 4 * channels))
    x = active(x, "Conv_5", 2 * channels)
    x = active(active(risen(x, half), "Conv_6", 2 * channels), "Conv_7", channels)
    conv(active(risen(x, full), "Conv_8", channels), "Conv_9", 3, 7)
    return net.build("whitebox", multiple=4)


def judge(inputs: int = 3, channels: int = CHANNELS) -> Network:
    """Tells drawn from generated, for every 8 x 8 pixels; meant to be used with spectral norm.

    Args:
        inputs: 3 for what judges surfaces, 1 for what judges textures.
        channels: of the first layer.
    """
    net = Builder(inputs)
    x = net.input
    for i in range(3):
        for stride in (2, 1):
            name = f"conv_{i}_{stride}"
            x = net.conv(x, name, channels << i, 3, stride, padding=Padding.tf_same(3, stride), bias=True)
            x = net.leaky_relu(x)
    net.conv(x, "verdict", 1, 1, bias=True)
    return net.build("whitebox-judge", multiple=8)


def network_of(card: Mapping[str, str]) -> Network:
    """The network that a model card describes."""
    return generator(float(card.get("width", "1")))


def to_senga(checkpoint: Checkpoint) -> Weights:
    """The weights in the names of our network, with its width on the card.

    Published files take and give blue, green and red; under our own names it is red, green and blue.

    Raises:
        ModelError: the file holds no network of this family, or only a part of one.
    """
    found = (generator(width) for width in widths(checkpoint.arrays, generator) or [1.0])
    weights = matched(checkpoint, map(_candidate, found))
    if any(map(_tf_name, checkpoint.arrays)):
        arrays = dict(weights.arrays)
        arrays["Conv.weight"] = arrays["Conv.weight"][:, ::-1]
        arrays |= {name: arrays[name][::-1] for name in ("Conv_9.weight", "Conv_9.bias")}
        return Weights({name: np.ascontiguousarray(array) for name, array in arrays.items()}, weights.card)
    return weights


def _candidate(network: Network) -> Candidate:
    channels = network.by_name["Conv"].channels
    facts = {"architecture": network.name, "width": f"{channels / CHANNELS:g}"}
    leaves = {"weight": "weights", "bias": "biases"}
    names = {"/".join((*name.split(".")[:-1], leaves[name.split(".")[-1]])): name for name in network.parameters}
    return Candidate(network, facts, names, _tf_name)


def _tf_name(name: str) -> str:
    """``generator/Conv/weights``, or ``generator/Conv/Conv2D`` and ``…/Conv/biases`` of TensorFlow Lite."""
    found = re.search(r"generator/((?:block_\d/conv\d|Conv(?:_\d)?))/(weights|biases|Conv2D)$", name)
    return f"{found[1]}/{found[2].replace('Conv2D', 'weights')}" if found else ""
