"""What a card and a file say of networks that paint from hints, and what such a network sees."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from senga.errors import ModelError
from senga.job import Weights
from senga.neural.checkpoints import Checkpoint
from senga.neural.executor import Array
from senga.neural.graph import Network
from senga.neural.networks.colour_hints import hint_unet
from senga.neural.networks.paints_chainer import hint_painter
from senga.neural.networks.paints_chainer import to_senga as of_chainer
from senga.neural.training.initial import first_weights

OURS, PUBLIC = "hint-painter", "paints-chainer"
MOST = 256
"""Channels that the first layer has at most."""


def network_of(card: Mapping[str, str]) -> Network:
    """The network that a model card describes.

    Raises:
        ModelError: it describes none.
    """
    try:
        width = int(card.get("width", "16"))
    except ValueError as error:
        raise ModelError("The model card says of width what is no number; check it.") from error
    if not 1 <= width <= MOST:
        raise ModelError("The model card says of width what no network can be; check it.")
    return hint_painter(width) if card.get("architecture") == PUBLIC else hint_unet(width)


def quiet_start(network: Network, seed: int) -> dict[str, Array]:
    """First weights of our network, whose colours are near grey, so that it learns evenly from the first step on."""
    weights = first_weights(network, "he", seed)
    return weights | {"colours.weight": weights["colours.weight"] * np.float32(0.1)}


def to_senga(checkpoint: Checkpoint) -> Weights:
    """The weights of a file of ours, or of PaintsChainer in Chainer's names.

    Raises:
        ModelError: it holds something else, or only a part.
    """
    arrays, first = dict(checkpoint.arrays), checkpoint.arrays.get("down0.weight")
    if first is None:
        arrays = dict(of_chainer(arrays))
        facts = {"architecture": PUBLIC, "width": str(len(arrays["c0.weight"]))}
    else:
        facts = {"architecture": OURS, "width": str(len(first))}
    network_of(facts).check(arrays)
    for name, array in arrays.items():
        if array.dtype.kind != "f" or not np.isfinite(array).all():
            raise ModelError(f"It looks like a network for hints, but “{name}” holds no usable numbers.")
    return Weights(arrays, facts)
