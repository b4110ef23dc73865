"""What each block of a described network is in PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from senga.neural import blocks
from senga.neural.blocks import Block, Padding, rule_of
from senga.neural.resample import nearest, taps
from senga.neural.training import spectral
from senga.neural.training.arithmetic import average_counts, pool_sides

Weights = Mapping[str, Tensor]
Rule = Callable[..., Tensor]
"""What a block makes of the weights of the network and of its inputs, in this order."""


def rule(block: Block) -> Rule:
    """The rule of a block.

    Raises:
        TypeError: there is none.
    """
    return rule_of(block, RULES, "PyTorch")


def _named(weights: Weights, name: str | None) -> Tensor | None:
    return weights[name] if name else None


def _each(vector: Tensor) -> Tensor:
    """A number for each channel, (1, C, 1, 1)."""
    return vector.reshape(1, -1, 1, 1)


def _convolve(block: blocks.Conv, weights: Weights, x: Tensor) -> Tensor:
    sides, zeros = block.padding, (0, 0)
    if sides.mode == "zero" and (sides.top, sides.left) == (sides.bottom, sides.right):
        zeros = sides.top, sides.left
    else:
        x = _pad(x, sides)
    bias = _named(weights, block.bias)
    steps = block.stride, zeros, block.dilation, block.groups
    return functional.conv2d(x, weights[spectral.name_of(block, weights)], bias, *steps)


def _pad(x: Tensor, sides: Padding) -> Tensor:
    margins = sides.left, sides.right, sides.top, sides.bottom
    modes = {"reflect": "reflect", "edge": "replicate", "zero": "constant"}
    return functional.pad(x, margins, modes[sides.mode]) if any(margins) else x


def _transpose_convolve(block: blocks.TransposedConv, weights: Weights, x: Tensor) -> Tensor:
    top, left, bottom, right = block.crop.sides
    y = functional.conv_transpose2d(x, weights[block.weight], None, block.stride)
    y = functional.pad(y, (-left, -right, -top, -bottom))
    return y + _each(weights[block.bias]) if block.bias else y


def _linear(block: blocks.Linear, weights: Weights, x: Tensor) -> Tensor:
    y = functional.linear(x.flatten(1), weights[block.weight], _named(weights, block.bias))
    return y[..., None, None]


def _normalise(block: blocks.Norm, weights: Weights, x: Tensor, *vectors: Tensor) -> Tensor:
    gamma, beta = _named(weights, block.gamma), _named(weights, block.beta)
    if block.over != "mixed" and not block.unbiased and not vectors:
        return torch.group_norm(x, 1 if block.over == "picture" else x.shape[1], gamma, beta, block.eps)
    if block.over == "channel" and not block.unbiased and x[0, 0].numel() > 1:
        return _conditional(block, x, *(vector.expand(*x.shape[:2], 1, 1) for vector in vectors))
    scale, shift = vectors or (None if gamma is None else _each(gamma), None if beta is None else _each(beta))
    if block.over == "mixed":
        return _mixed(block, _each(weights[block.rho or ""]), x, scale, shift)
    normal = _normal(x, (1, 2, 3) if block.over == "picture" else (2, 3), block)
    normal = normal if scale is None else normal * scale
    return normal if shift is None else normal + shift


def _conditional(block: blocks.Norm, x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """Every channel of every picture as a channel of one picture's batch norm, which is far faster."""
    rows = x.reshape(1, -1, *x.shape[2:])  # (1, N * C, H, W)
    normal = functional.batch_norm(rows, None, None, scale.flatten(), shift.flatten(), training=True, eps=block.eps)
    return normal.view_as(x)


def _mixed(block: blocks.Norm, share: Tensor, x: Tensor, scale: Tensor | None, shift: Tensor | None) -> Tensor:
    """Instance and layer norm together as one factor and one shift of each channel, which is far faster."""
    variance, mean = (each.float() for each in torch.var_mean(x, (2, 3), correction=0, keepdim=True))
    middle = mean.mean(1, keepdim=True)
    spread = (variance + (mean - middle) ** 2).mean(1, keepdim=True)
    free = [n / max(n - 1, 1) if block.unbiased else 1.0 for n in (x[0, 0].numel(), x[0].numel())]
    own, whole = share / (free[0] * variance + block.eps).sqrt(), (1 - share) / (free[1] * spread + block.eps).sqrt()
    factor, moved = own + whole, own * mean + whole * middle
    factor, moved = (factor, moved) if scale is None else (factor * scale, moved * scale)
    moved = -moved if shift is None else shift - moved
    return torch.addcmul(moved.to(x.dtype), x, factor.to(x.dtype))


def _normal(x: Tensor, axes: tuple[int, ...], block: blocks.Norm) -> Tensor:
    variance, mean = torch.var_mean(x, axes, correction=int(block.unbiased), keepdim=True)
    return (x - mean) / (variance + block.eps).sqrt()


def _batch_norm(block: blocks.BatchNorm, weights: Weights, x: Tensor) -> Tensor:
    affine = _named(weights, block.gamma), _named(weights, block.beta)
    return functional.batch_norm(x, weights[block.mean], weights[block.variance], *affine, eps=block.eps)


def batch_norm_of_batch(block: blocks.BatchNorm, weights: Weights, x: Tensor) -> Tensor:
    """With the statistics of the pictures that are seen."""
    affine = _named(weights, block.gamma), _named(weights, block.beta)
    return functional.batch_norm(x, None, None, *affine, training=True, eps=block.eps)


