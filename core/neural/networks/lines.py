"""Networks that find the lines of a picture: a small one of our own, and that of sketchKeras.

Neither sees the picture itself, but how it differs from its surroundings (``senga.plugins.line_art.highpass``): lines
and edges, whatever their colour, and little of shades.

References:
    L. Zhang: sketchKeras, https://github.com/lllyasviel/sketchKeras, 2017 (the second network, and what both see).
    O. Ronneberger, P. Fischer, T. Brox: U-Net: Convolutional Networks for Biomedical Image Segmentation. MICCAI 2015,
    arXiv:1505.04597 (the form of both).
"""

from __future__ import annotations

from senga.neural.blocks import Padding
from senga.neural.graph import Builder, Network

WIDTHS = (12, 24, 48, 64)
"""Channels at full size, and each time it is halved."""
MULTIPLE = 8
REACH = 120
"""Pixels that a result of ``lines`` sees in each direction, at most."""
EPS = 1e-3


def lines(width: float = 1.0) -> Network:
    """Ink in [-1, 1], from no line to a line, of what differs in three colours, in [-1, 1].

    About 18,000 multiplications a pixel; 199,000 parameters.

    Args:
        width: share of the channels.
    """
    net = Builder()
    full, half, quarter, eighth = (max(4, round(each * width)) for each in WIDTHS)

    def conv(x: str, name: str, outputs: int, stride: int = 1) -> str:
        return net.leaky_relu(net.conv(x, name, outputs, 3, stride, bias=True))

    def joined(x: str, y: str, name: str, outputs: int) -> str:
        return conv(net.concat(net.resize(x, kind="nearest"), y, name=f"{name}.joined"), name, outputs)

    x1 = conv(conv(net.input, "full", full), "full2", full)
    x2 = conv(conv(x1, "half", half, 2), "half2", half)
    x4 = conv(conv(x2, "quarter", quarter, 2), "quarter2", quarter)
    x8 = conv(conv(x4, "eighth", eighth, 2), "eighth2", eighth)
    x = conv(joined(x8, x4, "up4", quarter), "up4b", quarter)
    x = joined(joined(x, x2, "up2", half), x1, "up1", full)
    net.tanh(net.conv(x, "ink", 1, 3, bias=True))
    return net.build("senga-lines", MULTIPLE)


_BLOCKS = ((32, 64), (64, 128), (128, 256), (256, 512))
"""Channels before and behind each halving of sketchKeras."""


def sketch_keras() -> Network:
    """The network of sketchKeras: ink in 0..1, roughly, of what differs in one colour.

    Weights are named as in the public conversion to PyTorch: ``downblock_1.1.weight``. Batch norms have the offset
    that Keras adds to variances.

    References:
        https://github.com/higumax/sketchKeras-pytorch
    """
    net = Builder(1)

    def normed(x: str, block: str, number: int, outputs: int, kernel: int = 3, stride: int = 1) -> str:
        """The ``number``-th layer of a block of layers that are counted with their paddings and activations."""
        sides = (1, 1, 2, 2) if kernel == 4 and stride == 1 else (1, 1, 1, 1)
        x = net.conv(x, f"{block}.{number}", outputs, kernel, stride, padding=Padding(*sides), bias=True)
        return net.relu(net.batch_norm(x, f"{block}.{number + 1}", EPS))

    x = normed(net.input, "downblock_1", 1, 32)
    before = [x]
    for index, (_, channels) in enumerate(_BLOCKS, 2):
        x = normed(x, f"downblock_{index}", 1, channels, 4, 2)
        x = normed(x, f"downblock_{index}", 5, channels) if index < 5 else x
        before.append(x)
    x = normed(x, "downblock_6", 1, 512)
    for index, (channels, _) in enumerate(reversed(_BLOCKS), 1):
        joined = net.concat(before.pop(), x, name=f"joined{index}")
        x = normed(net.resize(joined, kind="nearest"), f"upblock_{index}", 2, 2 * channels, 4)
        x = normed(x, f"upblock_{index}", 6, channels)
    net.conv(net.concat(before.pop(), x, name="joined5"), "last_conv", 1, 3, bias=True)
    return net.build("sketch-keras", 16)
