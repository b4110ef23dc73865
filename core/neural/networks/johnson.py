"""Networks that paint in one pass: Johnson's, and the same with norms that many styles share.

References:
    J. Johnson, A. Alahi, L. Fei-Fei: Perceptual Losses for Real-Time Style Transfer and Super-Resolution. ECCV 2016,
    arXiv:1603.08155.
    D. Ulyanov, A. Vedaldi, V. Lempitsky: Instance Normalization. 2016, arXiv:1607.08022.
    G. Ghiasi, H. Lee, M. Kudlur, V. Dumoulin, J. Shlens: Exploring the structure of a real-time, arbitrary neural
    artistic stylization network. BMVC 2017, arXiv:1705.06830.
    V. Dumoulin, J. Shlens, M. Kudlur: A Learned Representation for Artistic Style. ICLR 2017, arXiv:1610.07629.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from senga.neural.blocks import Padding
from senga.neural.graph import Builder, Network

STYLE = "style"
"""The input with a share for each style; usually they come to one."""

DOWN = ("first", "down1", "down2")
"""What is on the way down."""

Last = Literal["tanh", "sigmoid", "wide-tanh", "none"]
Norm = Callable[[str, str], str]
"""Adds the norm of a place behind a node."""


@dataclass(frozen=True)
class Form:
    """In what published networks of this kind differ.

    Attributes:
        range: of the photo that is given and of the painting, black and white.
        last: what comes behind the last convolution; ``wide-tanh`` is 150 times the tangent, and 127.5.
        bias: whether convolutions that are normed have offsets.
        last_norm: whether the last convolution is normed, too.
        zeros: margins are of zeros, as TensorFlow lays them, and sizes are doubled by transposed convolutions; else
            margins are mirrored, and pixels are doubled in front of convolutions.
        eps: of the norms.
        plain_down: on the way down there are offsets and no norms.
        shift_of_style: what a style scales and shifts by has an offset of its own, too.
    """

    range: tuple[float, float]
    last: Last
    bias: bool = False
    last_norm: bool = False
    zeros: bool = False
    eps: float = 1e-5
    plain_down: bool = False
    shift_of_style: bool = False


FORMS: Mapping[str, Form] = {
    "senga": Form((-1.0, 1.0), "tanh"),
    "pytorch": Form((0.0, 255.0), "none", bias=True),
    "magenta": Form((0.0, 1.0), "sigmoid", last_norm=True),
    "arbitrary": Form((0.0, 1.0), "sigmoid", last_norm=True, plain_down=True, shift_of_style=True),
    "lengstrom": Form((0.0, 255.0), "wide-tanh", last_norm=True, zeros=True, eps=1e-3),
}
"""Our own; the example of PyTorch; Magenta's, and the one of it that takes any style; the one by Logan Engstrom."""


@dataclass(frozen=True)
class Shape:
    """What such a network looks like.

    Attributes:
        channels: at full, half and quarter size, on the way down.
        up: at half and full size, on the way up; empty: as on the way down.
        blocks: residual ones, at quarter size.
        kernel: of the first and the last convolution.
        form: of ``FORMS``.
        styles: that share the network; none: a network of one style, with its own norms.
    """

    channels: tuple[int, ...] = (32, 64, 128)
    up: tuple[int, ...] = ()
    blocks: int = 5
    kernel: int = 9
    form: str = "senga"
    styles: int = 0


def johnson(shape: Shape, name: str = "johnson") -> Network:
    """The network of a shape; with several styles its second input is a vector of their shares.

    A style scales and shifts each channel behind a norm, by ``….norm.weight`` and ``….norm.bias``, (channels,). Where
    several share the network, its numbers are columns of ``….scale.weight`` and ``….shift.weight``, (channels, styles).
    """
    form = FORMS[shape.form]
    net = Builder(range=form.range)
    norm = conditional(net, net.vector(STYLE, shape.styles), form) if shape.styles else _plain(net, form.eps)
    net.output(_bounded(net, body(net, shape, norm), form.last), "painting", form.range)
    return net.build(name, multiple=4)


def body(net: Builder, shape: Shape, norm: Norm) -> str:
    """Adds all of it from the photo to the last convolution."""
    form = FORMS[shape.form]
    narrow, half, wide = shape.channels

    def conv(x: str, place: str, outputs: int, kernel: int = 3, stride: int = 1) -> str:
        padding, bare = Padding.tf_same(kernel, stride) if form.zeros else None, form.plain_down and place in DOWN
        y = net.conv(x, f"{place}.conv", outputs, kernel, stride, padding=padding, bias=form.bias or bare)
        return y if bare else norm(y, place)

    def doubled(x: str, place: str, outputs: int) -> str:
        if form.zeros:
            crop = Padding(0, 0, 1, 1, "zero")
            return norm(net.transposed(x, f"{place}.conv", outputs, 3, crop=crop, bias=False), place)
        return conv(net.resize(x, kind="nearest"), place, outputs)

    x = net.relu(conv(net.input, "first", narrow, shape.kernel))
    x = net.relu(conv(x, "down1", half, stride=2))
    x = net.relu(conv(x, "down2", wide, stride=2))
    for block in range(1, shape.blocks + 1):
        y = net.relu(conv(x, f"res{block}.first", wide))
        x = net.add(x, conv(y, f"res{block}.second", wide))
    for place, outputs in zip(("up1", "up2"), shape.up or (half, narrow), strict=True):
        x = net.relu(doubled(x, place, outputs))
    if form.last_norm:
        return conv(x, "last", 3, shape.kernel)
    return net.conv(x, "last.conv", 3, shape.kernel, bias=True)


def _bounded(net: Builder, x: str, last: Last) -> str:
    match last:
        case "tanh":
            return net.tanh(x)
        case "sigmoid":
            return net.sigmoid(x)
        case "wide-tanh":
            return net.affine(net.tanh(x), "wide", (150.0,), (127.5,))
        case "none":
            return x


def _plain(net: Builder, eps: float) -> Norm:
    return lambda x, place: net.instance_norm(x, f"{place}.norm", eps)


def conditional(net: Builder, style: str, form: Form) -> Norm:
    """Norms that a vector scales and shifts, by the matrices ``….scale.weight`` and ``….shift.weight``."""

    def norm(x: str, place: str) -> str:
        channels = net.channels(x)
        bias = form.shift_of_style
        scale, shift = (net.linear(style, f"{place}.{kind}", channels, bias=bias) for kind in ("scale", "shift"))
        return net.norm(x, f"{place}.norm", "channel", form.eps, gamma=scale, beta=shift)

    return norm
