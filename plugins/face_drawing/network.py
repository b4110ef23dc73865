"""The networks of U-GAT-IT: what turns a face into a drawn one, and what judges both.

A generator asks of each channel how much it tells faces from drawings (the class activation map), weighs all channels
by that, and lets what it sees of the whole face scale and shift norms between instance and layer norm (AdaLIN).

Reference:
    J. Kim, M. Kim, H. Kang, K. Lee: U-GAT-IT: Unsupervised Generative Attentional Networks with Adaptive Layer-Instance
    Normalization for Image-to-Image Translation. ICLR 2020, arXiv:1907.10830.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from senga.neural.blocks import Conv, Padding
from senga.neural.graph import Builder, Network

SIDE = 256
"""Pixels of the faces that published networks were trained with; full ones take no others."""
EPS = 1e-5


@dataclass(frozen=True)
class Shape:
    """In what generators differ.

    Attributes:
        channels: at full size; four times as many at quarter size.
        blocks: residual ones before and behind the attention.
        light: what scales the norms sees the mean of each channel, not every pixel, so that faces of any size fit.
        tensorflow: as the authors trained them first: offsets everywhere, norms with numbers of their own and biased
            variances, and margins at the top and left alone where sizes are halved; else as their PyTorch form.
    """

    channels: int = 64
    blocks: int = 4
    light: bool = True
    tensorflow: bool = False


def generator(shape: Shape) -> Network:
    """A generator, whose results are ``painting``, ``attention`` and ``verdict``.

    ``attention``, one channel at quarter size, is where it looks; ``verdict``, two numbers, says by the means and by
    the maxima of the channels that the photo is of those it paints (training needs it).
    """
    net, bias = Builder(), shape.tensorflow
    quarter = 4 * shape.channels

    def conv(x: str, name: str, outputs: int, kernel: int = 3, stride: int = 1) -> str:
        padding = Padding(1, 1) if shape.tensorflow and stride > 1 else None
        return net.conv(x, name, outputs, kernel, stride, padding=padding, bias=bias)

    def normed(x: str) -> str:
        return net.norm(x, f"{x}.norm", "channel", EPS, affine=shape.tensorflow)

    x = net.relu(normed(conv(net.input, "first", shape.channels, 7)))
    for i, outputs in enumerate((2 * shape.channels, quarter), 1):
        x = net.relu(normed(conv(x, f"down{i}", outputs, stride=2)))
    for i in range(1, shape.blocks + 1):
        y = net.relu(normed(conv(x, f"same{i}.first", quarter)))
        x = net.add(x, normed(conv(y, f"same{i}.second", quarter)))
    x, verdict = attended(net, x, net.relu)
    looks = net.total(x)
    gamma, beta = _seen(net, x, shape)

    def mixed(x: str, given: tuple[str | None, str | None] = (None, None)) -> str:
        unbiased = not shape.tensorflow
        return net.norm(x, f"{x}.norm", "mixed", EPS, gamma=given[0], beta=given[1], unbiased=unbiased)

    for i in range(1, shape.blocks + 1):
        y = net.relu(mixed(conv(x, f"drawn{i}.first", quarter), (gamma, beta)))
        x = net.add(x, mixed(conv(y, f"drawn{i}.second", quarter), (gamma, beta)))
    for i, outputs in enumerate((2 * shape.channels, shape.channels), 1):
        x = net.relu(mixed(conv(net.resize(x, kind="nearest"), f"up{i}", outputs)))
    net.output(net.tanh(conv(x, "last", 3, 7)), "painting")
    net.output(looks, "attention")
    net.output(verdict, "verdict")
    return net.build("u-gat-it", multiple=4, fixed=None if shape.light else (SIDE, SIDE))


def _seen(net: Builder, x: str, shape: Shape) -> tuple[str, str]:
    """The scales and shifts of the norms from what is seen of the whole face."""
    quarter, bias = net.channels(x), shape.tensorflow
    y = net.mean(x) if shape.light else net.flatten(x, SIDE // 4, SIDE // 4)
    for name in ("seen1", "seen2"):
        y = net.relu(net.linear(y, name, quarter, bias=bias))
    return net.linear(y, "gamma", quarter, bias=bias), net.linear(y, "beta", quarter, bias=bias)


def attended(net: Builder, x: str, bend: Callable[[str], str]) -> tuple[str, str]:
    """The class activation map: channels weighed by what tells both kinds of pictures apart, and its two verdicts.

    The weights ``means.weight`` and ``maxima.weight``, (channels, 1, 1, 1), serve twice: their products with the means
    and with the maxima of the channels come to the verdicts, and those with the channels go on.
    """
    channels = net.channels(x)

    def weighed(y: str, name: str, node: str) -> str:
        raw = node == name  # judges weigh what goes on by numbers before their spectral norm
        return net.add_block(
            node, Conv(channels, channels, 1, 1, Padding(), f"{name}.weight", None, channels, raw=raw), y
        )

    verdicts = [
        net.total(weighed(whole, name, f"{name}.verdict"))
        for name, whole in (("means", net.mean(x)), ("maxima", net.maximum(x)))
    ]
    both = net.concat(*(weighed(x, name, name) for name in ("means", "maxima")), name="weighed")
    return bend(net.conv(both, "attended", channels, 1, bias=True)), net.concat(*verdicts, name="verdict")


def judge(layers: int, channels: int = 64, *, tensorflow: bool = False) -> Network:
    """A discriminator: a verdict for each place, ``judged``, and the two of the class activation map, ``verdict``.

    Its convolutions are to be used with their spectral norms.

    Args:
        layers: 7 for the one that sees the whole face, 5 for the one that sees parts of it.
        channels: of the first layer.
        tensorflow: margins as in the authors' TensorFlow form.
    """
    net = Builder()
    margin = Padding(1, 1, 2, 2) if tensorflow else Padding(1, 1, 1, 1)

    def conv(x: str, name: str, outputs: int, stride: int = 2, *, bias: bool = True) -> str:
        return net.conv(x, name, outputs, 4, stride, padding=Padding(1, 1, 1, 1) if stride == 2 else margin, bias=bias)

    x = net.leaky_relu(conv(net.input, "down1", channels))
    for i in range(2, layers - 1):
        x = net.leaky_relu(conv(x, f"down{i}", net.channels(x) * 2))
    x = net.leaky_relu(conv(x, "same", net.channels(x) * 2, 1))
    x, verdict = attended(net, x, net.leaky_relu)
    net.output(conv(x, "judged", 1, 1, bias=tensorflow), "verdicts")
    net.output(verdict, "verdict")
    return net.build(f"u-gat-it-judge-{layers}", multiple=1 << (layers - 2))
