"""The network of the learned edges: a bank of derivatives at three sizes, and a vote for every pixel.

Each level has the steps of brightness and of two opponent colours in four directions, and how many of them there are
round a pixel, which tells a texture from an outline. Three convolutions of one pixel vote on all of this: the channels
of the result say, in -1..1, how likely most, many and some judges of edges agree on one. There are no norms: a pixel
depends on what lies within ``REACH`` alone.
"""

from __future__ import annotations

from functools import lru_cache

from senga.neural.graph import Builder, Network

SCALES = (1, 2, 4)
DIRECTIONS = 4
STEPS = 2 * 3 * DIRECTIONS
"""Steps up and down of three colours in four directions."""
PARTS = tuple(f"{part}{scale}" for scale in SCALES for part in ("steps", "crowd"))
MIXED, WEIGHED = 32, 16
"""Channels between the convolutions that vote."""
SLOPE = 0.01
MULTIPLE = 16
REACH = 96
"""Pixels that one of its results sees in each direction, and a few more."""


@lru_cache(maxsize=1)
def edges() -> Network:
    """About 4,000 operations a pixel, 10,000 parameters.

    The first of the three convolutions is taken apart by levels, and each level has its part before it is enlarged:
    these are sums of the same numbers.
    """
    net = Builder()
    x = ""
    for _, several in sorted(_levels(net).items(), reverse=True):
        x = net.double(x, "half_pixel") if x else ""
        for name, node in several.items():
            part = net.conv(node, f"mix.{name}", MIXED, kernel=1, bias=name == "steps1")
            x = net.add(part, x) if x else part
    x = net.leaky_relu(net.conv(net.leaky_relu(x), "weigh", WEIGHED, kernel=1, bias=True))
    net.tanh(net.conv(x, "votes", 3, kernel=1, bias=True))
    return net.build("senga-edges", MULTIPLE)


@lru_cache(maxsize=1)
def bank() -> Network:
    """What the votes are given on: the levels in the order of ``PARTS``, enlarged."""
    net = Builder()
    found = {}
    for factor, several in _levels(net).items():
        for name, node in several.items():
            for _ in range(factor.bit_length() - 1):
                node = net.double(node, "half_pixel")
            found[name] = node
    net.concat(*(found[name] for name in PARTS), name="bank")
    return net.build("senga-edges-bank", MULTIPLE)


def _levels(net: Builder) -> dict[int, dict[str, str]]:
    """Nodes by name, by how much smaller than the picture they are."""
    found: dict[int, dict[str, str]] = {1 << power: {} for power in range(5)}
    x = net.input
    for scale in SCALES:
        steps = net.leaky_relu(net.conv(x, f"steps{scale}", STEPS, kernel=5), SLOPE)
        found[scale][f"steps{scale}"] = steps
        found[4 * scale][f"crowd{scale}"] = net.halve(net.halve(steps, "half_pixel"), "half_pixel")
        x = net.halve(x, "half_pixel") if scale < SCALES[-1] else x
    return found
