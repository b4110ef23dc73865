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

KERAS = {
    "kernel:0": "weight", "gamma:0": "weight", "bias:0": "bias", "beta:0": "bias",
    "moving_mean:0": "running_mean", "moving_variance:0": "running_var",
}  # fmt: skip
"""What Keras and the conversion call the numbers of a layer."""
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
    """The weights of a file of ours, or of sketchKeras in Keras or PyTorch.

    Raises:
        ModelError: it holds something else, or only a part.
    """
    arrays = {name: each for name, each in checkpoint.arrays.items() if not name.endswith(".num_batches_tracked")}
    if checkpoint.format == "hdf5":
        arrays = of_keras(arrays)
    facts = _facts(arrays, checkpoint.metadata)
    network_of(facts).check(arrays)
    for name, array in arrays.items():
        if array.dtype.kind != "f" or not np.isfinite(array).all():
            raise ModelError(f"It looks like a network of lines, but “{name}” holds no usable numbers.")
    return Weights(arrays, facts)


def of_keras(arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The weights of sketchKeras by the names of its conversion: the layers of a file of Keras, in their order.

    Raises:
        ModelError: they are more or fewer.
    """
    layers: dict[str, dict[str, NDArray[Any]]] = {}
    for path, array in arrays.items():
        layer, _, name = path.rpartition("/")
        if name in KERAS:
            layers.setdefault(layer, {})[KERAS[name]] = _turned(array)
    convolutions = [each for each in layers.values() if "running_mean" not in each]
    norms = [each for each in layers.values() if "running_mean" in each]
    names = _layers(sketch_keras().parameters)
    given, wanted = (f"{len(a)} convolutions and {len(b)} norms" for a, b in ((convolutions, norms), names))
    if given != wanted:
        raise ModelError(f"It has {given}; sketchKeras has {wanted}.")
    named = zip([*names[0], *names[1]], [*convolutions, *norms], strict=True)
    return {f"{layer}.{name}": array for layer, several in named for name, array in several.items()}


def _layers(parameters: Mapping[str, object]) -> tuple[list[str], list[str]]:
    """The names of convolutions and of norms, in their order."""
    norms = [name.removesuffix(".running_mean") for name in parameters if name.endswith(".running_mean")]
    every = dict.fromkeys(name.rpartition(".")[0] for name in parameters)
    return [name for name in every if name not in norms], norms


def _turned(array: NDArray[Any]) -> NDArray[Any]:
    """Kernels with outputs and inputs before their rows and columns."""
    return np.ascontiguousarray(array.transpose(3, 2, 0, 1)) if array.ndim == len("HWIO") else array


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
