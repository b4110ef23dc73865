"""MobileNetV2 as what looks at paintings: a vector of numbers that a network paints by.

Batch norms are part of the convolutions, as published files for telephones have them.

References:
    M. Sandler, A. Howard, M. Zhu, A. Zhmoginov, L.-C. Chen: MobileNetV2: Inverted Residuals and Linear Bottlenecks.
    CVPR 2018, arXiv:1801.04381.
"""

from __future__ import annotations

from functools import lru_cache

from senga.neural.blocks import Padding
from senga.neural.graph import Builder, Network

SIDE = 256
"""Pixels of the square that is looked at."""
NUMBERS = 100
STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
"""Widening, channels, blocks, stride of the first one."""


@lru_cache(maxsize=1)
def style_observer() -> Network:
    """From (3, 256, 256), RGB in [0, 1], to ``style``, (100,); 2.4 million parameters."""
    net = Builder(range=(0.0, 1.0))
    x = _capped(net, _conv(net, net.input, "first", 32, 3, 2))
    number = 0
    for widening, outputs, count, stride in STAGES:
        for place in range(count):
            x = _block(net, x, f"block{number}", widening, outputs, stride if place == 0 else 1)
            number += 1
    x = net.mean(_capped(net, _conv(net, x, "last", 1280)))
    net.output(net.linear(x, "numbers", NUMBERS), "style")
    return net.build("mobilenet-v2-style", 32, (SIDE, SIDE))


def _block(net: Builder, x: str, name: str, widening: int, outputs: int, stride: int) -> str:
    """Wider, each channel by itself, and narrower; a skip where the size stays."""
    y = _capped(net, _conv(net, x, f"{name}.expand", widening * net.channels(x))) if widening > 1 else x
    y = net.depthwise(y, f"{name}.each", 3, stride, padding=Padding.tf_same(3, stride), bias=True)
    y = _conv(net, _capped(net, y), f"{name}.project", outputs)
    return net.add(y, x) if stride == 1 and outputs == net.channels(x) else y


def _conv(net: Builder, x: str, name: str, outputs: int, kernel: int = 1, stride: int = 1) -> str:
    return net.conv(x, name, outputs, kernel, stride, padding=Padding.tf_same(kernel, stride), bias=True)


def _capped(net: Builder, x: str) -> str:
    """ReLU6: what lies between 0 and 6."""
    low = net.affine(net.relu(x), f"{x}.below", (-1.0,), (6.0,))
    return net.affine(net.relu(low), f"{x}.capped", (-1.0,), (6.0,))
