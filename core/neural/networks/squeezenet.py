"""SqueezeNet 1.1 as LPIPS looks through it.

References:
    Iandola et al., SqueezeNet, 2016, arXiv:1602.07360.
    Zhang et al., The unreasonable effectiveness of deep features as a perceptual metric, CVPR 2018,
    doi:10.1109/CVPR.2018.00068.
"""

from __future__ import annotations

from functools import cache

from senga.neural.blocks import Padding
from senga.neural.graph import Builder, Network

SHIFT = (-0.030, -0.088, -0.188)
SCALE = (0.458, 0.448, 0.450)
"""The network sees RGB in [-1, 1] less the one, divided by the other."""

FIRES = (
    (3, 16, 64),
    (4, 16, 64),
    (6, 32, 128),
    (7, 32, 128),
    (9, 48, 192),
    (10, 48, 192),
    (11, 64, 256),
    (12, 64, 256),
)
"""Place in the network, channels of the squeeze, and of each of the two expansions."""

POOLED = (3, 6, 9)
"""Places that a maximum goes before."""

COMPARED = (4, 7, 9, 10, 11, 12)
"""Places whose results are compared, beside the very first."""


@cache
def squeezenet() -> Network:
    """The seven maps that are compared, each behind its activation, from RGB in [-1, 1]."""
    net = Builder()
    scaled = (
        tuple(1 / scale for scale in SCALE),
        tuple(-shift / scale for shift, scale in zip(SHIFT, SCALE, strict=True)),
    )
    x = net.conv(net.affine(net.input, "scaled", *scaled), "features.0", 64, 3, 2, padding=Padding(), bias=True)
    x = net.output(net.relu(x), "relu.0")
    for place, inner, outer in FIRES:
        x = net.max_pool(x, 3, 2, ceil=True) if place in POOLED else x
        x = _fire(net, x, f"features.{place}", inner, outer)
        if place in COMPARED:
            net.output(x, f"relu.{place}")
    return net.build("squeezenet1_1", multiple=1)


def _fire(net: Builder, x: str, name: str, inner: int, outer: int) -> str:
    squeezed = net.relu(net.conv(x, f"{name}.squeeze", inner, 1, bias=True))
    narrow = net.conv(squeezed, f"{name}.expand1x1", outer, 1, bias=True)
    wide = net.conv(squeezed, f"{name}.expand3x3", outer, 3, pad_mode="zero", bias=True)
    return net.relu(net.concat(narrow, wide, name=name))
