"""Networks in MindSpore's own operations: for accelerators, for second gradients, for judging, and as a comparison."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from math import pi, sqrt
from typing import Any

import numpy as np

from senga.neural import blocks
from senga.neural.blocks import Block, Padding, rule_of
from senga.neural.graph import Network

from . import spectral
from .arithmetic import average_counts, mirrors, pool_sides, resize_matrices
from .runtime import ms

ops = ms.ops

Weights = Mapping[str, Any]
Rule = Callable[..., Any]
"""What a block makes of the weights of the network and of its inputs, in this order."""

LOWEST = -3.4e38
"""What stands in the margins of a maximum."""


def run(
    network: Network, given: Mapping[str, Any], weights: Weights, moments: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The results of a network by their names; every operation has gradients of every order.

    Args:
        network: what to run.
        given: by the names of its inputs, (N, C, H, W) each, vectors (N, C, 1, 1).
        weights: by name.
        moments: where batch norms that take the statistics of what they see leave mean and unbiased variance; without
            it they take those of the network.
    """
    values: dict[str, Any] = dict(given)
    uses = Counter(name for node in network.nodes for name in node.inputs)
    uses.update(output.node for output in network.outputs)
    for node in network.nodes:
        inputs = [values[name] for name in node.inputs]
        uses.subtract(node.inputs)
        for name in node.inputs:
            if not uses[name]:
                values.pop(name, None)
        if moments is not None and isinstance(node.block, blocks.BatchNorm):
            moments[node.name] = _moments(inputs[0])
            values[node.name] = _batch_norm_of_batch(node.block, weights, *inputs)
        elif inputs:
            values[node.name] = rule(node.block)(node.block, weights, *inputs)
    return {output.name: values[output.node] for output in network.outputs}


def rule(block: Block) -> Rule:
    """The rule of a block.

    Raises:
        TypeError: there is none.
    """
    return rule_of(block, RULES, "MindSpore")


def _convolve(block: blocks.Conv, weights: Weights, x: Any) -> Any:
    """Zeros are left to the convolution, because slices and sums together lose second gradients in MindSpore 2.8."""
    sides = block.padding
    zeros = (sides.top, sides.bottom, sides.left, sides.right) if sides.mode == "zero" else (0, 0, 0, 0)
    steps = {"stride": block.stride, "dilation": block.dilation, "group": block.groups}
    conv = ops.Conv2D(block.outputs, block.kernel_size, pad_mode="pad", pad=zeros, **steps)
    y = conv(x if sides.mode == "zero" else pad(x, sides), weights[spectral.name_of(block, weights)])
    return _shifted(y, weights, block.bias)


def _shifted(y: Any, weights: Weights, bias: str | None) -> Any:
    return ops.bias_add(y, weights[bias]) if bias else y


def _each(vector: Any) -> Any:
    """A number for each channel, (1, C, 1, 1)."""
    return vector.reshape(1, -1, 1, 1)


def pad(x: Any, padding: Padding) -> Any:
    """Margins by reflection or repetition, as slices that are put together."""
    for axis in (2, 3):
        x = _pad_axis(x, padding, axis)
    return x


def _pad_axis(x: Any, padding: Padding, axis: int) -> Any:
    before, after = (padding.top, padding.bottom) if axis == 2 else (padding.left, padding.right)
    if not before + after:
        return x
    size = x.shape[axis] + before + after
    source = dict(mirrors(padding, axis, size))
    lines = [source.get(i, i) - before for i in range(size)]
    return ops.cat(
        [_line(x, axis, i) for i in lines[:before]] + [x] + [_line(x, axis, i) for i in lines[size - after :]], axis
    )


def _line(x: Any, axis: int, i: int) -> Any:
    return x[:, :, i : i + 1] if axis == 2 else x[:, :, :, i : i + 1]


def _transpose_convolve(block: blocks.TransposedConv, weights: Weights, x: Any) -> Any:
    top, left, bottom, right = block.crop.sides
    rows, columns = ((length - 1) * block.stride + block.kernel for length in x.shape[2:])
    conv = ops.Conv2DTranspose(block.inputs, block.kernel, pad_mode="valid", stride=block.stride)
    y = conv(x, weights[block.weight], (x.shape[0], block.outputs, rows, columns))
    if bottom < 0 or right < 0:
        y = ops.pad(y, (0, max(-right, 0), 0, max(-bottom, 0)))
    return _shifted(y[:, :, top : rows - bottom, left : columns - right], weights, block.bias)


