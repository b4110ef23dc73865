"""First weights near the identity, which a short training needs: from plain noise red and green come very late."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from training.network import Generator

COLOUR_TAPS = ((0.299, 0.587, 0.114), (2.0, -2.0, 0.0), (-0.299, -0.587, 0.886))
"""Luminance, twice red less green, blue less luminance: chroma must not be small after the joint layer norm."""


def identity_taps(weight: Tensor, stride: int) -> Tensor:
    """Taps that copy channel i to channel i, cyclically; with stride two they average 2 x 2 pixels."""
    outputs, inputs, kernel, _ = weight.shape
    taps, middle = torch.zeros_like(weight), kernel // 2
    rows = slice(0, 2) if stride == 2 else slice(middle, middle + 1)
    for channel in range(max(outputs, inputs)):
        taps[channel % outputs, channel % inputs, rows, rows] = 1.0 if stride == 1 else 0.25
    return taps


def colour_taps(weight: Tensor) -> Tensor:
    """Taps of the first layer: the three colour differences with both signs, over and over."""
    taps, middle = torch.zeros_like(weight), weight.shape[-1] // 2
    for channel in range(weight.shape[0]):
        sign = 1.0 if channel // 3 % 2 == 0 else -1.0
        taps[channel, :, middle, middle] = sign * torch.tensor(COLOUR_TAPS[channel % 3])
    return taps


def start_near_identity(network: Generator, noise: float = 0.15) -> Generator:
    """Sets every convolution to identity taps plus a little He noise."""
    layers = [module for module in network.modules() if isinstance(module, nn.Conv2d)]
    with torch.no_grad():
        for layer in layers:
            nn.init.kaiming_normal_(layer.weight, a=0.2)
            taps = colour_taps(layer.weight) if layer is layers[0] else identity_taps(layer.weight, layer.stride[0])
            layer.weight.mul_(noise).add_(taps)
            if layer.bias is not None:
                layer.bias.zero_()
    return network
