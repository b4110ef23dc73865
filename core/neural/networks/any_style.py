"""A small network that paints a picture in the style of any other, by the statistics of its features.

Of a painting the means and deviations of colours and features are measured, and become a vector, its manner. A network
for many styles scales and shifts every one of its norms by that, and its picture gets the means and deviations of the
painting's colours at last. So styles are measured once, and mixed as vectors.

References:
    X. Huang, S. Belongie: Arbitrary Style Transfer in Real-time with Adaptive Instance Normalization. ICCV 2017,
    doi:10.1109/ICCV.2017.167.
    G. Ghiasi, H. Lee, M. Kudlur, V. Dumoulin, J. Shlens: Exploring the structure of a real-time, arbitrary neural
    artistic stylization network. BMVC 2017, arXiv:1705.06830.
"""

from __future__ import annotations

from functools import lru_cache

from senga.neural.graph import Builder, Network

from .johnson import FORMS, Shape, body, conditional

SHAPE = Shape((16, 32, 64), (), 4, 5)
"""Of what paints."""
LEVELS = (3, 16, 32, 64, 128)
"""Channels whose statistics are measured: colours, and features at the full size, a half, a quarter and an eighth."""
MANNER = 48
"""Numbers that a manner has."""
EPS = 1e-5
"""Added to the variance where statistics are measured."""
STYLE = "deviation0", "mean0", "manner"
"""What a style is made of: deviations and means of the colours, and the manner."""

_COUNTS = (2, 2, 3, 1)
_HIDDEN = 128
_FLAT = 1e-3
"""Added to the variance of colours, so that a plain picture stays plain."""


def _observe(net: Builder, x: str) -> tuple[str, str, str]:
    """Adds the perceptual network that comes with Senga; deviations and means of the colours, and the manner."""
    measured = [net.deviation(x, EPS), net.mean(x)]
    for level, (count, width) in enumerate(zip(_COUNTS, LEVELS[1:], strict=True), 1):
        x = net.max_pool(x) if level > 1 else x
        for i in range(1, count + 1):
            x = net.relu(net.conv(x, f"conv{level}_{i}", width, 3, bias=True))
            measured += [net.deviation(x, EPS), net.mean(x)] if i == 1 else []
    seen = net.relu(net.linear(net.concat(*measured, name="statistics"), "look", _HIDDEN))
    return measured[0], measured[1], net.linear(seen, "manner", MANNER)


def _paint(net: Builder, deviation: str, mean: str, manner: str) -> None:
    """Adds what paints the first input."""
    x = net.tanh(body(net, SHAPE, conditional(net, manner, FORMS[SHAPE.form])))
    net.output(net.norm(x, "colours", "channel", _FLAT, gamma=deviation, beta=mean), "painted")


@lru_cache(maxsize=1)
def observer() -> Network:
    """Any picture to its style: ``deviation0`` and ``mean0`` (3,) of its colours, ``manner`` (48,)."""
    net = Builder()
    for name, vector in zip(STYLE, _observe(net, net.input), strict=True):
        net.output(vector, name)
    return net.build("any-style-observer", multiple=8)


@lru_cache(maxsize=1)
def painter() -> Network:
    """Photograph and style to the painted picture."""
    net = Builder()
    _paint(net, *(net.vector(name, size) for name, size in zip(STYLE, (3, 3, MANNER), strict=True)))
    return net.build("any-style-painter", multiple=4)


@lru_cache(maxsize=1)
def whole() -> Network:
    """Photograph and painting, of any two sizes, to the painted picture: both of them in one."""
    net = Builder()
    _paint(net, *_observe(net, net.picture("painting")))
    return net.build("any-style", multiple=8)
