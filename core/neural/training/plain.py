"""The same networks in MindSpore's own operations: for accelerators, for second gradients, and as a comparison."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from senga.neural.blocks import Add, Block, Conv, Double, Halve, Input, LeakyReLU, Norm, Padding, Tanh
from senga.neural.graph import Network

from .arithmetic import mirrors, resize_matrix
from .runtime import ms

ops = ms.ops


def run(network: Network, x: Any, weights: Mapping[str, Any]) -> Any:
    """The result of a network for pictures (N, C, H, W); every operation has gradients of every order."""
    values: dict[str, Any] = {}
    for node in network.nodes:
        values[node.name] = (
            x if isinstance(node.block, Input) else _apply(node.block, [values[i] for i in node.inputs], weights)
        )
    return values[network.nodes[-1].name]


def _apply(block: Block, inputs: list[Any], weights: Mapping[str, Any]) -> Any:
    x = inputs[0]
    match block:
        case Conv():
            y = _convolve(x, block, weights[block.weight])
            return y + weights[block.bias].reshape(1, -1, 1, 1) if block.bias else y  # one for each channel
        case Norm():
            axes = (1, 2, 3) if block.over == "picture" else (2, 3)
            centred = x - x.mean(axes, True)
            normal = centred / ops.sqrt(ops.square(centred).mean(axes, True) + block.eps)
            return normal * weights[block.gamma].reshape(1, -1, 1, 1) + weights[block.beta].reshape(
                1, -1, 1, 1
            )  # channels
        case LeakyReLU(slope=slope):
            passed = ops.stop_gradient((x > 0).astype(ms.float32))
            return x * (slope + (1 - slope) * passed)  # the second gradient of MindSpore's maximum is zero
        case Add():
            return x + inputs[1]
        case Tanh():
            return ops.tanh(x)
        case Double() | Halve():
            return _resize(x, block)
    raise TypeError(f"no arithmetic for {block}")


def _convolve(x: Any, block: Conv, kernel: Any) -> Any:
    """Zeros are left to the convolution, because slices and sums together lose second gradients in MindSpore 2.8."""
    sides = block.padding
    zeros = (sides.top, sides.bottom, sides.left, sides.right) if sides.mode == "zero" else (0, 0, 0, 0)
    conv = ops.Conv2D(block.outputs, block.kernel, pad_mode="pad", pad=zeros, stride=block.stride, group=block.groups)
    return conv(x if sides.mode == "zero" else pad(x, sides), kernel)


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


def _resize(x: Any, block: Double | Halve) -> Any:
    rows, columns = (2 * n if isinstance(block, Double) else n // 2 for n in x.shape[2:])
    left = ms.Tensor(resize_matrix(block.sampling, x.shape[2], rows))
    right = ms.Tensor(resize_matrix(block.sampling, x.shape[3], columns).T)
    return ops.matmul(left, ops.matmul(x, right))
