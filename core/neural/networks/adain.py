"""A network that paints a picture in the style of any other, by the statistics of its features.

An encoder looks at both pictures. The features of the photograph are brought to the means and deviations that those of
the painting have, and a decoder makes a picture of them. The statistics are vectors that the network is given, so
that they are measured once, mixed, and weakened towards those of the photograph itself.

References:
    X. Huang, S. Belongie: Arbitrary Style Transfer in Real-time with Adaptive Instance Normalization. ICCV 2017,
    doi:10.1109/ICCV.2017.167.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from senga.neural.graph import Builder, Network

EPS = 1e-5
"""Added to the variance by every norm."""

_VGG_WIDTHS = (64, 128, 256, 512)
_VGG_COUNTS = (2, 2, 4, 1)

Vectors = Mapping[int, tuple[str, str]]
"""Deviations and means by level."""


def names(level: int) -> tuple[str, str]:
    """What the deviations and the means of a level are called."""
    return f"deviation{level}", f"mean{level}"


def _given(net: Builder, widths: Mapping[int, int]) -> Vectors:
    """Adds statistics as inputs."""
    found = {}
    for level, width in widths.items():
        deviation, mean = (net.vector(name, width) for name in names(level))
        found[level] = deviation, mean
    return found


def _measure(net: Builder, features: Mapping[int, str], *, unbiased: bool) -> None:
    """Adds statistics as results."""
    for level, x in features.items():
        deviation, mean = names(level)
        net.output(net.deviation(x, EPS, unbiased=unbiased), deviation)
        net.output(net.mean(x), mean)


# ---- that of the publication, with black and white at 0 and 1

_UNIT = (0.0, 1.0)


def _encode_vgg(net: Builder, x: str) -> str:
    """VGG-19, normalised, with margins that mirror, up to the first convolution of level 4."""
    x = net.conv(x, "conv0", 3, 1, bias=True)
    for level, (count, width) in enumerate(zip(_VGG_COUNTS, _VGG_WIDTHS, strict=True), 1):
        x = net.max_pool(x, ceil=True) if level > 1 else x
        for i in range(1, count + 1):
            x = net.relu(net.conv(x, f"conv{level}_{i}", width, 3, bias=True))
    return x


def _decode_vgg(net: Builder, x: str) -> str:
    for level, widths in ((4, (256,)), (3, (256, 256, 256, 128)), (2, (128, 64)), (1, (64,))):
        for i, width in enumerate(widths, 1):
            x = net.relu(net.conv(x, f"up{level}_{i}", width, 3, bias=True))
        x = net.resize(x, kind="nearest") if level > 1 else x
    return net.output(net.conv(x, "last", 3, 3, bias=True), "painted", _UNIT)


@lru_cache(maxsize=1)
def vgg_painter() -> Network:
    """Photograph and statistics of a style to the painted picture."""
    net = Builder(range=_UNIT)
    gamma, beta = _given(net, {4: _VGG_WIDTHS[3]})[4]
    x = net.norm(_encode_vgg(net, net.input), "style4", "channel", EPS, gamma=gamma, beta=beta, unbiased=True)
    _decode_vgg(net, x)
    return net.build("adain", multiple=8)


@lru_cache(maxsize=1)
def vgg_observer() -> Network:
    """Any picture to the statistics of its style."""
    net = Builder(range=_UNIT)
    _measure(net, {4: _encode_vgg(net, net.input)}, unbiased=True)
    return net.build("adain-statistics", multiple=8)


@lru_cache(maxsize=1)
def vgg_encoder() -> Network:
    """What one of both published files holds, to features at an eighth of the size."""
    net = Builder(range=_UNIT)
    net.output(_encode_vgg(net, net.input), "relu4_1")
    return net.build("adain-encoder", multiple=8)


@lru_cache(maxsize=1)
def vgg_decoder() -> Network:
    """What the other holds, from such features."""
    net = Builder(_VGG_WIDTHS[3])
    _decode_vgg(net, net.input)
    return net.build("adain-decoder", multiple=1)
