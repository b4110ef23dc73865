"""StyleBank: a network that keeps pictures as they are, and between its halves a filter for each style.

Reference:
    D. Chen, L. Yuan, J. Liao, N. Yu, G. Hua: StyleBank: An Explicit Representation for Neural Image Style Transfer.
    CVPR 2017, arXiv:1703.09210.
"""

from __future__ import annotations

from dataclasses import dataclass

from senga.neural.graph import Builder, Network

BANK = "bank"
"""What layers of a style are called; all others are shared."""
EPS = 1e-5


@dataclass(frozen=True)
class Shape:
    """What such a network looks like.

    Attributes:
        channels: at full, half and quarter size.
        filters: convolutions of each style: one in the publication.
        kernel: of the first and the last convolution.
    """

    channels: tuple[int, ...] = (32, 64, 128)
    filters: int = 1
    kernel: int = 9


def stylebank(shape: Shape, *, styled: bool = True) -> Network:
    """The encoder, the filters of one style, and the decoder.

    Args:
        shape: of the network.
        styled: with the filters; without them the network is to give the picture back.
    """
    net = Builder()
    narrow, half, wide = shape.channels

    def layer(x: str, place: str, outputs: int, kernel: int = 3, stride: int = 1) -> str:
        return net.relu(net.instance_norm(net.conv(x, f"{place}.conv", outputs, kernel, stride), f"{place}.norm", EPS))

    x = layer(net.input, "first", narrow, shape.kernel)
    x = layer(x, "down1", half, stride=2)
    x = layer(x, "down2", wide, stride=2)
    for i in range(1, 1 + shape.filters if styled else 1):
        x = layer(x, f"{BANK}{i}", wide)
    x = layer(net.resize(x, kind="nearest"), "up1", half)
    x = layer(net.resize(x, kind="nearest"), "up2", narrow)
    net.tanh(net.conv(x, "last.conv", 3, shape.kernel, bias=True))
    return net.build("stylebank", multiple=4)
