"""Two small networks for faces: where they are, and where their 68 landmarks are.

Both are chains of separable convolutions with batch norms.

References:
    Howard et al., MobileNets: efficient convolutional neural networks for mobile vision applications, 2017,
    arXiv:1704.04861.
    Zhou et al., Objects as points, 2019, arXiv:1904.07850.
    Lin et al., Feature pyramid networks for object detection, CVPR 2017, doi:10.1109/CVPR.2017.106.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from senga.neural.blocks import Padding
from senga.neural.graph import Builder, Network

STEP = 8
"""Pixels of the picture for a cell of the finder's map."""
MULTIPLE = 16
CELLS = 6
"""Numbers of a cell: odds (a logit) that a face has its middle there, by how many cells the middle is further right and
down, the binary logarithm of the size in cells, and twice the way in which the face looks up, x and y."""
SIDE = 112
"""Pixels of the square that landmarks are found in."""
POINTS = 68

_SAME = Padding.same((3, 3), "zero")


@dataclass(frozen=True)
class _Writer:
    net: Builder

    def conv(self, x: str, name: str, outputs: int, kernel: int = 1, stride: int = 1) -> str:
        """With a batch norm and ReLU."""
        padding = _SAME if kernel == 3 else Padding()
        x = self.net.conv(x, f"{name}.conv", outputs, kernel, stride, padding=padding)
        return self.net.relu(self.net.batch_norm(x, f"{name}.norm"))

    def separable(self, x: str, name: str, outputs: int, stride: int = 1) -> str:
        """Each channel by itself, then all of them at each place; a skip where the size stays."""
        inner = self.net.depthwise(x, f"{name}.each", 3, stride, padding=_SAME)
        inner = self.net.relu(self.net.batch_norm(inner, f"{name}.each.norm"))
        made = self.conv(inner, f"{name}.all", outputs)
        return self.net.add(made, x) if stride == 1 and outputs == self.net.channels(x) else made

    def stage(self, x: str, name: str, outputs: int, count: int) -> str:
        """The first halves the size."""
        for number in range(count):
            x = self.separable(x, f"{name}.{number}", outputs, 1 if number else 2)
        return x


@lru_cache(maxsize=1)
def face_finder() -> Network:
    """From RGB in [-1, 1] to ``cells``, (6, H / 8, W / 8); upright faces of 16 to 60 pixels, 77,000 parameters."""
    net = Builder()
    write = _Writer(net)
    x = write.conv(net.input, "first", 16, 3, 2)
    x = write.stage(x, "quarter", 32, 2)
    fine = write.stage(x, "eighth", 64, 3)
    x = write.conv(write.stage(fine, "sixteenth", 96, 4), "sixteenth.side", 64)
    x = net.add(net.double(x, "half_pixel"), write.conv(fine, "eighth.side", 64))
    x = write.separable(write.separable(x, "joined", 64), "head", 64)
    net.output(net.conv(x, "cells", CELLS, 1, bias=True), "cells")
    return net.build("senga-face-finder", MULTIPLE)


@lru_cache(maxsize=1)
def face_points() -> Network:
    """From (3, 112, 112), RGB in [-1, 1], to ``points`` and ``sure``.

    ``points`` are x and y of each landmark in halves of the side from the middle; ``sure`` is the logit of there being
    an upright face. About 480,000 parameters.
    """
    net = Builder()
    write = _Writer(net)
    x = write.conv(net.input, "first", 24, 3, 2)
    x = write.separable(x, "half", 24)
    x = write.stage(x, "quarter", 48, 3)
    x = write.stage(x, "eighth", 96, 4)
    x = write.stage(x, "last", 160, 4)
    side = SIDE // 16
    flat = net.flatten(write.conv(x, "narrow", 48), side, side)
    net.output(net.linear(flat, "points", 2 * POINTS), "points")
    net.output(net.linear(flat, "sure", 1), "sure")
    return net.build("senga-face-points", 16, (SIDE, SIDE))
