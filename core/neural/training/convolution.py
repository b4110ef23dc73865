"""One convolution with its two gradients, by MindSpore's kernels; what those do badly on a processor, numpy does."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from senga.neural.blocks import Conv
from senga.neural.executor import Array

from . import arithmetic


class Convolution:
    """Convolution of padded arrays (N, inputs, H, W) with a kernel that changes from step to step.

    Args:
        outputs: channels of the result.
        size: height and width of the kernel.
        stride: in both directions.
        groups: 1, or the number of channels, or one between.
        dilation: in both directions.
    """

    def __init__(self, outputs: int, size: tuple[int, int], stride: int, groups: int, dilation: int = 1) -> None:
        from .runtime import ms  # products of matrices need none

        grads, nets = ms.ops.operations._grad_ops, ms.ops.operations.nn_ops
        facts: dict[str, Any] = {"pad_mode": "valid", "stride": stride, "group": groups, "dilation": dilation}
        self._tensor = ms.Tensor.from_numpy
        self._forward = ms.ops.Conv2D(outputs, size, **facts)
        self._to_input = nets.Conv2DBackpropInput(outputs, size, **facts)
        self._to_kernel = grads.Conv2DBackpropFilter(outputs, size, **facts)
        self._stride, self._groups, self._dilation = stride, groups, dilation

    def forward(self, x: Array, kernel: Array) -> Array:
        """The convolution."""
        return _array(self._forward(self._tensor(x), self._tensor(kernel)))

    def to_input(self, g: Array, kernel: Array, shape: tuple[int, ...]) -> Array:
        """The gradient of the padded input from that of the result."""
        return _array(self._to_input(self._tensor(g), self._tensor(kernel), shape))

    def to_kernel(self, g: Array, x: Array, shape: tuple[int, ...]) -> Array:
        """The gradient of the kernel."""
        if 1 < self._groups == x.shape[1] == g.shape[1]:
            return _depthwise_to_kernel(g, x, shape, self._stride, self._dilation)
        return _array(self._to_kernel(self._tensor(g), self._tensor(x), shape))


@lru_cache(maxsize=256)
def convolution(
    outputs: int, size: tuple[int, int], stride: int = 1, groups: int = 1, dilation: int = 1
) -> Convolution:
    """The convolution of these facts; kernels are made once."""
    return Convolution(outputs, size, stride, groups, dilation)


def for_block(block: Conv) -> Convolution:
    """The convolution of a network's block."""
    return convolution(block.outputs, block.kernel_size, block.stride, block.groups, block.dilation)


_BAND, _LONG = 1 << 16, 512
"""Numbers that a band of rows should have, so that they stay in the cache; and columns that a product should have."""


def convolve_by_product(x: Array, kernel: Array) -> Array:
    """The convolution of padded arrays (N, inputs, H, W) with stride 1, as products of matrices.

    Rows of a band are copied one under the other for each row of the kernel; its columns are the same numbers, begun
    one later, so that nothing more is copied. For networks that do not learn.
    """
    outputs, inputs, height, width = kernel.shape
    rows, columns, wide = x.shape[2] - height + 1, x.shape[3] - width + 1, x.shape[3]
    matrices = [np.ascontiguousarray(kernel[..., j].swapaxes(1, 2).reshape(outputs, -1)) for j in range(width)]
    flat = np.ascontiguousarray(x).reshape(len(x), inputs, -1)
    out = np.empty((len(x), outputs, rows, columns), np.float32)
    step = max(_BAND // (height * inputs * wide), -(-_LONG // wide))

    def band(job: tuple[int, int]) -> None:
        picture, top = job
        some = min(step, rows - top)
        below = _rows_below(flat[picture], top * wide, some * wide + width - 1, wide, height)
        found = matrices[0] @ below[:, : some * wide]
        for j in range(1, width):
            found += matrices[j] @ below[:, j : j + some * wide]
        out[picture, :, top : top + some] = found.reshape(outputs, some, wide)[:, :, :columns]

    arithmetic.each(band, [(picture, top) for picture in range(len(x)) for top in range(0, rows, step)])
    return out


def _rows_below(flat: Array, start: int, length: int, wide: int, height: int) -> Array:
    """(height * inputs, length): of (inputs, pixels) all from ``start`` on, and so for rows farther down."""
    below = np.zeros((height, len(flat), length), np.float32)
    for i in range(height):
        part = flat[:, start + i * wide : start + i * wide + length]
        below[i, :, : part.shape[1]] = part
    return below.reshape(-1, length)


def slope_by_product(g: Array, kernel: Array) -> Array:
    """The gradient of the padded input of ``convolve_by_product`` from that of its result."""
    height, width = kernel.shape[2:]
    padded = np.pad(g, ((0, 0), (0, 0), (height - 1, height - 1), (width - 1, width - 1)))
    return convolve_by_product(padded, kernel.transpose(1, 0, 2, 3)[:, :, ::-1, ::-1])


def _depthwise_to_kernel(g: Array, x: Array, shape: tuple[int, ...], stride: int, dilation: int) -> Array:
    """MindSpore's kernel takes a hundred times longer than this sum for each tap."""
    rows, columns = g.shape[2:]
    out = np.empty(shape, np.float32)
    for i in range(shape[2]):
        for j in range(shape[3]):
            top, left = i * dilation, j * dilation
            seen = x[:, :, top : top + rows * stride : stride, left : left + columns * stride : stride]
            out[:, 0, i, j] = np.einsum("nchw,nchw->c", g, seen[:, :, :rows, :columns])
    return out


def _array(tensor: Any) -> Array:
    array: Array = tensor.asnumpy()
    return array
