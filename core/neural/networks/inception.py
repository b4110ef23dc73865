"""InceptionV3 of 2015-12-05, the network behind FID, KID and IS, with the poolings that its weights were trained with.

It differs from the InceptionV3 of the paper in three places: averages leave out the margin, the last block takes a
maximum instead of an average, and there are 1008 classes.

References:
    Szegedy et al., Rethinking the Inception architecture for computer vision, CVPR 2016, doi:10.1109/CVPR.2016.308.
    Heusel et al., GANs trained by a two time-scale update rule converge to a local Nash equilibrium, NIPS 2017.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from senga.neural.blocks import Padding, Size
from senga.neural.graph import Builder, Network

SIDE = 299
EPS = 1e-3

ONE, ROW, COLUMN = (1, 1), (1, 7), (7, 1)


@dataclass(frozen=True)
class Writer:
    """Writes the network down, block by block.

    Attributes:
        net: what is written into.
        folded: every batch norm is part of the convolution in front of it, which is called as both together are.
    """

    net: Builder
    folded: bool = False

    def maps(self, x: str) -> str:
        """From (3, 299, 299) in [-1, 1] to the last maps, (2048, 8, 8)."""
        x = self.stem(x)
        for name, pooled in (("Mixed_5b", 32), ("Mixed_5c", 64), ("Mixed_5d", 64)):
            x = self.block_35(x, name, pooled)
        x = self.reduce_35(x, "Mixed_6a")
        for name, inner in (("Mixed_6b", 128), ("Mixed_6c", 160), ("Mixed_6d", 160), ("Mixed_6e", 192)):
            x = self.block_17(x, name, inner)
        x = self.reduce_17(x, "Mixed_7a")
        x = self.block_8(x, "Mixed_7b", self.averaged)
        return self.block_8(x, "Mixed_7c", self.maximal)

    def stem(self, x: str) -> str:
        """From the picture to (192, 35, 35)."""
        x = self._conv(x, "Conv2d_1a_3x3", 32, (3, 3), stride=2, same=False)
        x = self._conv(x, "Conv2d_2a_3x3", 32, (3, 3), same=False)
        x = self._conv(x, "Conv2d_2b_3x3", 64, (3, 3))
        x = self._halved(x)
        x = self._conv(x, "Conv2d_3b_1x1", 80, ONE)
        x = self._conv(x, "Conv2d_4a_3x3", 192, (3, 3), same=False)
        return self._halved(x)

    def block_35(self, x: str, name: str, pooled: int) -> str:
        """A block at 35 x 35."""
        return self.net.concat(
            self._conv(x, f"{name}.branch1x1", 64, ONE),
            self._chain(x, f"{name}.branch5x5", (48, ONE), (64, (5, 5))),
            self._chain(x, f"{name}.branch3x3dbl", (64, ONE), (96, (3, 3)), (96, (3, 3))),
            self.averaged(x, f"{name}.branch_pool", pooled),
            name=name,
        )

    def reduce_35(self, x: str, name: str) -> str:
        """From 35 x 35 to 17 x 17."""
        double = self._chain(x, f"{name}.branch3x3dbl", (64, ONE), (96, (3, 3)))
        return self.net.concat(
            self._conv(x, f"{name}.branch3x3", 384, (3, 3), stride=2, same=False),
            self._conv(double, f"{name}.branch3x3dbl_3", 96, (3, 3), stride=2, same=False),
            self._halved(x),
            name=name,
        )

    def block_17(self, x: str, name: str, inner: int) -> str:
        """A block at 17 x 17."""
        tall, wide = (inner, COLUMN), (inner, ROW)
        return self.net.concat(
            self._conv(x, f"{name}.branch1x1", 192, ONE),
            self._chain(x, f"{name}.branch7x7", (inner, ONE), wide, (192, COLUMN)),
            self._chain(x, f"{name}.branch7x7dbl", (inner, ONE), tall, wide, tall, (192, ROW)),
            self.averaged(x, f"{name}.branch_pool", 192),
            name=name,
        )

    def reduce_17(self, x: str, name: str) -> str:
        """From 17 x 17 to 8 x 8."""
        single = self._conv(x, f"{name}.branch3x3_1", 192, ONE)
        cross = self._chain(x, f"{name}.branch7x7x3", (192, ONE), (192, ROW), (192, COLUMN))
        return self.net.concat(
            self._conv(single, f"{name}.branch3x3_2", 320, (3, 3), stride=2, same=False),
            self._conv(cross, f"{name}.branch7x7x3_4", 192, (3, 3), stride=2, same=False),
            self._halved(x),
            name=name,
        )

    def block_8(self, x: str, name: str, pooled: Callable[[str, str, int], str]) -> str:
        """A block at 8 x 8."""
        single = self._conv(x, f"{name}.branch3x3_1", 384, ONE)
        double = self._chain(x, f"{name}.branch3x3dbl", (448, ONE), (384, (3, 3)))
        return self.net.concat(
            self._conv(x, f"{name}.branch1x1", 320, ONE),
            self._conv(single, f"{name}.branch3x3_2a", 384, (1, 3)),
            self._conv(single, f"{name}.branch3x3_2b", 384, (3, 1)),
            self._conv(double, f"{name}.branch3x3dbl_3a", 384, (1, 3)),
            self._conv(double, f"{name}.branch3x3dbl_3b", 384, (3, 1)),
            pooled(x, f"{name}.branch_pool", 192),
            name=name,
        )

    def _conv(self, x: str, name: str, outputs: int, kernel: Size, stride: int = 1, same: bool = True) -> str:
        return self.net.relu(self._normed(x, name, outputs, kernel, stride, same))

    def _normed(self, x: str, name: str, outputs: int, kernel: Size, stride: int = 1, same: bool = True) -> str:
        padding = Padding.same(kernel, "zero") if same else Padding()
        if self.folded:
            return self.net.conv(x, name, outputs, kernel, stride, padding=padding, bias=True)
        x = self.net.conv(x, f"{name}.conv", outputs, kernel, stride, padding=padding)
        return self.net.batch_norm(x, f"{name}.bn", EPS)

    def _chain(self, x: str, name: str, *steps: tuple[int, Size]) -> str:
        for number, (outputs, kernel) in enumerate(steps, 1):
            x = self._conv(x, f"{name}_{number}", outputs, kernel)
        return x

    def _halved(self, x: str) -> str:
        return self.net.max_pool(x, 3, 2)

    def averaged(self, x: str, name: str, outputs: int) -> str:
        """Average, then convolve; in the other order, which is equal and has fewer channels to average."""
        x = self._normed(x, name, outputs, ONE)
        return self.net.relu(self.net.average_pool(x, 3, 1, padding=Padding.same(3, "zero")))

    def maximal(self, x: str, name: str, outputs: int) -> str:
        """The largest neighbour, then a convolution."""
        return self._conv(self.net.max_pool(x, 3, 1, padding=Padding.same(3, "zero")), name, outputs, ONE)


@cache
def inception(folded: bool = False) -> Network:
    """From (3, 299, 299) in [-1, 1] to ``features``, a vector of 2048 numbers.

    Args:
        folded: every batch norm is part of the convolution in front of it.
    """
    net = Builder()
    net.output(net.mean(Writer(net, folded).maps(net.input)), "features")
    return net.build("inception-v3-2015-12-05", multiple=1, fixed=(SIDE, SIDE))
