"""What a card and a file say of networks that find lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from senga.errors import ModelError
from senga.job import Weights
from senga.neural.checkpoints import Checkpoint
from senga.neural.graph import Network
from senga.neural.networks.lines import WIDTHS, lines, sketch_keras

OURS, PUBLIC = "lines", "sketch-keras"


def network_of(card: Mapping[str, str]) -> Network:
    """The network that a model card describes.

    Raises:
        ModelError: it describes none.
    """
    if card.get("architecture") == PUBLIC:
        return sketch_keras()
    try:
        width = float(card.get("width", "1"))
    except ValueError as error:
        raise ModelError("The model card says of width what is no number; check it.") from error
    if not 0.05 <= width <= 8:
        raise ModelError("The model card says of width what no network can be; check it.")
    return lines(width)


def to_senga(checkpoint: Checkpoint) -> Weights:
    """The weights of a file of ours, or of sketchKeras in PyTorch.

    Raises:
        ModelError: it holds something else, or only a part.
    """
    arrays = {name: each for name, each in checkpoint.arrays.items() if not name.endswith(".num_batches_tracked")}
    facts = _facts(arrays, checkpoint.metadata)
    network_of(facts).check(arrays)
    for name, array in arrays.items():
        if array.dtype.kind != "f" or not np.isfinite(array).all():
            raise ModelError(f"It looks like a network of lines, but “{name}” holds no usable numbers.")
    return Weights(arrays, facts)


def _facts(arrays: Mapping[str, NDArray[Any]], stated: Mapping[str, str]) -> dict[str, str]:
    """What names and shapes tell, and what the file states.

    Raises:
        ModelError: they are those of neither network.
    """
    if "downblock_1.1.weight" in arrays:
        return {"architecture": PUBLIC}
    deepest = arrays.get("eighth.weight")
    if deepest is None or deepest.ndim != 4:
        raise ModelError("It has neither a kernel “eighth.weight” nor “downblock_1.1.weight”.")
    return {"architecture": OURS, "width": stated.get("width") or f"{len(deepest) / WIDTHS[-1]:g}"}
