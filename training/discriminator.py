"""The patch discriminator of AnimeGANv2 in PyTorch: spectral norm, layer norm, one judgement per 4 x 4 pixels."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from training.network import SLOPE


def _convolution(inputs: int, outputs: int, stride: int = 1) -> nn.Module:
    """A 3x3 convolution with spectral norm and without bias."""
    layer = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
    nn.init.normal_(layer.weight, 0, 0.02)
    return spectral_norm(layer)


class Discriminator(nn.Sequential):
    """Tells drawn pictures from generated ones; `channels` is 64 in the published network."""

    def __init__(self, channels: int = 32) -> None:
        c = channels
        super().__init__(
            *(_convolution(3, c // 2), nn.LeakyReLU(SLOPE)),
            *(_convolution(c // 2, c, stride=2), nn.LeakyReLU(SLOPE)),
            *(_convolution(c, 2 * c), nn.GroupNorm(1, 2 * c), nn.LeakyReLU(SLOPE)),
            *(_convolution(2 * c, 2 * c, stride=2), nn.LeakyReLU(SLOPE)),
            *(_convolution(2 * c, 4 * c), nn.GroupNorm(1, 4 * c), nn.LeakyReLU(SLOPE)),
            *(_convolution(4 * c, 4 * c), nn.GroupNorm(1, 4 * c), nn.LeakyReLU(SLOPE)),
            _convolution(4 * c, 1),
        )


def judge_loss(real: Tensor, fake: Tensor) -> Tensor:
    """Least-squares loss of the discriminator: real pictures to one, generated ones to zero."""
    return ((real - 1) ** 2).mean() + (fake**2).mean()


def fool_loss(fake: Tensor) -> Tensor:
    """Least-squares loss of the generator: generated pictures to one."""
    return ((fake - 1) ** 2).mean()
