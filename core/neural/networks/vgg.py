"""The convolutions of VGG-16 and VGG-19.

References:
    K. Simonyan, A. Zisserman: Very Deep Convolutional Networks for Large-Scale Image Recognition. ICLR 2015,
    arXiv:1409.1556.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from senga.neural.blocks import PadMode
from senga.neural.graph import Builder, Network

Depth = Literal[16, 19]
Pools = Literal["max", "average"]

COUNTS: dict[Depth, tuple[int, ...]] = {16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}
"""Convolutions in each block; between the blocks stands a 2 x 2 max pool."""

CHANNELS = (64, 128, 256, 512, 512)


def layers(depth: Depth = 19) -> tuple[str, ...]:
    """The convolutions in their order, ``conv1_1`` to ``conv5_4`` (``conv5_3`` of VGG-16)."""
    return tuple(f"conv{block}_{i}" for block, count in enumerate(COUNTS[depth], 1) for i in range(1, count + 1))


def vgg(
    taps: Sequence[str],
    depth: Depth = 19,
    *,
    channels: Mapping[str, int] | None = None,
    pad_mode: PadMode = "zero",
    pools: Pools = "max",
) -> Network:
    """The network as far as it is looked at; RGB in [-1, 1] goes through ``prepare`` first, a mix of three channels.

    Args:
        taps: the results: ``conv4_4`` is a convolution in front of its activation, ``relu4_4`` behind it.
        depth: 16 or 19.
        channels: of each convolution, where they are others than published (compressed networks).
        pad_mode: what stands around every convolution.
        pools: what stands between the blocks; pictures that are optimised are smoother by means (Gatys et al. 2016).

    Raises:
        ValueError: there is no such layer.
    """
    points = [f"{kind}{name[4:]}" for name in layers(depth) for kind in ("conv", "relu")]
    net = Builder()
    pool = net.max_pool if pools == "max" else net.average_pool
    x = net.conv(net.input, "prepare", 3, 1, bias=True)
    found: dict[str, str] = {}
    for point in points[: 1 + max(points.index(tap) for tap in taps)]:
        block = int(point[4])
        if point.startswith("relu"):
            x = net.relu(x)
        else:
            x = pool(x) if point.endswith("_1") and block > 1 else x
            outputs = channels[point] if channels else CHANNELS[block - 1]
            x = net.conv(x, point, outputs, 3, pad_mode=pad_mode, bias=True)
        found[point] = x
    for tap in taps:
        net.output(found[tap], tap)
    return net.build(f"vgg{depth}", multiple=2 ** (block - 1))