def _affine(block: blocks.Affine, _weights: Weights, x: Tensor) -> Tensor:
    scale, shift = (_each(x.new_tensor(numbers)) for numbers in (block.scale, block.shift))
    return x * scale + shift


def _resize(block: Any, _weights: Weights, x: Tensor) -> Tensor:
    if (block.down, block.kind) == (1, "nearest") and block.sampling != "align_corners":
        return functional.interpolate(x, scale_factor=block.up, mode="nearest")
    if (block.up, block.down, block.kind, block.sampling) == (2, 1, "bilinear", "tf1"):
        return _between(_between(x, 2), 3)
    if (block.down, block.kind, block.sampling) == (1, "bilinear", "half_pixel"):
        return functional.interpolate(x, scale_factor=block.up, mode="bilinear")
    find = taps if block.kind == "bilinear" else nearest
    for dim, target in zip((2, 3), block.size([tuple(x.shape[2:])]), strict=True):
        found = find(block.sampling, x.shape[dim], target, 0, target)
        before, after, share = (torch.from_numpy(each).to(x.device) for each in found)
        share = share.unsqueeze(-1) if dim == 2 else share
        x = torch.lerp(x.index_select(dim, before), x.index_select(dim, after), share)
    return x


def _between(x: Tensor, dim: int) -> Tensor:
    """Puts the mean of each two neighbours between them along `dim`; the last line is repeated."""
    following = torch.cat((x.narrow(dim, 1, x.shape[dim] - 1), x.narrow(dim, x.shape[dim] - 1, 1)), dim)
    return torch.stack((x, (x + following) * 0.5), dim + 1).flatten(dim, dim + 1)


def _shuffle(block: blocks.Shuffle, _weights: Weights, x: Tensor) -> Tensor:
    if block.order == "pixel":
        x = x.unflatten(1, (block.factor**2, -1)).transpose(1, 2).flatten(1, 2)
    return functional.pixel_shuffle(x, block.factor)


def _unshuffle(block: blocks.Unshuffle, _weights: Weights, x: Tensor) -> Tensor:
    rows, columns = (n // block.factor * block.factor for n in x.shape[2:])
    x = functional.pixel_unshuffle(x[:, :, :rows, :columns], block.factor)
    if block.order == "pixel":
        x = x.unflatten(1, (-1, block.factor**2)).transpose(1, 2).flatten(1, 2)
    return x


def _pool_margins(block: blocks.MaxPool | blocks.AveragePool, x: Tensor, outside: float) -> Tensor:
    """Margins with which the last windows are whole."""
    top, left, bottom, right = pool_sides(block, tuple(x.shape[2:]))
    return functional.pad(x, (left, right, top, bottom), value=outside)


def _max_pool(block: blocks.MaxPool, _weights: Weights, x: Tensor) -> Tensor:
    return functional.max_pool2d(_pool_margins(block, x, float("-inf")), block.kernel, block.stride)


def _average_pool(block: blocks.AveragePool, _weights: Weights, x: Tensor) -> Tensor:
    """Sums, divided by how many pixels count in each."""
    sums = functional.avg_pool2d(_pool_margins(block, x, 0.0), block.kernel, block.stride, divisor_override=1)
    return sums / torch.from_numpy(average_counts(block, tuple(x.shape[2:]))).to(x)


def _deviation(block: blocks.Deviation, _weights: Weights, x: Tensor) -> Tensor:
    return (x.var((2, 3), correction=int(block.unbiased), keepdim=True) + block.eps).sqrt()


RULES: dict[type[Any], Rule] = {
    blocks.Conv: _convolve,
    blocks.TransposedConv: _transpose_convolve,
    blocks.Linear: _linear,
    blocks.Flatten: lambda _block, _, x: x.flatten(1)[..., None, None],
    blocks.Norm: _normalise,
    blocks.BatchNorm: _batch_norm,
    blocks.LeakyReLU: lambda block, _, x: functional.leaky_relu(x, block.slope),
    blocks.ReLU: lambda _block, _, x: x.relu(),
    blocks.PReLU: lambda block, weights, x: functional.prelu(x, weights[block.weight]),
    blocks.Tanh: lambda _block, _, x: x.tanh(),
    blocks.Sigmoid: lambda _block, _, x: x.sigmoid(),
    blocks.Swish: lambda _block, _, x: functional.silu(x),
    blocks.GELU: lambda block, _, x: functional.gelu(x, approximate="tanh" if block.tanh else "none"),
    blocks.Add: lambda _block, _, x, y: x + y,
    blocks.Product: lambda _block, _, x, y: x * y,
    blocks.Affine: _affine,
    blocks.Concat: lambda _block, _, *several: torch.cat(several, 1),
    blocks.Split: lambda block, _, x: x[:, block.start : block.stop],
    blocks.Interleave: lambda block, _, x: functional.channel_shuffle(x, block.groups),
    blocks.Total: lambda _block, _, x: x.sum(1, keepdim=True),
    blocks.Shuffle: _shuffle,
    blocks.Unshuffle: _unshuffle,
    blocks.Double: _resize,
    blocks.Halve: _resize,
    blocks.Resize: _resize,
    blocks.MaxPool: _max_pool,
    blocks.AveragePool: _average_pool,
    blocks.Mean: lambda _block, _, x: x.mean((2, 3), keepdim=True),
    blocks.Deviation: _deviation,
    blocks.Maximum: lambda _block, _, x: x.flatten(2).max(-1).values[..., None, None],
}
