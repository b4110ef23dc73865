"""Convolutions in MindSpore, kernel by kernel (PyNative): no graph to compile when a picture has another size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import device
from .executor import Array, Convolution, as_array


class MindSporeExecutor:
    """Runs on MindSpore; see ``senga.neural.executor``."""

    def __init__(self, device_name: str = "auto", threads: int | None = None) -> None:
        self._mindspore, self.device = device.start(device_name, threads)

    def convolution(self, kernel: Array, bias: Array | None, stride: int, groups: int) -> Convolution:
        """Prepare one convolution; large dense kernels take the column form (see ``_by_columns``)."""
        outputs, inputs, height, width = kernel.shape
        if self.device == "cpu" and groups == 1 and stride == 1 and width >= 5 and inputs >= 8:
            return self._by_columns(kernel, bias)
        ops, tensor = self._mindspore.ops, self._mindspore.Tensor
        conv = ops.Conv2D(outputs, (height, width), pad_mode="valid", stride=stride, group=groups)
        weight = tensor(as_array(kernel))
        offsets = None if bias is None else tensor(as_array(bias))

        def run(x: Array) -> Array:
            y = conv(tensor.from_numpy(x[None]), weight)
            return _numpy(y if offsets is None else ops.bias_add(y, offsets))

        return _guarded(run)

    def _by_columns(self, kernel: Array, bias: Array | None) -> Convolution:
        """One convolution with a single column for all columns of the kernel, whose results are then shifted and added.

        MindSpore's convolutions unfold the picture in memory; with a single column that is ``width`` times less, and
        the whole takes two thirds of the time.
        """
        outputs, inputs, height, width = kernel.shape
        stacked = kernel.transpose(0, 3, 1, 2).reshape(outputs * width, inputs, height, 1)
        columns = self.convolution(stacked, None, 1, 1)

        def run(x: Array) -> Array:
            parts = columns(x)
            target = parts.shape[2] - width + 1
            out = np.empty((outputs, parts.shape[1], target), np.float32)
            for i, channel in enumerate(out):
                np.add(parts[i * width, :, :target], 0 if bias is None else bias[i], out=channel)
                for j in range(1, width):
                    channel += parts[i * width + j, :, j : j + target]
            return out

        return run


def _numpy(tensor: Any) -> Array:
    array: Array = tensor.asnumpy()[0]
    return array


def _guarded(run: Callable[[Array], Array]) -> Convolution:
    """Turn MindSpore's ways of running out of memory into MemoryError."""

    def guarded(x: Array) -> Array:
        try:
            return run(x)
        except RuntimeError as error:
            text = str(error).lower()
            if "memory" in text or "bad_alloc" in text:
                raise MemoryError(str(error)) from error
            raise

    return guarded