def _linear(block: blocks.Linear, weights: Weights, x: Any) -> Any:
    y = ops.matmul(x.reshape(len(x), -1), weights[block.weight].T)  # (N, inputs)
    return _shifted(y.reshape(len(x), -1, 1, 1), weights, block.bias)  # vectors


def _normalise(block: blocks.Norm, weights: Weights, x: Any, *vectors: Any) -> Any:
    if block.rho:
        share = _each(weights[block.rho])
        normal = share * _normal(x, (2, 3), block) + (1 - share) * _normal(x, (1, 2, 3), block)
    else:
        normal = _normal(x, (1, 2, 3) if block.over == "picture" else (2, 3), block)
    gamma, beta = vectors or [_each(weights[name]) if name else None for name in (block.gamma, block.beta)]
    normal = normal if gamma is None else normal * gamma
    return normal if beta is None else normal + beta


def _normal(x: Any, axes: tuple[int, ...], block: blocks.Norm | blocks.BatchNorm) -> Any:
    count = int(np.prod([x.shape[axis] for axis in axes]))
    centred = x - x.mean(axes, True)
    variance = ops.square(centred).mean(axes, True)
    if isinstance(block, blocks.Norm) and block.unbiased:
        variance = variance * (count / max(count - 1, 1))
    return centred / ops.sqrt(variance + block.eps)


def _batch_norm(block: blocks.BatchNorm, weights: Weights, x: Any) -> Any:
    mean, variance = (ops.stop_gradient(_each(weights[name])) for name in (block.mean, block.variance))
    return _affine_of(block, weights, (x - mean) / ops.sqrt(variance + block.eps))


def _moments(x: Any) -> tuple[Any, Any]:
    x = ops.stop_gradient(x)
    mean, count = x.mean((0, 2, 3), True), x.size // x.shape[1]
    return mean.reshape(-1), ops.square(x - mean).mean((0, 2, 3)) * (count / max(count - 1, 1))  # for each channel


def _batch_norm_of_batch(block: blocks.BatchNorm, weights: Weights, x: Any) -> Any:
    return _affine_of(block, weights, _normal(x, (0, 2, 3), block))


def _affine_of(block: blocks.BatchNorm, weights: Weights, normal: Any) -> Any:
    normal = normal * _each(weights[block.gamma]) if block.gamma else normal
    return _shifted(normal, weights, block.beta)


def _leak(x: Any, slope: Any) -> Any:
    """The second gradient of MindSpore's maximum is zero."""
    passed = ops.stop_gradient((x > 0).astype(ms.float32))
    return x * (slope + (1 - slope) * passed)


def _gelu(block: blocks.GELU, _weights: Weights, x: Any) -> Any:
    inner = ops.tanh(sqrt(2 / pi) * (x + 0.044715 * x * x * x)) if block.tanh else ops.erf(x / sqrt(2))
    return 0.5 * x * (1 + inner)


def _affine(block: blocks.Affine, _weights: Weights, x: Any) -> Any:
    scale, shift = (_each(ms.Tensor(np.array(numbers, np.float32))) for numbers in (block.scale, block.shift))
    return x * scale + shift


def _resize(block: Any, _weights: Weights, x: Any) -> Any:
    rows, columns = resize_matrices(block, x.shape[2:])
    return ops.matmul(ms.Tensor(rows), ops.matmul(x, ms.Tensor(np.ascontiguousarray(columns.T))))


