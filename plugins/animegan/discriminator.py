"""The discriminators of the AnimeGAN family: one judgement for every 4 x 4 pixels."""

from __future__ import annotations

from typing import Literal

from senga.neural.blocks import Padding
from senga.neural.graph import Builder, Network

from .network import SLOPE

SAME = Padding.same(3, "zero")
CORNER = Padding(top=1, left=1, mode="zero")
"""What stands before a convolution of stride 2: TensorFlow's rule for an odd kernel and an even picture."""

EPS = {"layer": 1e-12, "instance": 1e-5}


def discriminator(channels: int = 64, norm: Literal["layer", "instance"] = "layer") -> Network:
    """The discriminator of AnimeGANv2 (layer norm) or of the first AnimeGAN (instance norm).

    All kernels are 3 x 3, without offsets, and meant to be used with spectral norm.
    """
    net = Builder()

    def conv(x: str, name: str, outputs: int, stride: int = 1) -> str:
        return net.conv(x, name, outputs, 3, stride, padding=CORNER if stride == 2 else SAME)

    def normed(x: str, name: str) -> str:
        add = net.layer_norm if norm == "layer" else net.instance_norm
        return net.leaky_relu(add(x, name, EPS[norm]), SLOPE)

    x = net.leaky_relu(conv(net.input, "conv_0", channels // 2), SLOPE)
    for i in (1, 2):
        x = net.leaky_relu(conv(x, f"conv_s2_{i}", channels * i, stride=2), SLOPE)
        x = normed(conv(x, f"conv_s1_{i}", 2 * channels * i), f"norm_{i}")
    x = normed(conv(x, "last_conv", 4 * channels), "norm_3")
    conv(x, "D_logit", 1)
    return net.build(f"animegan-discriminator-{norm}", multiple=4)
