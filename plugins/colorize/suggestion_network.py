"""What a card and a file say of networks that colour drawings in nine ways."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from senga.errors import ModelError
from senga.job import Weights
from senga.neural.checkpoints import Checkpoint
from senga.neural.graph import Network
from senga.neural.networks import sgru

ARCHITECTURE = "sgru"
_FIRST = "down1.first.weight"


def network_of(card: Mapping[str, str]) -> Network:
    """The network that a model card describes.

    Raises:
        ModelError: it describes none.
    """
    try:
        width = float(card.get("width", "1"))
    except ValueError as error:
        raise ModelError("The model card says of width what is no number; check it.") from error
    if not 0.05 <= width <= 2:
        raise ModelError("The model card says of width what no network can be; check it.")
    return sgru.sgru(width)


def to_senga(checkpoint: Checkpoint) -> Weights:
    """The weights of a file of ours, or of a checkpoint of TensorFlow.

    Raises:
        ModelError: it holds something else, or only a part.
    """
    arrays = checkpoint.arrays
    if _FIRST not in arrays:
        arrays = dict(sgru.to_senga(arrays))
    outputs = (*arrays[_FIRST].shape, 0)[0]
    width = checkpoint.metadata.get("width") or f"{outputs / sgru.DOWN[0]:.4g}"
    card = {"architecture": ARCHITECTURE, "width": width}
    network_of(card).check(arrays)
    for name, array in arrays.items():
        if array.dtype.kind != "f" or not np.isfinite(array).all():
            raise ModelError(f"It looks like SGRU, but “{name}” holds no usable numbers.")
    return Weights(arrays, card)
