"""A small network of our own that colours lines by hints: a U-net in the shape of PaintsChainer's.

It sees five planes: the lines, -1 black and 1 paper; red, green and blue in [-1, 1] of hints that have spread within
closed lines, 0 where there is none; and 1 where there is a hint, else 0. It gives the colours below the lines, in
[-1, 1] and a little beyond: most of a drawing is white, at which a tanh would stay.

References:
    T. Yonetsuji: PaintsChainer, 2017, https://github.com/pfnet/PaintsChainer (MIT licence).
    O. Ronneberger, P. Fischer, T. Brox: U-Net: Convolutional Networks for Biomedical Image Segmentation. MICCAI 2015,
    arXiv:1505.04597.
"""

from __future__ import annotations

from senga.neural.blocks import Padding
from senga.neural.graph import Builder, Network

WIDTHS = (1, 2, 4, 8, 10)
"""Channels at full size and each time it is halved, in widths."""
PLANES = 5
MULTIPLE = 16
_MARGIN, _WIDE = (Padding(side, side, side, side, "zero") for side in (1, 2))


def hint_unet(width: int = 16) -> Network:
    """Colours of lines and hints; 1.7 million parameters and 40,000 multiplications a pixel at a width of 16."""
    net = Builder(PLANES)
    channels = [width * each for each in WIDTHS]

    def conv(x: str, name: str, outputs: int, stride: int = 1) -> str:
        return net.leaky_relu(net.conv(x, name, outputs, 3, stride, padding=_MARGIN, bias=True))

    x, before = conv(conv(net.input, "down0", channels[0]), "down0b", channels[0]), []
    for level, outputs in enumerate(channels[1:], 1):
        before.append(x)
        x = conv(conv(x, f"down{level}", outputs, 2), f"down{level}b", outputs)
    x = net.leaky_relu(net.conv(x, "far", channels[-1], 3, dilation=2, padding=_WIDE, bias=True))
    for level in range(len(before) - 1, -1, -1):
        joined = net.concat(net.resize(x, kind="nearest"), before[level], name=f"joined{level}")
        x = conv(joined, f"up{level}", channels[level])
        x = conv(x, f"up{level}b", channels[level]) if level else x
    net.conv(x, "colours", 3, 3, padding=_MARGIN, bias=True)
    return net.build("hint-painter", MULTIPLE)


def hint_judge(width: int = 12) -> Network:
    """Tells painted colours from drawn ones, place by place, each of about 46 pixels: 1 for drawn ones.

    It sees red, green and blue in [-1, 1] and the lines, -1 black and 1 paper.
    """
    net = Builder(4)
    x = net.input
    for level in range(3):
        x = net.leaky_relu(net.conv(x, f"seen{level}", width << level, 4, 2, padding=_MARGIN, bias=True))
    x = net.leaky_relu(net.conv(x, "seen3", width << 3, 3, padding=_MARGIN, bias=True))
    net.conv(x, "verdict", 1, 3, padding=_MARGIN, bias=True)
    return net.build("hint-judge", 8)
