"""The network behind FID, KID and IS with its public weights.

References:
    Heusel et al., GANs trained by a two time-scale update rule converge to a local Nash equilibrium, NIPS 2017.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from senga import places
from senga.errors import ModelError
from senga.job import Device, Engine
from senga.neural.blocks import Conv
from senga.neural.checkpoints import read
from senga.neural.executor import Array
from senga.neural.networks.inception import EPS, inception

from .described import Shape, check_shape, running

FEATURES = 2048
CLASSES = 1008

FILE_NAME = "pt_inception-2015-12-05-6726825d.pth"
SOURCE = f"https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/{FILE_NAME}"

Weights = Mapping[str, NDArray[Any]]


@cache
def kernels() -> Mapping[str, Shape]:
    """The name and the shape of every convolution."""
    network = inception(folded=True)
    return {node.name: node.block.shape for node in network.nodes if isinstance(node.block, Conv)}


class Inception:
    """The network with its weights."""

    def __init__(
        self, weights: Weights, device_name: Device = "auto", threads: int | None = None, engine: Engine = "auto"
    ) -> None:
        """Take weights in the names of torchvision, as public files have them.

        Raises:
            ModelError: they are those of another network.
        """
        check(weights)
        self._network = running(inception(folded=True), folded(weights), device_name, threads, engine)
        self._classes = np.asarray(weights["fc.weight"], np.float64).T

    def features(self, batch: Array) -> Array:
        """From (pictures, 3, 299, 299) in [-1, 1] to (pictures, 2048)."""
        return self._network(batch)["features"][:, :, 0, 0]

    def logits(self, features: NDArray[Any]) -> NDArray[np.float64]:
        """From (pictures, 2048) to (pictures, 1008), without the offsets of the classes, as IS is defined."""
        scores: NDArray[np.float64] = np.asarray(features, np.float64) @ self._classes
        return scores


def check(weights: Weights) -> None:
    """Refuse weights of another network.

    Raises:
        ModelError: something is missing or has another shape.
    """
    network = "InceptionV3 for FID"
    for name, shape in kernels().items():
        check_shape(weights, f"{name}.conv.weight", shape, network)
        for part in ("weight", "bias", "running_mean", "running_var"):
            check_shape(weights, f"{name}.bn.{part}", shape[:1], network)
    if weights.get("fc.weight", np.empty(0)).shape == (1000, FEATURES):
        raise ModelError(
            f"These are the InceptionV3 weights of torchvision, but FID is defined with {FILE_NAME}: {SOURCE}"
        )
    check_shape(weights, "fc.weight", (CLASSES, FEATURES), network)


def folded(weights: Weights) -> dict[str, Array]:
    """Each convolution together with the batch norm after it, as one kernel and its offsets."""
    merged: dict[str, Array] = {}
    for name in kernels():
        kernel = np.asarray(weights[f"{name}.conv.weight"], np.float64)
        gamma, beta, mean, variance = (
            np.asarray(weights[f"{name}.bn.{part}"], np.float64)
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        scale = gamma / np.sqrt(variance + EPS)
        merged[f"{name}.weight"] = (kernel * scale[:, None, None, None]).astype(np.float32)
        merged[f"{name}.bias"] = (beta - mean * scale).astype(np.float32)
    return merged


def find_weights(file: Path | None) -> Path:
    """The given file, or the public one where it is kept.

    Raises:
        ModelError: no file was given and none is kept; the sentence tells what to fetch.
    """
    kept = places.data_folder() / "evaluation" / FILE_NAME
    if file is None and not kept.is_file():
        raise ModelError(
            f"This measure needs the InceptionV3 weights of FID: download {SOURCE} (95 MB, Apache-2.0) to {kept}, "
            "or name the file with --weights."
        )
    return file or kept


def load(
    file: Path | None = None, device_name: Device = "auto", threads: int | None = None, engine: Engine = "auto"
) -> Inception:
    """The network with weights from a PyTorch, safetensors or npz file; the file runs no code.

    Raises:
        ModelError: the file is missing, damaged, or of another network.
        MissingExtraError: the runtime is not there.
    """
    return Inception(read(find_weights(file)), device_name, threads, engine)