def _shuffle(block: blocks.Shuffle, _weights: Weights, x: Any) -> Any:
    n, (count, channels, rows, columns) = block.factor, x.shape
    if block.order == "channel":
        split = x.reshape(count, -1, n, n, rows, columns).transpose(0, 1, 4, 2, 5, 3)  # (N, C, H, n, W, n)
    else:
        split = x.reshape(count, n, n, -1, rows, columns).transpose(0, 3, 4, 1, 5, 2)  # (N, C, H, n, W, n)
    return split.reshape(count, channels // n**2, rows * n, columns * n)  # (N, C, H * n, W * n)


def _unshuffle(block: blocks.Unshuffle, _weights: Weights, x: Any) -> Any:
    n, (count, channels, rows, columns) = block.factor, x.shape
    rows, columns = rows // n, columns // n
    split = x[:, :, : rows * n, : columns * n].reshape(count, channels, rows, n, columns, n)  # squares
    turned = split.transpose((0, 1, 3, 5, 2, 4) if block.order == "channel" else (0, 3, 5, 1, 2, 4))
    return turned.reshape(count, channels * n**2, rows, columns)  # (N, C * n * n, H, W)


def _max_pool(block: blocks.MaxPool, _weights: Weights, x: Any) -> Any:
    if block == blocks.MaxPool(block.kernel, 1, Padding.same(block.kernel, "zero")) and block.kernel % 2:
        return ops.MaxPool(block.kernel, 1, "same")(x)  # the same, and quicker
    return ops.MaxPool(block.kernel, block.stride, "valid")(_pool_margins(x, pool_sides(block, x.shape[2:]), LOWEST))


def _average_pool(block: blocks.AveragePool, _weights: Weights, x: Any) -> Any:
    means = ops.AvgPool(block.kernel, block.stride, "valid")
    if block == blocks.AveragePool(block.kernel, 1, Padding.same(block.kernel, "zero")) and block.kernel % 2:
        return ops.AvgPool(block.kernel, 1, "same")(x)  # the same, and quicker
    full = np.float32(block.kernel**2) / average_counts(block, x.shape[2:])
    return means(_pool_margins(x, pool_sides(block, x.shape[2:]), 0.0)) * ms.Tensor(full)


def _pool_margins(x: Any, sides: tuple[int, int, int, int], outside: float) -> Any:
    """MindSpore's own padding takes ten times as long."""
    top, left, bottom, right = sides
    for axis, before, behind in ((2, top, bottom), (3, left, right)):
        parts = [_constant(x, axis, before, outside), x, _constant(x, axis, behind, outside)]
        x = ops.cat([part for part in parts if part is not None], axis) if before or behind else x
    return x


def _constant(x: Any, axis: int, lines: int, value: float) -> Any:
    shape = [lines if i == axis else n for i, n in enumerate(x.shape)]
    return ms.Tensor(np.full(shape, value, np.float32)) if lines else None


def _deviation(block: blocks.Deviation, _weights: Weights, x: Any) -> Any:
    count = x.shape[2] * x.shape[3]
    variance = ops.square(x - x.mean((2, 3), True)).mean((2, 3), True)
    return ops.sqrt(variance * (count / max(count - 1, 1) if block.unbiased else 1.0) + block.eps)


def _maximum(_block: blocks.Maximum, _weights: Weights, x: Any) -> Any:
    flat = x.reshape(*x.shape[:2], -1)  # (N, C, pixels)
    return ops.max(flat, -1, True)[0].reshape(*x.shape[:2], 1, 1)  # vectors


def _interleave(block: blocks.Interleave, _weights: Weights, x: Any) -> Any:
    apart = x.reshape(x.shape[0], block.groups, block.each, *x.shape[2:])
    return apart.swapaxes(1, 2).reshape(x.shape)  # (N, C, H, W)


RULES: dict[type[Any], Rule] = {
    blocks.Conv: _convolve,
    blocks.TransposedConv: _transpose_convolve,
    blocks.Linear: _linear,
    blocks.Flatten: lambda _block, _, x: x.reshape(len(x), -1, 1, 1),  # vectors
    blocks.Norm: _normalise,
    blocks.BatchNorm: _batch_norm,
    blocks.LeakyReLU: lambda block, _, x: _leak(x, block.slope),
    blocks.ReLU: lambda _block, _, x: ops.relu(x),
    blocks.PReLU: lambda block, weights, x: _leak(x, _each(weights[block.weight])),
    blocks.Tanh: lambda _block, _, x: ops.tanh(x),
    blocks.Sigmoid: lambda _block, _, x: ops.sigmoid(x),
    blocks.Swish: lambda _block, _, x: x * ops.sigmoid(x),
    blocks.GELU: _gelu,
    blocks.Add: lambda _block, _, x, y: x + y,
    blocks.Product: lambda _block, _, x, y: x * y,
    blocks.Affine: _affine,
    blocks.Concat: lambda _block, _, *several: ops.cat(several, 1),
    blocks.Split: lambda block, _, x: x[:, block.start : block.stop],
    blocks.Interleave: _interleave,
    blocks.Total: lambda _block, _, x: x.sum(1, keepdims=True),
    blocks.Shuffle: _shuffle,
    blocks.Unshuffle: _unshuffle,
    blocks.Double: _resize,
    blocks.Halve: _resize,
    blocks.Resize: _resize,
    blocks.MaxPool: _max_pool,
    blocks.AveragePool: _average_pool,
    blocks.Mean: lambda _block, _, x: x.mean((2, 3), True),
    blocks.Deviation: _deviation,
    blocks.Maximum: _maximum,
}
