"""Blocks in numpy, each with its way back: from the gradient of the result to those of its inputs and weights.

Convolutions, norms with weights of their own, and resizes are steps of a walk and stand in ``steps``; all others here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from math import pi, sqrt
from typing import Any

import numpy as np

from senga.neural import blocks
from senga.neural.blocks import Block, rule_of
from senga.neural.executor import Array, as_array

from . import arithmetic
from .convolution import convolution

Weights = Mapping[str, Array]
Found = tuple[Sequence[Array], dict[str, Array]]
"""Gradients of the inputs, and of the weights by name."""
Back = Callable[[Array], Found]
Rule = Callable[..., tuple[Array, Back]]
"""What a block makes of the weights of the network and of its inputs, in this order, and the way back."""


def rule(block: Block) -> Rule:
    """The rule of a block.

    Raises:
        TypeError: there is none.
    """
    return rule_of(block, RULES, "training")


def _sums(g: Array) -> Array:
    """A number for each channel, (C,)."""
    return np.asarray(g.sum((0, 2, 3)))


def _each(vector: Array | None) -> Array | None:
    """A number for each channel, (1, C, 1, 1)."""
    return None if vector is None else vector.reshape(1, -1, 1, 1)


def _leaky(block: blocks.LeakyReLU | blocks.ReLU, _weights: Weights, x: Array) -> tuple[Array, Back]:
    y = np.empty(x.shape, np.float32)
    arithmetic.shift_leak(x, None, block.slope, y)
    return y, lambda g: ((arithmetic.unleak(g, y, block.slope),), {})


def _prelu(block: blocks.PReLU, weights: Weights, x: Array) -> tuple[Array, Back]:
    share = np.where(x > 0, np.float32(1), weights[block.weight][:, None, None])
    return x * share, lambda g: ((g * share,), {block.weight: _sums(g * np.minimum(x, 0))})


def _tanh(_block: blocks.Tanh, _weights: Weights, x: Array) -> tuple[Array, Back]:
    y = np.tanh(x)
    return y, lambda g: ((g * (1 - np.square(y)),), {})


def _logistic(x: Array) -> Array:
    """``1 / (1 + exp(-x))`` without overflow."""
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * x), np.float32)


def _sigmoid(_block: blocks.Sigmoid, _weights: Weights, x: Array) -> tuple[Array, Back]:
    y = _logistic(x)
    return y, lambda g: ((g * y * (1 - y),), {})


def _swish(_block: blocks.Swish, _weights: Weights, x: Array) -> tuple[Array, Back]:
    share = _logistic(x)
    y = x * share
    return y, lambda g: ((g * (share + y * (1 - share)),), {})


def _gelu(block: blocks.GELU, _weights: Weights, x: Array) -> tuple[Array, Back]:
    if block.tanh:
        inner = np.tanh(np.float32(sqrt(2 / pi)) * (x + np.float32(0.044715) * x**3))
        slope = (1 - np.square(inner)) * np.float32(sqrt(2 / pi)) * (1 + np.float32(3 * 0.044715) * np.square(x))
    else:
        from .runtime import ms  # numpy has no error function

        inner = ms.ops.erf(ms.Tensor(as_array(x / np.float32(sqrt(2))))).asnumpy()
        slope = np.float32(sqrt(2 / pi)) * np.exp(-0.5 * np.square(x))
    share = 0.5 * (1 + inner)
    return x * share, lambda g: ((g * (share + 0.5 * x * slope),), {})


def _add(_block: blocks.Add, _weights: Weights, x: Array, y: Array) -> tuple[Array, Back]:
    return x + y, lambda g: ((_shrunk(g, x), _shrunk(g, y)), {})


def _product(_block: blocks.Product, _weights: Weights, x: Array, y: Array) -> tuple[Array, Back]:
    return x * y, lambda g: ((_shrunk(g * y, x), _shrunk(g * x, y)), {})


def _shrunk(g: Array, like: Array) -> Array:
    """The gradient of what was spread over all pixels where it is a vector."""
    return g if g.shape == like.shape else g.sum((2, 3), keepdims=True)


def _affine(block: blocks.Affine, _weights: Weights, x: Array) -> tuple[Array, Back]:
    scale, shift = (
        np.array(numbers, np.float32).reshape(-1, 1, 1) for numbers in (block.scale, block.shift)
    )  # channels
    return x * scale + shift, lambda g: ((g * scale,), {})


def _concat(_block: blocks.Concat, _weights: Weights, *several: Array) -> tuple[Array, Back]:
    ends = np.cumsum([x.shape[1] for x in several])
    return np.concatenate(several, 1), lambda g: (np.split(g, ends[:-1], 1), {})


def _split(block: blocks.Split, _weights: Weights, x: Array) -> tuple[Array, Back]:
    def back(g: Array) -> Found:
        out = np.zeros(x.shape, np.float32)
        out[:, block.start : block.stop] = g
        return (out,), {}

    return x[:, block.start : block.stop].copy(), back


def _interleave(block: blocks.Interleave, _weights: Weights, x: Array) -> tuple[Array, Back]:
    return _by_turns(x, block.groups, block.each), lambda g: ((_by_turns(g, block.each, block.groups),), {})


def _total(_block: blocks.Total, _weights: Weights, x: Array) -> tuple[Array, Back]:
    return x.sum(1, keepdims=True), lambda g: ((np.broadcast_to(g, x.shape).copy(),), {})


def _by_turns(x: Array, groups: int, each: int) -> Array:
    return x.reshape(len(x), groups, each, *x.shape[2:]).swapaxes(1, 2).reshape(x.shape)  # (N, C, H, W)


def _shuffle(block: blocks.Shuffle, _weights: Weights, x: Array) -> tuple[Array, Back]:
    return _spread(x, block), lambda g: ((_gathered(g, block),), {})


def _unshuffle(block: blocks.Unshuffle, _weights: Weights, x: Array) -> tuple[Array, Back]:
    rows, columns = (n // block.factor * block.factor for n in x.shape[2:])

    def back(g: Array) -> Found:
        out = np.zeros(x.shape, np.float32)
        out[:, :, :rows, :columns] = _spread(g, block)
        return (out,), {}

    return _gathered(x[:, :, :rows, :columns], block), back


def _spread(x: Array, block: blocks.Shuffle | blocks.Unshuffle) -> Array:
    """Channels become the pixels of squares."""
    n, (count, channels, rows, columns) = block.factor, x.shape
    if block.order == "channel":
        split = x.reshape(count, -1, n, n, rows, columns).transpose(0, 1, 4, 2, 5, 3)  # (N, C, H, n, W, n)
    else:
        split = x.reshape(count, n, n, -1, rows, columns).transpose(0, 3, 4, 1, 5, 2)  # (N, C, H, n, W, n)
    return split.reshape(count, channels // n**2, rows * n, columns * n)  # (N, C, H * n, W * n)


def _gathered(x: Array, block: blocks.Shuffle | blocks.Unshuffle) -> Array:
    """The pixels of squares become channels."""
    n, (count, channels, rows, columns) = block.factor, x.shape
    split = x.reshape(count, channels, rows // n, n, columns // n, n)  # squares
    turned = split.transpose((0, 1, 3, 5, 2, 4) if block.order == "channel" else (0, 3, 5, 1, 2, 4))
    return turned.reshape(count, channels * n**2, rows // n, columns // n)  # (N, C * n * n, H, W)


def _windows(whole: Array, block: blocks.MaxPool | blocks.AveragePool, size: tuple[int, int]) -> list[Array]:
    """For each pixel of the kernel, what all windows have there: views, (N, C, rows, columns) each."""
    rows, columns = ((n - 1) * block.stride + 1 for n in size)
    taps = product(range(block.kernel), repeat=2)
    return [whole[:, :, i : i + rows : block.stride, j : j + columns : block.stride] for i, j in taps]


def _framed(x: Array, block: blocks.MaxPool | blocks.AveragePool, outside: float) -> tuple[Array, tuple[slice, slice]]:
    """``x`` with the margins of a pool, and where it lies in them."""
    top, left, bottom, right = arithmetic.pool_sides(block, arithmetic.size_of(x))
    place = slice(top, top + x.shape[2]), slice(left, left + x.shape[3])
    if not any((top, left, bottom, right)):
        return x, place
    return np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)), constant_values=outside), place


def _max_pool(block: blocks.MaxPool, _weights: Weights, x: Array) -> tuple[Array, Back]:
    whole, (rows, columns) = _framed(x, block, -np.inf)
    size = block.size([arithmetic.size_of(x)])
    first, *others = _windows(whole, block, size)
    y = np.array(first)
    for other in others:
        np.maximum(y, other, out=y)

    def back(g: Array) -> Found:
        """Each gradient goes to the first pixel of its window that was the largest."""
        out, free = np.zeros(whole.shape, np.float32), np.ones(y.shape, np.bool_)
        for source, target in zip(_windows(whole, block, size), _windows(out, block, size), strict=True):
            chosen = free & (source == y)
            target += np.where(chosen, g, 0)
            free &= ~chosen
        return (out[:, :, rows, columns],), {}

    return y, back


def _average_pool(block: blocks.AveragePool, _weights: Weights, x: Array) -> tuple[Array, Back]:
    whole, (rows, columns) = _framed(x, block, 0.0)
    size, counts = block.size([arithmetic.size_of(x)]), arithmetic.average_counts(block, arithmetic.size_of(x))

    def back(g: Array) -> Found:
        out, share = np.zeros(whole.shape, np.float32), g / counts
        for target in _windows(out, block, size):
            target += share
        return (out[:, :, rows, columns],), {}

    return np.sum(_windows(whole, block, size), 0) / counts, back


def _spread_evenly(g: Array, x: Array) -> Array:
    return np.broadcast_to(g / np.float32(x.shape[2] * x.shape[3]), x.shape)


def _mean(_block: blocks.Mean, _weights: Weights, x: Array) -> tuple[Array, Back]:
    return x.mean((2, 3), keepdims=True), lambda g: ((_spread_evenly(g, x),), {})


def _deviation(block: blocks.Deviation, _weights: Weights, x: Array) -> tuple[Array, Back]:
    centred = x - x.mean((2, 3), keepdims=True)
    count = x.shape[2] * x.shape[3]
    free = np.float32(max(count - 1, 1) if block.unbiased else count)
    deviation = np.sqrt(np.square(centred).sum((2, 3), keepdims=True) / free + np.float32(block.eps))
    return deviation, lambda g: ((g * centred / (free * deviation),), {})


def _maximum(_block: blocks.Maximum, _weights: Weights, x: Array) -> tuple[Array, Back]:
    flat = x.reshape(*x.shape[:2], -1)  # (N, C, pixels)
    place = flat.argmax(-1)[..., None]

    def back(g: Array) -> Found:
        out = np.zeros(flat.shape, np.float32)
        np.put_along_axis(out, place, g[..., 0], -1)
        return (out.reshape(x.shape),), {}

    return np.take_along_axis(flat, place, -1)[..., None], back


def _flatten(_block: blocks.Flatten, _weights: Weights, x: Array) -> tuple[Array, Back]:
    return x.reshape(len(x), -1, 1, 1).copy(), lambda g: ((g.reshape(x.shape),), {})  # vectors


def _linear(block: blocks.Linear, weights: Weights, x: Array) -> tuple[Array, Back]:
    matrix, flat = weights[block.weight], x.reshape(len(x), -1)  # (N, inputs)
    y = flat @ matrix.T

    def back(g: Array) -> Found:
        along = g.reshape(len(x), -1)  # (N, outputs)
        found = {block.weight: along.T @ flat} | ({block.bias: along.sum(0)} if block.bias else {})
        return ((along @ matrix).reshape(x.shape),), found

    return (y + weights[block.bias] if block.bias else y).reshape(len(x), -1, 1, 1), back  # vectors


def _transposed(block: blocks.TransposedConv, weights: Weights, x: Array) -> tuple[Array, Back]:
    """The gradient of a convolution, whose own gradient therefore is that convolution."""
    kernel, conv = weights[block.weight], convolution(block.inputs, (block.kernel, block.kernel), block.stride)
    full = len(x), block.outputs, *((n - 1) * block.stride + block.kernel for n in x.shape[2:])
    top, left, bottom, right = block.crop.sides
    rows, columns = slice(top, min(full[2] - bottom, full[2])), slice(left, min(full[3] - right, full[3]))
    y = conv.to_input(as_array(x), kernel, full)[:, :, rows, columns]
    y = np.pad(y, ((0, 0), (0, 0), (0, max(-bottom, 0)), (0, max(-right, 0))))
    if block.bias:
        y += weights[block.bias][:, None, None]

    def back(g: Array) -> Found:
        whole = np.zeros(full, np.float32)
        inside = whole[:, :, rows, columns]
        inside[...] = g[:, :, : inside.shape[2], : inside.shape[3]]
        found = {block.weight: conv.to_kernel(as_array(x), whole, kernel.shape)}
        return (conv.forward(whole, kernel),), found | ({block.bias: _sums(g)} if block.bias else {})

    return y, back


def _normal(x: Array, axes: tuple[int, ...], eps: float, unbiased: bool) -> tuple[Array, Callable[[Array], Array]]:
    """Centred and divided by the deviation, and the way back."""
    count = int(np.prod([x.shape[axis] for axis in axes]))
    free = np.float32(max(count - 1, 1) if unbiased else count)
    centred = x - x.mean(axes, keepdims=True)
    deviation = np.sqrt(np.square(centred).sum(axes, keepdims=True) / free + np.float32(eps))
    normal = centred / deviation

    def back(g: Array) -> Array:
        straight = (g - normal * (g * normal).sum(axes, keepdims=True) / free) / deviation
        return np.asarray(straight - straight.mean(axes, keepdims=True))

    return normal, back


def _norm(block: blocks.Norm, weights: Weights, x: Array, *vectors: Array) -> tuple[Array, Back]:
    """Any norm; with scales and shifts of vectors, too."""
    kinds = {"picture": ((1, 2, 3),), "channel": ((2, 3),), "mixed": ((2, 3), (1, 2, 3))}[block.over]
    normals, backs = zip(*(_normal(x, axes, block.eps, block.unbiased) for axes in kinds), strict=True)
    rho = _each(weights[block.rho]) if block.rho else None
    shares: tuple[Any, ...] = (np.float32(1),) if rho is None else (rho, 1 - rho)
    unit = sum(share * normal for share, normal in zip(shares, normals, strict=True))
    own = [_each(weights[name]) if name else None for name in (block.gamma, block.beta)]
    gamma, beta = vectors or own

    def back(g: Array) -> Found:
        along = g if gamma is None else g * gamma
        slope = sum(one(along * share) for one, share in zip(backs, shares, strict=True))
        found = {block.rho: _sums(along * (normals[0] - normals[1]))} if block.rho else {}
        found |= {block.gamma: _sums(g * unit)} if block.gamma else {}
        found |= {block.beta: _sums(g)} if block.beta else {}
        return (slope, *(each.sum((2, 3), keepdims=True) for each in ((g * unit, g) if vectors else ()))), found

    y = unit if gamma is None else unit * gamma
    return y if beta is None else y + beta, back


def _batch_norm(block: blocks.BatchNorm, weights: Weights, x: Array) -> tuple[Array, Back]:
    """With the statistics that were remembered; they do not learn by gradients."""
    deviation = np.sqrt(weights[block.variance] + np.float32(block.eps)).reshape(-1, 1, 1)  # channels
    normal = (x - weights[block.mean][:, None, None]) / deviation
    return _scaled(block, weights, normal, lambda g: g / deviation)


def batch_norm_of_batch(block: blocks.BatchNorm, weights: Weights, x: Array) -> tuple[Array, Back]:
    """With the statistics of the pictures that are seen."""
    return _scaled(block, weights, *_normal(x, (0, 2, 3), block.eps, False))


def _scaled(
    block: blocks.BatchNorm, weights: Weights, normal: Array, to_input: Callable[[Array], Array]
) -> tuple[Array, Back]:
    gamma, beta = (_each(weights[name]) if name else None for name in (block.gamma, block.beta))
    still = {name: np.zeros_like(weights[name]) for name in (block.mean, block.variance)}

    def back(g: Array) -> Found:
        found = {block.gamma: _sums(g * normal)} if block.gamma else {}
        found |= {block.beta: _sums(g)} if block.beta else {}
        return (to_input(g if gamma is None else g * gamma),), found | still

    y = normal if gamma is None else normal * gamma
    return y if beta is None else y + beta, back


RULES: dict[type[Any], Rule] = {
    blocks.TransposedConv: _transposed,
    blocks.Linear: _linear,
    blocks.Flatten: _flatten,
    blocks.Norm: _norm,
    blocks.BatchNorm: _batch_norm,
    blocks.LeakyReLU: _leaky,
    blocks.ReLU: _leaky,
    blocks.PReLU: _prelu,
    blocks.Tanh: _tanh,
    blocks.Sigmoid: _sigmoid,
    blocks.Swish: _swish,
    blocks.GELU: _gelu,
    blocks.Add: _add,
    blocks.Product: _product,
    blocks.Affine: _affine,
    blocks.Concat: _concat,
    blocks.Split: _split,
    blocks.Interleave: _interleave,
    blocks.Total: _total,
    blocks.Shuffle: _shuffle,
    blocks.Unshuffle: _unshuffle,
    blocks.MaxPool: _max_pool,
    blocks.AveragePool: _average_pool,
    blocks.Mean: _mean,
    blocks.Deviation: _deviation,
    blocks.Maximum: _maximum,
}
