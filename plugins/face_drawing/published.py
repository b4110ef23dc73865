"""Files of U-GAT-IT in the names of our networks: the authors' PyTorch and TensorFlow forms, and PaddleGAN's."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from senga.errors import ModelError
from senga.job import Weights
from senga.neural.checkpoints import Checkpoint
from senga.neural.graph import Network
from senga.store.matching import Candidate, matched

from .network import SIDE, Shape, generator

Arrays = Mapping[str, NDArray[Any]]

_TORCH = {
    r"DownBlock\.1\.weight": "first.weight",
    r"DownBlock\.5\.weight": "down1.weight",
    r"DownBlock\.9\.weight": "down2.weight",
    r"gap_fc\.weight": "means.weight",
    r"gmp_fc\.weight": "maxima.weight",
    r"conv1x1\.(weight|bias)": r"attended.\1",
    r"FC\.0\.weight": "seen1.weight",
    r"FC\.2\.weight": "seen2.weight",
    r"(gamma|beta)\.weight": r"\1.weight",
    r"UpBlock1_(\d+)\.conv1\.weight": r"drawn\1.first.weight",
    r"UpBlock1_(\d+)\.conv2\.weight": r"drawn\1.second.weight",
    r"UpBlock1_(\d+)\.norm1\.rho": r"drawn\1.first.norm.rho",
    r"UpBlock1_(\d+)\.norm2\.rho": r"drawn\1.second.norm.rho",
    r"UpBlock2\.2\.weight": "up1.weight",
    r"UpBlock2\.7\.weight": "up2.weight",
    r"UpBlock2\.3\.rho": "up1.norm.rho",
    r"UpBlock2\.8\.rho": "up2.norm.rho",
    r"UpBlock2\.3\.gamma": "up1.norm.weight",
    r"UpBlock2\.8\.gamma": "up2.norm.weight",
    r"UpBlock2\.3\.beta": "up1.norm.bias",
    r"UpBlock2\.8\.beta": "up2.norm.bias",
    r"UpBlock2\.12\.weight": "last.weight",
}
_FIRST_BLOCK = 12
"""The place of the first residual block in ``DownBlock``."""
_HALVES = {"1": "first", "2": "second"}
_PLACES: dict[str, str | Callable[[re.Match[str]], str]] = {
    r"conv": "first",
    r"conv_(\d)": lambda found: f"down{int(found[1]) + 1}",
    r"resblock_(\d+)/res([12])": lambda found: f"same{int(found[1]) + 1}.{_HALVES[found[2]]}",
    r"conv_1x1": "attended",
    r"MLP/linear_(\d)": lambda found: f"seen{int(found[1]) + 1}",
    r"MLP/(gamma|beta)": r"\1",
    r"adaptive_resblock(\d+)/res([12])": lambda found: f"drawn{int(found[1]) + 1}.{_HALVES[found[2]]}",
    r"up_conv_(\d)": lambda found: f"up{int(found[1]) + 1}",
    r"G_logit": "last",
}
_NORMS = (
    (r"/ins_norm_(\d)/", r"/conv_\1/norm/"),
    (r"/ins_norm/", "/conv/norm/"),
    (r"/layer_ins_norm_(\d)/", r"/up_conv_\1/norm/"),
    (r"/(instance_norm|instance_layer_norm)/", "/norm/"),
)
_LEAVES = {
    "conv2d/kernel": "weight",
    "conv_0/conv2d/kernel": "weight",
    "dense/kernel": "weight",
    "conv2d/bias": "bias",
    "conv_0/conv2d/bias": "bias",
    "dense/bias": "bias",
    "norm/gamma": "norm.weight",
    "norm/beta": "norm.bias",
    "norm/rho": "norm.rho",
}
SMOOTHING = 0.1
"""What the TensorFlow form takes from its shares each time it paints."""


def to_senga(checkpoint: Checkpoint) -> Weights:
    """The weights of the generator that paints faces, with its architecture on the card.

    Of a file with several networks it is ``genA2B``, and ``generator_B`` of TensorFlow's.

    Raises:
        ModelError: the file holds no generator of U-GAT-IT, or only a part of one.
    """
    arrays = _ours(_upright(checkpoint))
    spelt = Checkpoint(checkpoint.format, arrays, checkpoint.metadata)
    candidates = [Candidate(generator(shape), facts(shape), branched=True) for shape in _shapes(arrays)]
    return matched(spelt, candidates, "This file holds no generator of U-GAT-IT.")


def facts(shape: Shape) -> dict[str, str]:
    """What a model card says of a generator."""
    return {
        "architecture": "u-gat-it-light" if shape.light else "u-gat-it",
        "width": str(shape.channels),
        "depth": str(shape.blocks),
        "form": "tensorflow" if shape.tensorflow else "pytorch",
    }


def shape_of(card: Mapping[str, str]) -> Shape:
    """The generator that a model card describes.

    Raises:
        ModelError: it is none of this family.
    """
    stated = card.get("architecture", "")
    if stated not in ("u-gat-it", "u-gat-it-light"):
        raise ModelError(f"The model card says architecture = “{stated}”; it must be u-gat-it or u-gat-it-light.")
    tensorflow = card.get("form", "pytorch") == "tensorflow"
    width, depth = int(float(card.get("width") or 64)), int(float(card.get("depth") or 4))
    return Shape(width, depth, stated.endswith("light"), tensorflow)


def network_of(card: Mapping[str, str]) -> Network:
    """The generator that a model card describes.

    Raises:
        ModelError: it is none of this family.
    """
    return generator(shape_of(card))


def _shapes(arrays: Arrays) -> list[Shape]:
    first, seen = arrays.get("first.weight"), arrays.get("seen1.weight")
    if first is None or seen is None or first.ndim != 4 or seen.ndim != 2:
        return []
    blocks = sum(bool(re.fullmatch(r"same\d+\.first\.weight", name)) for name in arrays)
    return [Shape(first.shape[0], blocks, seen.shape[1] < (SIDE // 4) ** 2, "first.bias" in arrays)]


def _upright(checkpoint: Checkpoint) -> Arrays:
    """The arrays of a file, matrices as (outputs, inputs); Paddle's are not."""
    if checkpoint.format != "paddle":
        return checkpoint.arrays
    return {name: array.T if array.ndim == 2 else array for name, array in checkpoint.arrays.items()}


