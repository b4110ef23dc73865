"""The network, and how a file of its weights is known."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from senga import Weights
from senga.errors import ModelError
from senga.neural.checkpoints import Checkpoint
from senga.neural.graph import Builder, Network


def wash(channels: int) -> Network:
    """Two convolutions."""
    net = Builder()
    x = net.leaky_relu(net.conv(net.input, "soak", channels, 3, bias=True), 0.2)
    net.tanh(net.conv(x, "dry", 3, 1, bias=True))
    return net.build("wash", multiple=1)


def network_of_card(card: Mapping[str, str]) -> Network:
    """The network that a card describes."""
    return wash(int(float(card.get("inner", "4"))))


def plain() -> Weights:
    """Weights that blur a little."""
    soak, dry = np.zeros((3, 3, 3, 3), np.float32), np.zeros((3, 3, 1, 1), np.float32)
    for colour in range(3):
        soak[colour, colour], dry[colour, colour] = 1 / 9, 1.5
    none = np.zeros(3, np.float32)
    arrays = {"soak.weight": soak, "soak.bias": none, "dry.weight": dry, "dry.bias": none}
    return Weights(arrays, {"family": "wash", "architecture": "wash", "inner": "3"}, f"{__name__}:network_of_card")


def to_senga(checkpoint: Checkpoint) -> Weights:
    """Weights under our own names."""
    first = checkpoint.arrays.get("soak.weight")
    if first is None or first.ndim != 4:
        raise ModelError("It is no colour wash.")
    network = wash(len(first))
    network.check(checkpoint.arrays)
    arrays = {name: checkpoint.arrays[name] for name in network.parameters}
    return Weights(arrays, {"architecture": "wash", "inner": str(len(first))})
