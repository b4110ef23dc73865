"""The AnimeGANv2 generator in PyTorch, with a width factor and the parameter names of the shipped weights."""

from __future__ import annotations

import torch
from torch import Tensor, nn

SLOPE = 0.2


class LayerNorm(nn.GroupNorm):
    """Normalises height, width and channels of each picture jointly, with one gain and offset a channel."""

    def __init__(self, channels: int, eps: float) -> None:
        super().__init__(1, channels, eps=eps)


def padding(kernel: int, stride: int) -> tuple[int, int, int, int]:
    """Reflected margins (left, right, top, bottom) in front of a convolution."""
    if stride == 2:
        return 0, 1, 0, 1
    margin = kernel // 2
    return margin, margin, margin, margin


class ConvBlock(nn.Sequential):
    """Reflect padding, convolution, layer norm, leaky ReLU."""

    def __init__(self, kernel: int, stride: int, inputs: int, outputs: int, eps: float, groups: int = 1) -> None:
        convolution = nn.Conv2d(inputs, outputs, kernel, stride, groups=groups, bias=groups > 1)
        pad = nn.ReflectionPad2d(padding(kernel, stride)) if kernel > 1 else nn.Identity()
        super().__init__(pad, convolution, LayerNorm(outputs, eps), nn.LeakyReLU(SLOPE))


class InvertedResidual(nn.Module):
    """Widens the channels, filters them one by one, narrows them again; adds the input where the shapes agree."""

    def __init__(self, inputs: int, outputs: int, eps: float, expansion: int = 2) -> None:
        super().__init__()
        wide = inputs * expansion
        self.skip = inputs == outputs
        self.layers = nn.Sequential(
            ConvBlock(1, 1, inputs, wide, eps),
            ConvBlock(3, 1, wide, wide, eps, groups=wide),
            nn.Conv2d(wide, outputs, 1, bias=False),
            LayerNorm(outputs, eps),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Applies the block."""
        y: Tensor = self.layers(x)
        return x + y if self.skip else y


def _double(x: Tensor, dim: int) -> Tensor:
    """Puts the mean of each two neighbours between them along `dim`; the last line is repeated."""
    following = torch.cat((x.narrow(dim, 1, x.shape[dim] - 1), x.narrow(dim, x.shape[dim] - 1, 1)), dim)
    return torch.stack((x, (x + following) * 0.5), dim + 1).flatten(dim, dim + 1)


def upsample_tf1(x: Tensor) -> Tensor:
    """Doubles height and width as TensorFlow 1 does: even outputs copy, odd ones average two neighbours."""
    return _double(_double(x, 2), 3)


class Generator(nn.Module):
    """The AnimeGANv2 generator: RGB in [-1, 1], sides multiples of four, to RGB of the same size in [-1, 1]."""

    def __init__(self, width: float = 1.0, eps: float = 1e-5) -> None:
        super().__init__()
        c32, c64, c128, c256 = (round(channels * width) for channels in (32, 64, 128, 256))
        self.width, self.eps = width, eps

        def block(kernel: int, stride: int, inputs: int, outputs: int) -> ConvBlock:
            return ConvBlock(kernel, stride, inputs, outputs, eps)

        self.block_a = nn.Sequential(block(7, 1, 3, c32), block(3, 2, c32, c64), block(3, 1, c64, c64))
        self.block_b = nn.Sequential(block(3, 2, c64, c128), block(3, 1, c128, c128))
        self.block_c = nn.Sequential(
            block(3, 1, c128, c128),
            InvertedResidual(c128, c256, eps),
            *(InvertedResidual(c256, c256, eps) for _ in range(3)),
            block(3, 1, c256, c128),
        )
        self.block_d = nn.Sequential(block(3, 1, c128, c128), block(3, 1, c128, c128))
        self.block_e = nn.Sequential(block(3, 1, c128, c64), block(3, 1, c64, c64), block(7, 1, c64, c32))
        self.out_layer = nn.Sequential(nn.Conv2d(c32, 3, 1, bias=False), nn.Tanh())

    def forward(self, photo: Tensor) -> Tensor:
        """Draws the photo."""
        x = self.block_c(self.block_b(self.block_a(photo)))
        x = self.block_d(upsample_tf1(x))
        drawing: Tensor = self.out_layer(self.block_e(upsample_tf1(x)))
        return drawing
