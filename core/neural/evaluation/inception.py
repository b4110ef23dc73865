"""InceptionV3 of 2015-12-05, the network behind FID, KID and IS, with the poolings that its weights were trained with.

It differs from the InceptionV3 of the paper in three places: averages leave out the margin, the last block takes a
maximum instead of an average, and there are 1008 classes.

References:
    Szegedy et al., Rethinking the Inception architecture for computer vision, CVPR 2016, doi:10.1109/CVPR.2016.308.
    Heusel et al., GANs trained by a two time-scale update rule converge to a local Nash equilibrium, NIPS 2017.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from senga import places
from senga.errors import ModelError
from senga.neural.checkpoints import read
from senga.neural.executor import Array

from .layers import Kernel, LayerMath, MindSporeLayers, Parameters, Shape, check_shape

FEATURES = 2048
CLASSES = 1008
SIDE = 299
EPS = 1e-3

FILE_NAME = "pt_inception-2015-12-05-6726825d.pth"
SOURCE = f"https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/{FILE_NAME}"

Weights = Mapping[str, NDArray[Any]]
T = TypeVar("T")

ONE, ROW, COLUMN = (1, 1), (1, 7), (7, 1)


@dataclass(frozen=True)
class Network(Generic[T]):
    """The network, run on any ``LayerMath``."""

    layers: LayerMath[T]

    def features(self, x: T) -> T:
        """From (3, 299, 299) in [-1, 1] to the last maps, (2048, 8, 8)."""
        x = self.stem(x)
        for name, pooled in (("Mixed_5b", 32), ("Mixed_5c", 64), ("Mixed_5d", 64)):
            x = self.block_35(x, name, pooled)
        x = self.reduce_35(x, "Mixed_6a")
        for name, inner in (("Mixed_6b", 128), ("Mixed_6c", 160), ("Mixed_6d", 160), ("Mixed_6e", 192)):
            x = self.block_17(x, name, inner)
        x = self.reduce_17(x, "Mixed_7a")
        x = self.block_8(x, "Mixed_7b", self._averaged)
        return self.block_8(x, "Mixed_7c", self._maximal)

    def stem(self, x: T) -> T:
        """From the picture to (192, 35, 35)."""
        x = self._conv(x, "Conv2d_1a_3x3", 32, (3, 3), stride=2, same=False)
        x = self._conv(x, "Conv2d_2a_3x3", 32, (3, 3), same=False)
        x = self._conv(x, "Conv2d_2b_3x3", 64, (3, 3))
        x = self.layers.maximum(x, 2, same=False)
        x = self._conv(x, "Conv2d_3b_1x1", 80, ONE)
        x = self._conv(x, "Conv2d_4a_3x3", 192, (3, 3), same=False)
        return self.layers.maximum(x, 2, same=False)

    def block_35(self, x: T, name: str, pooled: int) -> T:
        """A block at 35 x 35."""
        return self.layers.concat([
            self._conv(x, f"{name}.branch1x1", 64, ONE),
            self._chain(x, f"{name}.branch5x5", (48, ONE), (64, (5, 5))),
            self._chain(x, f"{name}.branch3x3dbl", (64, ONE), (96, (3, 3)), (96, (3, 3))),
            self._averaged(x, f"{name}.branch_pool", pooled),
        ])  # fmt: skip

    def reduce_35(self, x: T, name: str) -> T:
        """From 35 x 35 to 17 x 17."""
        double = self._chain(x, f"{name}.branch3x3dbl", (64, ONE), (96, (3, 3)))
        return self.layers.concat([
            self._conv(x, f"{name}.branch3x3", 384, (3, 3), stride=2, same=False),
            self._conv(double, f"{name}.branch3x3dbl_3", 96, (3, 3), stride=2, same=False),
            self.layers.maximum(x, 2, same=False),
        ])  # fmt: skip

    def block_17(self, x: T, name: str, inner: int) -> T:
        """A block at 17 x 17."""
        tall, wide = (inner, COLUMN), (inner, ROW)
        return self.layers.concat([
            self._conv(x, f"{name}.branch1x1", 192, ONE),
            self._chain(x, f"{name}.branch7x7", (inner, ONE), wide, (192, COLUMN)),
            self._chain(x, f"{name}.branch7x7dbl", (inner, ONE), tall, wide, tall, (192, ROW)),
            self._averaged(x, f"{name}.branch_pool", 192),
        ])  # fmt: skip

    def reduce_17(self, x: T, name: str) -> T:
        """From 17 x 17 to 8 x 8."""
        single = self._conv(x, f"{name}.branch3x3_1", 192, ONE)
        cross = self._chain(x, f"{name}.branch7x7x3", (192, ONE), (192, ROW), (192, COLUMN))
        return self.layers.concat([
            self._conv(single, f"{name}.branch3x3_2", 320, (3, 3), stride=2, same=False),
            self._conv(cross, f"{name}.branch7x7x3_4", 192, (3, 3), stride=2, same=False),
            self.layers.maximum(x, 2, same=False),
        ])  # fmt: skip

    def block_8(self, x: T, name: str, pooled: Callable[[T, str, int], T]) -> T:
        """A block at 8 x 8."""
        single = self._conv(x, f"{name}.branch3x3_1", 384, ONE)
        double = self._chain(x, f"{name}.branch3x3dbl", (448, ONE), (384, (3, 3)))
        return self.layers.concat([
            self._conv(x, f"{name}.branch1x1", 320, ONE),
            self._conv(single, f"{name}.branch3x3_2a", 384, (1, 3)),
            self._conv(single, f"{name}.branch3x3_2b", 384, (3, 1)),
            self._conv(double, f"{name}.branch3x3dbl_3a", 384, (1, 3)),
            self._conv(double, f"{name}.branch3x3dbl_3b", 384, (3, 1)),
            pooled(x, f"{name}.branch_pool", 192),
        ])  # fmt: skip

    def _conv(self, x: T, name: str, outputs: int, kernel: Kernel, stride: int = 1, same: bool = True) -> T:
        return self.layers.relu(self.layers.conv(x, name, outputs, kernel, stride, same))

    def _chain(self, x: T, name: str, *steps: tuple[int, Kernel]) -> T:
        for number, (outputs, kernel) in enumerate(steps, 1):
            x = self._conv(x, f"{name}_{number}", outputs, kernel)
        return x

    def _averaged(self, x: T, name: str, outputs: int) -> T:
        """Average, then convolve; in the other order, which is equal and has fewer channels to average."""
        return self.layers.relu(self.layers.average(self.layers.conv(x, name, outputs, ONE, 1, True)))

    def _maximal(self, x: T, name: str, outputs: int) -> T:
        return self._conv(self.layers.maximum(x, 1, same=True), name, outputs, ONE)


@cache
def kernels() -> Mapping[str, Shape]:
    """The name and the shape of every convolution."""
    noted = Parameters()
    Network(noted).features(3)
    return noted.kernels


class Inception:
    """The network with its weights."""

    def __init__(self, weights: Weights, device_name: str = "auto", threads: int | None = None) -> None:
        """Take weights in the names of torchvision, as public files have them.

        Raises:
            ModelError: they are those of another network.
        """
        check(weights)
        self._layers = MindSporeLayers(folded(weights), device_name, threads)
        self._network = Network(self._layers)
        self._classes = np.asarray(weights["fc.weight"], np.float64).T

    def features(self, batch: Array) -> Array:
        """From (pictures, 3, 299, 299) in [-1, 1] to (pictures, 2048)."""
        return self._layers.mean(self._network.features(self._layers.tensor(batch)))

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


def load(file: Path | None = None, device_name: str = "auto", threads: int | None = None) -> Inception:
    """The network with weights from a PyTorch, safetensors or npz file; the file runs no code.

    Raises:
        ModelError: the file is missing, damaged, or of another network.
        MissingExtraError: MindSpore is not there.
    """
    return Inception(read(find_weights(file)), device_name, threads)
