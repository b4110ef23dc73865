"""The network of the first Style2Paints, which colours lines as another picture is coloured, and what trains it.

It sees how dark lines are, 0 on paper and 1 in ink, and a vector of what another picture looks like. The vector joins
in the middle, at a 32nd of the size. Two guides learn with it and go afterwards: one has to tell grey values before
colours come in, the other colours behind them, so that every layer gets a gradient of its own.

Of the published form no weights are left. It has 31.6 million numbers and takes the 4,096 features ``fc1`` of VGG-19;
``OURS`` has few channels, batch norms, and takes the vector (see ``reference_features``) at every step up, too.

Reference:
    L. Zhang, Y. Ji, X. Lin, C. Liu: Style Transfer for Anime Sketches with Enhanced Residual U-net and Auxiliary
    Classifier GAN. ACPR 2017, arXiv:1706.03319.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from senga.neural.blocks import Padding
from senga.neural.graph import Builder, Network

MULTIPLE = 32
EPS = 1e-3
ENTRY, EXIT = "entry", "exit"
"""The guides, and how the names of their weights begin: grey values before colours come in, and colours behind them."""


@dataclass(frozen=True)
class Shape:
    """What such a network looks like.

    Attributes:
        widths: channels at full size, and each time it is halved.
        middle: channels at a 32nd of it.
        guide: channels of guides at a sixteenth of it, half as many each time it is doubled.
        features: numbers of the vector.
        kernel: side of kernels that halve the size, 3 or 4.
        normed: whether there are batch norms.
        everywhere: whether the vector joins at every step up, too.
    """

    widths: tuple[int, int, int, int, int] = (16, 32, 64, 128, 256)
    middle: int = 2048
    guide: int = 512
    features: int = 4096
    kernel: int = 4
    normed: bool = False
    everywhere: bool = False

    @property
    def risen(self) -> tuple[int, int, int, int]:
        """Channels on the way up, from a sixteenth of the size to a half."""
        return 2 * self.widths[4], self.widths[3], self.widths[2], self.widths[1]

    @property
    def guided(self) -> tuple[int, int, int, int]:
        """Channels of a guide, from a sixteenth of the size to a half."""
        return self.guide, self.guide // 2, self.guide // 4, self.guide // 8


PUBLISHED = Shape()
OURS = Shape((12, 24, 48, 80, 104), 160, 96, 611, 3, True, True)


@dataclass(frozen=True)
class _Writer:
    net: Builder
    shape: Shape
    vector: str

    def conv(self, x: str, name: str, outputs: int, stride: int = 1, *, joins: bool = False) -> str:
        """With a batch norm or without, and the vector in front of that."""
        kernel = self.shape.kernel if stride == 2 else 3
        x = self.net.conv(x, name, outputs, kernel, stride, padding=Padding(1, 1, 1, 1, "zero"), bias=True)
        if joins:
            x = self.net.add(x, self.net.linear(self.vector, f"{name}.reference", outputs))
        return self.net.relu(self.net.batch_norm(x, f"{name}.norm", EPS) if self.shape.normed else x)

    def residual(self, x: str, name: str) -> str:
        """What comes in, and a convolution of it."""
        return self.net.add(self.conv(x, name, self.net.channels(x)), x)

    def double(self, x: str) -> str:
        return self.net.resize(x, kind="nearest")

    def guide(self, x: str, name: str, outputs: int) -> None:
        """Adds one, from a sixteenth of the size to a picture."""
        for level, width in enumerate(self.shape.guided):
            x = self.double(self.net.relu(self._plain(x, f"{name}.{level}", width, 3)))
        self.net.output(self._plain(x, f"{name}.last", outputs, 1), name)

    def _plain(self, x: str, name: str, outputs: int, kernel: int) -> str:
        return self.net.conv(x, name, outputs, kernel, pad_mode="zero", bias=True)


@lru_cache(maxsize=8)
def reference_painter(shape: Shape = PUBLISHED, *, guides: bool = False) -> Network:
    """Ink (1, H, W) in 0..1 and ``reference``, a vector, to ``colours`` (3, H, W) in [-1, 1], not clipped.

    Args:
        shape: of the network.
        guides: whether it has them, and the results ``entry`` (1, H, W) and ``exit`` (3, H, W), too.
    """
    net = Builder(1, (0.0, 1.0))
    write = _Writer(net, shape, net.vector("reference", shape.features))
    x = write.residual(write.conv(net.input, "e0", shape.widths[0]), "e0b")
    before: list[str] = []
    stages: list[str] = []
    for level, width in enumerate(shape.widths[1:], 1):
        x = write.conv(write.conv(x, f"e{level}", width), f"e{level}b", width, 2)
        before.append(x)
    lines = before[-1]
    x = write.conv(lines, "middle", shape.middle, 2, joins=True)
    for level, width in zip((4, 3, 2, 1), shape.risen, strict=True):
        x = write.conv(write.double(x), f"d{level}", width, joins=shape.everywhere)
        stages.append(x)
        x = net.concat(write.residual(x, f"d{level}b"), before.pop(), name=f"d{level}.joined")
    x = write.conv(write.double(x), "d0", shape.widths[1], joins=shape.everywhere)
    net.output(net.conv(x, "last", 3, 3, pad_mode="zero", bias=True), "colours")
    if guides:
        write.guide(lines, ENTRY, 1)
        write.guide(stages[0], EXIT, 3)
    return net.build("style2paints", MULTIPLE)


def without_guides(name: str) -> bool:
    """Whether weights of that name belong to what paints."""
    return not name.startswith((f"{ENTRY}.", f"{EXIT}."))


def critic(features: int = 4096, channels: int = 32) -> Network:
    """Pictures (3, H, W) in [-1, 1] to as many numbers as features have; sides are multiples of 32.

    Five convolutions that halve the size, and a linear layer of the means over what is left.

    Args:
        features: how many.
        channels: behind the first convolution; sixteen times as many behind the last.
    """
    net = Builder(3)
    x = net.input
    for level in range(5):
        x = net.conv(x, f"c{level}", channels << level, 4, 2, padding=Padding(1, 1, 1, 1, "zero"), bias=True)
        x = net.leaky_relu(x)
    net.output(net.linear(net.mean(x), "verdict", features), "verdict")
    return net.build("style2paints-critic", MULTIPLE)
