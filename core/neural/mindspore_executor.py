"""Convolutions in MindSpore, kernel by kernel (PyNative): no graph to compile when a picture has another size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import device
from .executor import Activation, Array, Convolution, Half, activated, as_array, halved
from .fold import folded
from .memory import MB

_Run = Callable[[Array], Array]


class MindSporeExecutor:
    """Runs on MindSpore, whose kernels have threads of their own; see ``senga.neural.executor``."""

    strip_bytes = 96 * MB
    held = 4.5
    """The runtime has copies and keeps them."""
    columns: int | None = None
    concurrent = False

    def __init__(self, device_name: str = "auto", threads: int | None = None) -> None:
        self._mindspore, self.device = device.start(device_name, threads)

    def convolution(
        self, kernel: Array, bias: Array | None, stride: int, groups: int, dilation: int = 1
    ) -> Convolution:
        """Prepare one convolution, in the form that is fastest on the device."""
        _, inputs, height, _ = kernel.shape
        if self.device == "cpu" and groups == stride == dilation == 1 and height > 1 and inputs >= 8:
            return _guarded(self._by_columns(kernel, bias))
        return _guarded(self._plain(kernel, bias, stride, groups, dilation))

    def doubling(self, kernel: Array, bias: Array | None) -> Convolution:
        """See ``Executor``."""
        return folded(self, kernel, bias)

    def halved(self, rows: Array, offset: Array) -> Half:
        """See ``Executor``."""
        return halved(rows, offset)

    def widened(self, rows: Half, before: Activation, out: Array) -> None:
        """See ``Executor``."""
        before.apply(rows, out)

    def _plain(self, kernel: Array, bias: Array | None, stride: int = 1, groups: int = 1, dilation: int = 1) -> _Run:
        ops, tensor = self._mindspore.ops, self._mindspore.Tensor
        facts = {"pad_mode": "valid", "stride": stride, "group": groups, "dilation": dilation}
        conv = ops.Conv2D(kernel.shape[0], kernel.shape[2:], **facts)
        weight = tensor(as_array(kernel))
        offsets = None if bias is None else tensor(as_array(bias))

        def run(x: Array) -> Array:
            y = conv(tensor.from_numpy(x[None]), weight)
            result: Array = _numpy(y if offsets is None else ops.bias_add(y, offsets))[0]
            return result

        return run

    def _by_columns(self, kernel: Array, bias: Array | None) -> _Run:
        """One convolution with a single column for all columns of the kernel, whose results are shifted and added.

        MindSpore's convolutions unfold the picture in memory; with a single column that is ``width`` times less, and
        the whole takes two thirds to three quarters of the time.
        """
        outputs, inputs, height, width = kernel.shape
        column = kernel.transpose(0, 3, 1, 2).reshape(outputs * width, inputs, height, 1)
        columns = self._stacked(column) if height <= 3 else self._plain(column, None)

        def run(x: Array) -> Array:
            parts = columns(x)
            return parts if width == 1 and bias is None else _shifted_sum(parts, width, bias)

        return run

    def _stacked(self, kernel: Array) -> _Run:
        """A convolution with a single column as one product of matrices, on shifted copies of the rows."""
        outputs, inputs, height, _ = kernel.shape
        tensor, product = self._mindspore.Tensor, self._mindspore.ops.MatMul()
        weight = tensor(as_array(kernel[..., 0].transpose(0, 2, 1).reshape(outputs, height * inputs)))

        def run(x: Array) -> Array:
            rows, columns = x.shape[1] - height + 1, x.shape[2]
            stack = np.empty((height, inputs, rows, columns), np.float32)
            for i, copy in enumerate(stack):
                copy[...] = x[:, i : i + rows]
            y = product(weight, tensor.from_numpy(stack.reshape(height * inputs, -1)))  # (kernel, pixels)
            return _numpy(y).reshape(outputs, rows, columns)

        return run


def _shifted_sum(parts: Array, width: int, bias: Array | None) -> Array:
    """Add ``width`` neighbouring channels, each one pixel further to the left than the one before."""
    outputs, target = parts.shape[0] // width, parts.shape[2] - width + 1
    out = np.empty((outputs, parts.shape[1], target), np.float32)
    for i, channel in enumerate(out):
        np.add(parts[i * width, :, :target], 0 if bias is None else bias[i], out=channel)
        for j in range(1, width):
            channel += parts[i * width + j, :, j : j + target]
    return out


def _numpy(tensor: Any) -> Array:
    array: Array = tensor.asnumpy()
    return array


def _guarded(run: _Run) -> Convolution:
    """Do first what is to be done first, and turn MindSpore's ways of running out of memory into MemoryError."""

    def guarded(x: Array | Half, before: Activation | None = None) -> Array:
        try:
            return run(activated(x, before))
        except RuntimeError as error:
            text = str(error).lower()
            if "memory" in text or "bad_alloc" in text:
                raise MemoryError(str(error)) from error
            raise

    return guarded