def _ours(arrays: Arrays) -> dict[str, NDArray[Any]]:
    if any(name.endswith("CAM_logit/kernel") for name in arrays):
        return _from_tensorflow(arrays)
    named = ((_torch_name(name) or name, array) for name, array in arrays.items())
    return {name: _torch_axes(name, array) for name, array in named}


def _torch_name(name: str) -> str:
    """``UpBlock1_2.norm1.rho`` is ``drawn2.first.norm.rho``; what is unknown is an empty text."""
    name = name.removeprefix("genA2B.").removeprefix("module.")
    if found := re.fullmatch(r"DownBlock\.(\d+)\.conv_block\.([15])\.weight", name):
        half = "first" if found[2] == "1" else "second"
        return f"same{int(found[1]) - _FIRST_BLOCK + 1}.{half}.weight"
    for theirs, ours in _TORCH.items():
        if re.fullmatch(theirs, name):
            return re.sub(theirs, ours, name)
    return ""


def _torch_axes(name: str, array: NDArray[Any]) -> NDArray[Any]:
    """Vectors of (1, channels, 1, 1) and the two rows of numbers that weigh channels."""
    if name in ("means.weight", "maxima.weight"):
        return array.reshape(-1, 1, 1, 1)
    return array.reshape(-1) if ".norm." in name else array  # channels


def _from_tensorflow(arrays: Arrays) -> dict[str, NDArray[Any]]:
    prefix = "generator_B/" if any(name.startswith("generator_B/") for name in arrays) else ""
    found = {}
    for name, array in arrays.items():
        if name.startswith(prefix) and (ours := _tensorflow_name(name.removeprefix(prefix))):
            found[ours] = _tensorflow_axes(ours, array)
    weigh = arrays[f"{prefix}CAM_logit/kernel"] + arrays.get(f"{prefix}CAM_logit/bias", np.float32(0))
    weigh = np.ascontiguousarray(weigh.reshape(-1, 1, 1, 1))  # (channels, 1, 1, 1): both kinds, with the offset in it
    return found | {"means.weight": weigh, "maxima.weight": weigh}


def _tensorflow_name(name: str) -> str:
    """``resblock_0/res1/conv_0/conv2d/kernel`` is ``same1.first.weight``; what is unknown is an empty text."""
    spelt = f"/{name}"
    for theirs, ours in _NORMS:
        spelt = re.sub(theirs, ours, spelt)
    for leaf, kind in _LEAVES.items():
        place = spelt[1:].removesuffix(f"/{leaf}")
        if place == spelt[1:]:
            continue
        for theirs, wording in _PLACES.items():
            if re.fullmatch(theirs, place):
                return f"{re.sub(theirs, wording, place)}.{kind}"
    return ""


def _tensorflow_axes(name: str, array: NDArray[Any]) -> NDArray[Any]:
    if re.fullmatch(r"drawn\d+\.\w+\.norm\.rho", name):
        return np.clip(array - np.float32(SMOOTHING), 0, 1)
    if array.ndim == 4:
        return np.ascontiguousarray(array.transpose(3, 2, 0, 1))
    if array.ndim != 2:
        return array
    matrix = array.T
    side = SIDE // 4
    if name == "seen1.weight" and matrix.shape[1] > side * side:  # rows, columns and channels become channels first
        matrix = matrix.reshape(len(matrix), side, side, -1).transpose(0, 3, 1, 2).reshape(len(matrix), -1)
    return np.ascontiguousarray(matrix)
