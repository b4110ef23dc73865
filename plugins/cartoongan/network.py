"""The networks of CartoonGAN: the generator of the publication, a light one of channel shuffles, and what judges them.

References:
    Y. Chen, Y.-K. Lai, Y.-J. Liu: CartoonGAN: Generative Adversarial Networks for Photo Cartoonization. CVPR 2018,
    doi:10.1109/CVPR.2018.00986.
    N. Ma et al.: ShuffleNet V2. ECCV 2018, arXiv:1807.11164 (the units of the light generator).
    M. Pęśko et al.: Comixify: Transform video into a comics. 2018, arXiv:1812.03473 (ComixGAN).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from senga.errors import ModelError
from senga.job import Weights
from senga.neural.blocks import Norm, Padding
from senga.neural.checkpoints import Checkpoint
from senga.neural.graph import Builder, Network
from senga.store.matching import Arrays, Candidate, matched, widths

CHANNELS, BLOCKS = 64, 8
LIGHT_CHANNELS = 96
EPS = 1e-9
"""What the authors add to the variance."""
LIGHT_EPS = 1e-4
"""In place of the thousandth that the light generator adds to the deviation, which norms here cannot: it differs by an
eighth of 1/255 at most."""


def cartoongan(width: float = 1.0, eps: float = EPS) -> Network:
    """The generator of CartoonGAN and ComixGAN; its names are those of the authors' files.

    Args:
        width: share of the channels.
        eps: of the norms.
    """
    net, channels = Builder(), max(1, round(CHANNELS * width))

    def conv(x: str, name: str, outputs: int, stride: int = 1, *, kernel: int = 3, mirrored: bool = False) -> str:
        padding = Padding.same(kernel, "reflect" if mirrored else "zero")
        return net.conv(x, name, outputs, kernel, stride, padding=padding, bias=True)

    def normed(x: str, name: str) -> str:
        return net.instance_norm(x, name, eps)

    x = net.relu(normed(conv(net.input, "conv01_1", channels, kernel=7, mirrored=True), "in01_1"))
    for stage in (2, 3):
        x = conv(x, f"conv0{stage}_1", channels << (stage - 1), 2)
        x = net.relu(normed(conv(x, f"conv0{stage}_2", channels << (stage - 1)), f"in0{stage}_1"))
    for block in range(4, 4 + BLOCKS):
        y = net.relu(normed(conv(x, f"conv{block:02d}_1", 4 * channels, mirrored=True), f"in{block:02d}_1"))
        x = net.add(x, normed(conv(y, f"conv{block:02d}_2", 4 * channels, mirrored=True), f"in{block:02d}_2"))
    for stage, outputs in ((1, 2 * channels), (2, channels)):
        x = net.transposed(x, f"deconv0{stage}_1", outputs, 3, crop=Padding(1, 1, 0, 0))
        x = net.relu(normed(conv(x, f"deconv0{stage}_2", outputs), f"in{11 + stage}_1"))
    net.tanh(conv(x, "deconv03_1", 3, kernel=7, mirrored=True))
    return net.build("cartoongan", multiple=4)


def cartoongan_light(width: float = 1.0, eps: float = LIGHT_EPS) -> Network:
    """The light generator of CartoonGAN for TensorFlow; margins of zeros, one norm over the whole picture.

    Args:
        width: share of the channels.
        eps: of the norms.
    """
    net, channels = Builder(), 4 * max(1, round(LIGHT_CHANNELS * width / 4))

    def normed(x: str, name: str) -> str:
        return net.layer_norm(x, name, eps)

    def point(x: str, name: str, outputs: int, *, bias: bool = False) -> str:
        return net.conv(x, name, outputs, 1, bias=bias)

    def depthwise(x: str, name: str, stride: int = 1) -> str:
        return net.depthwise(x, name, 3, stride, padding=Padding.tf_same(3, stride))

    def unit(x: str, name: str) -> str:
        half = net.channels(x) // 2
        y = net.split(x, half, 2 * half)
        y = net.relu(normed(point(y, f"{name}.0", half), f"{name}.1"))
        y = normed(depthwise(y, f"{name}.3"), f"{name}.4")
        y = net.relu(normed(point(y, f"{name}.5", half), f"{name}.6"))
        return net.interleave(net.concat(net.split(x, 0, half), y, name=f"{name}.both"))

    def down(x: str, name: str) -> str:
        half = net.channels(x)
        left = normed(depthwise(x, f"{name}.l.0", 2), f"{name}.l.1")
        left = point(left, f"{name}.l.2", half)
        right = net.relu(normed(point(x, f"{name}.r.0", half), f"{name}.r.1"))
        right = point(normed(depthwise(right, f"{name}.r.3", 2), f"{name}.r.4"), f"{name}.r.5", half)
        return net.interleave(net.relu(normed(net.concat(left, right, name=f"{name}.both"), f"{name}.norm")))

    x = net.conv(net.input, "flat.1", channels, 5, pad_mode="zero", bias=True)
    x = down(down(net.relu(normed(x, "flat.2")), "down1"), "down2")
    for i in range(BLOCKS):
        x = unit(x, f"residual{i}")
    for name, outputs in (("up1", 2 * channels), ("up2", channels)):
        x = unit(point(net.double(x, "tf1"), f"{name}.0", outputs, bias=True), f"{name}.unit")
    net.tanh(net.conv(x, "last", 3, 5, pad_mode="zero", bias=True))
    return net.build("cartoongan-light", multiple=4)


def judge(channels: int = 32) -> Network:
    """The discriminator: one verdict for every 4 x 4 pixels."""
    net = Builder()

    def conv(x: str, name: str, outputs: int, stride: int = 1) -> str:
        return net.conv(x, name, outputs, 3, stride, padding=Padding.same(3, "zero"), bias=True)

    x = net.leaky_relu(conv(net.input, "flat", channels))
    for i in (1, 2):
        x = net.leaky_relu(conv(x, f"down{i}", 2 * channels * i, 2))
        x = net.leaky_relu(net.instance_norm(conv(x, f"deep{i}", 4 * channels * i), f"norm{i}", 1e-5))
    x = net.leaky_relu(net.instance_norm(conv(x, "last", 8 * channels), "norm3", 1e-5))
    conv(x, "verdict", 1)
    return net.build("cartoongan-judge", multiple=4)


def network_of(card: Mapping[str, str]) -> Network:
    """The network that a model card describes.

    Raises:
        ModelError: it is none of this family.
    """
    width, eps, stated = float(card.get("width", "1")), card.get("eps", ""), card.get("architecture", "")
    match stated:
        case "cartoongan":
            return cartoongan(width, float(eps or EPS))
        case "cartoongan-light":
            return cartoongan_light(width, float(eps or LIGHT_EPS))
    raise ModelError(f"The model card says architecture = “{stated}”; it must be cartoongan or cartoongan-light.")


def to_senga(checkpoint: Checkpoint) -> Weights:
    """The weights in the names of our network, with architecture and width on the card.

    The authors' own files take and give blue, green and red; here it is red, green and blue.

    Raises:
        ModelError: the file holds no network of this family, or only a part of one.
    """
    theirs = any(name.endswith("in01_1.scale") for name in checkpoint.arrays)
    spelt = Checkpoint(checkpoint.format, _spelt(checkpoint.arrays), checkpoint.metadata, checkpoint.nodes)
    weights = matched(spelt, _candidates(spelt.arrays))
    if not theirs:
        return weights
    arrays = dict(weights.arrays)
    arrays["conv01_1.weight"] = np.ascontiguousarray(arrays["conv01_1.weight"][:, ::-1])
    turned = ("deconv03_1.weight", "deconv03_1.bias")
    return Weights(arrays | {name: np.ascontiguousarray(arrays[name][::-1]) for name in turned}, weights.card)


def _candidates(arrays: Arrays) -> Iterator[Candidate]:
    for width in widths(arrays, cartoongan) or [1.0]:
        yield Candidate(cartoongan(width), {"architecture": "cartoongan", "width": f"{width:g}"})
    for width in widths(arrays, cartoongan_light) or [1.0]:
        network = cartoongan_light(width)
        yield Candidate(network, {"architecture": "cartoongan-light", "width": f"{width:g}"}, branched=True)


def _spelt(arrays: Arrays) -> dict[str, NDArray[Any]]:
    """Arrays under our names, as far as they are known: scale and shift, and the layers of the TensorFlow light one."""
    light = cartoongan_light()
    norms = {node.block.gamma: node.channels for node in light.nodes if isinstance(node.block, Norm)}
    found: dict[str, NDArray[Any]] = {}
    for name, array in arrays.items():
        ours = _light_name(name) or re.sub(r"\.scale$", ".weight", re.sub(r"\.shift$", ".bias", name))
        if ours.replace(".bias", ".weight") in norms and array.shape == (1,):  # one number for all channels
            array = np.full(norms[ours.replace(".bias", ".weight")], array[0], array.dtype)
        axes = (2, 3, 0, 1) if "depthwise_kernel" in name else (3, 2, 0, 1)
        moved = ours != name and array.ndim == 4
        found[ours] = np.ascontiguousarray(array.transpose(axes)) if moved else array
    return found


_LIGHT = {
    r"flat_conv1/model/layer-(\d)": r"flat.\1",
    r"down_conv(\d)/([lr])_model/layer-(\d)": r"down\1.\2.\3",
    r"down_conv(\d)/bn_act/layer-0": r"down\1.norm",
    r"residual_blocks/layer-(\d)/model/layer-(\d)": r"residual\1.\2",
    r"up_conv(\d)/model/layer-0": r"up\1.0",
    r"up_conv(\d)/model/layer-1/model/layer-(\d)": r"up\1.unit.\2",
    r"final_conv/layer-1": "last",
}
_LEAVES = {"kernel": "weight", "depthwise_kernel": "weight", "gamma": "weight", "bias": "bias", "beta": "bias"}


def _light_name(name: str) -> str:
    """``down_conv1/l_model/layer-0/depthwise_kernel/.ATTRIBUTES/VARIABLE_VALUE`` is ``down1.l.0.weight``."""
    place, _, leaf = name.replace("|", "/").removesuffix("/.ATTRIBUTES/VARIABLE_VALUE").rpartition("/")
    for theirs, ours in _LIGHT.items():
        if leaf in _LEAVES and re.fullmatch(theirs, place):
            return f"{re.sub(theirs, ours, place)}.{_LEAVES[leaf]}"
    return ""
