"""Features of a network that was trained to recognise things: VGG-19, or a small one that comes with Senga.

References:
    K. Simonyan, A. Zisserman: Very Deep Convolutional Networks for Large-Scale Image Recognition. ICLR 2015,
    arXiv:1409.1556.
    H. Wang et al.: Collaborative Distillation for Ultra-Resolution Universal Style Transfer. CVPR 2020,
    doi:10.1109/CVPR42600.2020.00193 (the 16-fold compressed VGG-19).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from senga.errors import ModelError
from senga.neural.blocks import PadMode
from senga.neural.checkpoints import read_checkpoint
from senga.neural.executor import Array, as_array
from senga.neural.graph import Network
from senga.neural.networks.vgg import COUNTS, Depth, Pools, layers, vgg

LAYERS = layers(19)[:13]
"""The convolutions of VGG-19 as far as losses look, in their order."""

NEEDED = "conv4_1"
"""The layer that a perceptual network must reach."""

SHIPPED = Path(__file__).parent.parent / "networks" / "perceptual.safetensors"
"""The perceptual network that comes with Senga."""

OWN = "senga-perceptual"
"""What a file of our own states that takes RGB in [-1, 1] as it is, without a mix of the three channels."""

CAFFE_MEAN = np.array([103.939, 116.779, 123.68], np.float32)
IMAGENET_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
IMAGENET_DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)

REFERENCE_LEVEL = 150.0
"""Mean size of a feature that the published loss weights reckon with (an estimate: the original VGG-19 is not at hand);
every network but the original one is scaled to it."""

REFERENCE_CHANNELS = 512


@dataclass(frozen=True)
class Encoder:
    """The convolutions of a perceptual network.

    Attributes:
        kernels: layer -> (kernel, bias).
        scale: factor of each channel of RGB in [-1, 1], as a (3, 3) matrix.
        shift: added after it, (3,).
        mirrored: margins by reflection instead of zeros.
        original: the network of the publications, whose features keep their size.
        source: where it came from.
        depth: of VGG-16 or VGG-19.
    """

    kernels: Mapping[str, tuple[Array, Array]]
    scale: Array
    shift: Array
    mirrored: bool = False
    original: bool = False
    source: str = field(default="", compare=False)
    depth: Depth = 19

    def network(self, taps: Sequence[str], pools: Pools = "max") -> Network:
        """The network up to the deepest of these layers, which are its results."""
        channels = {layer: len(kernel) for layer, (kernel, _) in self.kernels.items()}
        margins: PadMode = "reflect" if self.mirrored else "zero"
        return vgg(taps, self.depth, channels=channels, pad_mode=margins, pools=pools)

    def weights(self) -> dict[str, Array]:
        """The arrays under the names of that network."""
        found = {"prepare.weight": as_array(self.scale[:, :, None, None]), "prepare.bias": as_array(self.shift)}
        for layer, (kernel, bias) in self.kernels.items():
            found |= {f"{layer}.weight": kernel, f"{layer}.bias": bias}
        return found

    @property
    def deepest(self) -> str:
        """The layer that content is compared at: ``conv4_4``, or the deepest before it."""
        return [name for name in LAYERS[: LAYERS.index("conv4_4") + 1] if name in self.kernels][-1]

    def nearest(self, tap: str) -> str:
        """A layer that losses ask for (``conv4_4``, ``relu4_4``), or the deepest where the network lacks it."""
        return tap if f"conv{tap[4:]}" in self.kernels else f"{tap[:4]}{self.deepest[4:]}"


def shipped_encoder() -> Path:
    """The perceptual network that comes with Senga.

    Raises:
        ModelError: it does not.
    """
    if not SHIPPED.is_file():
        raise ModelError("No perceptual network comes with this version of Senga: give the file of one with --vgg.")
    return SHIPPED


def load_encoder(path: Path) -> Encoder:
    """Read Senga's own network, VGG-19 under the names of torchvision, MindSpore or Caffe, or its compressed form.

    Raises:
        ModelError: the file is none of these.
    """
    checkpoint = read_checkpoint(path)
    arrays = {name: np.asarray(array) for name, array in checkpoint.arrays.items()}
    if checkpoint.metadata.get("architecture") == OWN:
        arrays = {"prepare.weight": np.eye(3), "prepare.bias": np.zeros(3)} | arrays
    for way in (_own, _compressed, _numbered, _named):
        found = way(arrays)
        if found:
            return _checked(found, path)
    raise ModelError(
        f"“{path.name}” is no perceptual network that training knows: VGG-19 from torchvision, MindSpore or a Caffe "
        "conversion (npz, npy), or the 16-fold compressed VGG-19 (e5_base.pth)."
    )


def _checked(encoder: Encoder, path: Path) -> Encoder:
    known = layers(encoder.depth)
    missing = [layer for layer in known[: known.index(NEEDED) + 1] if layer not in encoder.kernels]
    if missing:
        raise ModelError(
            f"“{path.name}” is only a part of VGG-19, without {missing[0]}; choose a file that reaches {NEEDED} "
            "(e4_base.pth and e5_base.pth do)."
        )
    inputs = 3
    for name in [layer for layer in known if layer in encoder.kernels]:
        kernel, bias = encoder.kernels[name]
        fits = kernel.ndim == 4 and kernel.shape[1:] == (inputs, 3, 3) and bias.shape == (len(kernel),)
        if not (fits and np.isfinite(kernel).all()):
            raise ModelError(
                f"“{path.name}” looks like VGG-19, but its layer {name} does not fit; choose another file."
            )
        inputs = len(kernel)
    return replace(encoder, source=path.name)


def _caffe_input() -> tuple[Array, Array]:
    """BGR in 0..255 less the mean of ImageNet."""
    return np.eye(3, dtype=np.float32)[::-1] * np.float32(127.5), np.float32(127.5) - CAFFE_MEAN


def _own(arrays: Mapping[str, NDArray[Any]]) -> Encoder | None:
    """The names of our networks: the one that ships, a VGG-16 of few channels with mirrored margins."""
    if "prepare.weight" not in arrays:
        return None
    names = [layer for layer in layers(16) if f"{layer}.weight" in arrays]
    kernels = {name: _pair(arrays, f"{name}.weight", f"{name}.bias") for name in names}
    mix = as_array(arrays["prepare.weight"]).reshape(3, 3)  # (outputs, inputs)
    return Encoder(kernels, mix, as_array(arrays["prepare.bias"]), mirrored=True, depth=16)


def _compressed(arrays: Mapping[str, NDArray[Any]]) -> Encoder | None:
    if "conv0.weight" not in arrays or "conv11.weight" not in arrays:
        return None
    names = {layer: layer.replace("_", "") for layer in layers(19)}
    kernels = {
        layer: _pair(arrays, f"{name}.weight", f"{name}.bias")
        for layer, name in names.items()
        if f"{name}.weight" in arrays
    }
    mix = as_array(arrays["conv0.weight"]).reshape(3, 3)  # (outputs, inputs)
    shift = as_array(arrays["conv0.bias"]) + mix.sum(1) / 2
    return Encoder(kernels, mix / 2, shift, mirrored=True)


def _numbered(arrays: Mapping[str, NDArray[Any]]) -> Encoder | None:
    """``features.N.weight`` (torchvision) or ``layers.N.weight`` (MindSpore), trained on normalised RGB."""
    prefix = next(
        (
            p
            for p in ("features", "module.features", "layers", "backbone.layers", "network.layers")
            if f"{p}.0.weight" in arrays
        ),
        None,
    )
    if prefix is None:
        return None
    parts = [name.split(".")[-2] for name in arrays if name.startswith(f"{prefix}.") and name.endswith(".weight")]
    present = {int(part) for part in parts if part.isdecimal()}
    for depth in COUNTS:
        places = _places(depth)
        shared = {place for layer, place in places.items() if layer <= "conv5_1"}
        if shared == {place for place in present if place <= max(shared)}:
            kernels = {
                layer: _pair(arrays, f"{prefix}.{place}.weight", f"{prefix}.{place}.bias")
                for layer, place in places.items()
                if place in present
            }
            scale, shift = np.diag(0.5 / IMAGENET_DEVIATION), (0.5 - IMAGENET_MEAN) / IMAGENET_DEVIATION
            return Encoder(kernels, scale, shift, depth=depth)
    return None


def _places(depth: Depth) -> dict[str, int]:
    """Places of the convolutions among convolutions, activations and pools."""
    found: dict[str, int] = {}
    for layer in layers(depth):
        found[layer] = 2 * len(found) + int(layer[4]) - 1
    return found


def _named(arrays: Mapping[str, NDArray[Any]]) -> Encoder | None:
    """``conv1_1/weights``, ``conv1_1_W``, ``conv1_1.weight`` and the like, converted from Caffe."""
    spellings = (
        ("{}/0", "{}/1"),
        ("{}/weights", "{}/biases"),
        ("{}_W", "{}_b"),
        ("{}.weight", "{}.bias"),
        ("{}/filter", "{}/bias"),
    )
    for weight, bias in spellings:
        if weight.format("conv1_1") in arrays:
            present = [layer for layer in layers(19) if weight.format(layer) in arrays and bias.format(layer) in arrays]
            kernels = {layer: _pair(arrays, weight.format(layer), bias.format(layer)) for layer in present}
            depth: Depth = 16 if "conv4_1" in kernels and "conv3_4" not in kernels else 19
            return Encoder(kernels, *_caffe_input(), original=True, depth=depth)
    return None


def _pair(arrays: Mapping[str, NDArray[Any]], weight: str, bias: str) -> tuple[Array, Array]:
    """Kernel (outputs, inputs, height, width), from either order of axes, and offsets."""
    kernel = np.asarray(arrays[weight])
    if kernel.ndim == 4 and kernel.shape[:2] == (3, 3) and kernel.shape[2:] != (3, 3):
        kernel = kernel.transpose(3, 2, 0, 1)
    return as_array(kernel), as_array(np.ravel(arrays.get(bias, np.zeros(len(kernel)))))
