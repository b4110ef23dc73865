"""The same networks in MindSpore's own operations: for accelerators, for gradients of gradients, and as a comparison."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from senga.neural.blocks import Add, Block, Conv, Double, Halve, Input, LeakyReLU, Norm, Padding, Tanh
from senga.neural.device import start
from senga.neural.graph import Network

from .arithmetic import mirrors, resize_matrix


def run(network: Network, x: Any, weights: Mapping[str, Any]) -> Any:
    """The result of a network for pictures (N, C, H, W); every operation has gradients of every order."""
    values: dict[str, Any] = {}
    for node in network.nodes:
        values[node.name] = (
            x if isinstance(node.block, Input) else _apply(node.block, [values[i] for i in node.inputs], weights)
        )
    return values[network.nodes[-1].name]


def _apply(block: Block, inputs: list[Any], weights: Mapping[str, Any]) -> Any:
    ops = start()[0].ops
    x = inputs[0]
    match block:
        case Conv():
            conv = ops.Conv2D(block.outputs, block.kernel, pad_mode="valid", stride=block.stride, group=block.groups)
            y = conv(pad(x, block.padding), weights[block.weight])
            return y + weights[block.bias].reshape(1, -1, 1, 1) if block.bias else y  # one for each channel
        case Norm():
            axes = (1, 2, 3) if block.over == "picture" else (2, 3)
            centred = x - x.mean(axes, True)
            normal = centred / ops.sqrt(ops.square(centred).mean(axes, True) + block.eps)
            return normal * weights[block.gamma].reshape(1, -1, 1, 1) + weights[block.beta].reshape(
                1, -1, 1, 1
            )  # channels
        case LeakyReLU(slope=slope):
            return ops.maximum(x, slope * x)
        case Add():
            return x + inputs[1]
        case Tanh():
            return ops.tanh(x)
        case Double() | Halve():
            return _resize(x, block)
    raise TypeError(f"no arithmetic for {block}")


def pad(x: Any, padding: Padding) -> Any:
    """Margins by slices that are put together: MindSpore's own padding has no second gradient."""
    for axis in (2, 3):
        x = _pad_axis(x, padding, axis)
    return x


def _pad_axis(x: Any, padding: Padding, axis: int) -> Any:
    ops = start()[0].ops
    before, after = (padding.top, padding.bottom) if axis == 2 else (padding.left, padding.right)
    if not before + after:
        return x
    if padding.mode == "zero":
        shapes = [tuple(n if i == axis else size for i, size in enumerate(x.shape)) for n in (before, after)]
        first, last = (ops.zeros(shape, x.dtype) if shape[axis] else None for shape in shapes)
        return ops.cat([part for part in (first, x, last) if part is not None], axis)
    size = x.shape[axis] + before + after
    source = dict(mirrors(padding, axis, size))
    lines = [source.get(i, i) - before for i in range(size)]
    return ops.cat(
        [_line(x, axis, i) for i in lines[:before]] + [x] + [_line(x, axis, i) for i in lines[size - after :]], axis
    )


def _line(x: Any, axis: int, i: int) -> Any:
    return x[:, :, i : i + 1] if axis == 2 else x[:, :, :, i : i + 1]


def _resize(x: Any, block: Double | Halve) -> Any:
    module, _ = start()
    rows, columns = (2 * n if isinstance(block, Double) else n // 2 for n in x.shape[2:])
    left = module.Tensor(resize_matrix(block.sampling, x.shape[2], rows))
    right = module.Tensor(resize_matrix(block.sampling, x.shape[3], columns).T)
    return module.ops.matmul(left, module.ops.matmul(x, right))
