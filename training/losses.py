"""Losses between a generated picture, its drawn target and the style set; pictures are RGB in [-1, 1]."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

YUV = (
    (0.299, 0.587, 0.114),
    (-0.14714119, -0.28886916, 0.43601035),
    (0.61497538, -0.51496512, -0.10001026),
)


def to_yuv(picture: Tensor) -> Tensor:
    """Luminance in [0, 1] and the two chroma differences."""
    matrix = torch.tensor(YUV, dtype=picture.dtype, device=picture.device)
    return torch.einsum("ij,njhw->nihw", matrix, (picture + 1) / 2)


def to_grey(picture: Tensor) -> Tensor:
    """Three equal channels of luminance in [-1, 1]."""
    return (to_yuv(picture)[:, :1] * 2 - 1).expand(-1, 3, -1, -1)


def colour_loss(drawing: Tensor, target: Tensor) -> Tensor:
    """Absolute difference of luminance and, half again as heavy, of chroma."""
    difference = (to_yuv(drawing) - to_yuv(target)).abs()
    return difference[:, :1].mean() + 1.5 * difference[:, 1:].sum(1).mean()


def gradient_loss(drawing: Tensor, target: Tensor) -> Tensor:
    """Absolute difference of the steps between neighbouring pixels."""
    difference = drawing - target
    return difference.diff(dim=2).abs().mean() + difference.diff(dim=3).abs().mean()


def gram(feature: Tensor) -> Tensor:
    """Correlations of the channels, one matrix a picture, divided by height, width and channels."""
    flat = feature.float().flatten(2)
    return flat @ flat.transpose(1, 2) / (flat.shape[1] * flat.shape[2])


def content_loss(drawing: dict[str, Tensor], target: dict[str, Tensor], layers: tuple[str, ...]) -> Tensor:
    """Absolute difference of features, each layer relative to the mean of the target's."""
    terms = [functional.l1_loss(drawing[k], target[k]) / (target[k].abs().mean() + 1e-6) for k in layers]
    return torch.stack(terms).mean()


def style_loss(drawing: dict[str, Tensor], style: dict[str, Tensor]) -> Tensor:
    """Absolute difference of gram matrices, each layer relative to the mean of the style's."""
    terms = [(gram(drawing[k]).mean(0) - s).abs().mean() / (s.abs().mean() + 1e-6) for k, s in style.items()]
    return torch.stack(terms).mean()


def level_contrast(target: Tensor, photo: Tensor, reference: float = 0.65, power: float = 0.6) -> Tensor:
    """Widens the contrast of targets of pale photos.

    The generator has no bias and normalises all channels jointly, so it cannot see how contrasty its input is about
    mid-grey; asked to reproduce it, it answers with a pale mean. This takes most of the unknown out of the target.
    """
    spread = photo.square().mean((1, 2, 3), keepdim=True).sqrt()
    gain = (reference / (spread + 1e-3)).pow(power).clamp(0.95, 1.5)
    return (target * gain).clamp(-1, 1)


def judge_loss(real: Tensor, fake: Tensor) -> Tensor:
    """Least-squares loss of the discriminator: real pictures to one, generated ones to zero."""
    return ((real - 1) ** 2).mean() + (fake**2).mean()


def fool_loss(fake: Tensor) -> Tensor:
    """Least-squares loss of the generator: generated pictures to one."""
    return ((fake - 1) ** 2).mean()
