"""Convolutions in MindSpore, kernel by kernel (PyNative): no graph to compile when a picture has another size."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from . import device
from .executor import Activation, Array, Convolution, Half, activated, as_array, halved
from .fold import folded
from .memory import MB
from .winograd import ROWS, TAPS, matrices

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
        self._threads = threads or os.cpu_count() or 1
        self._pool = ThreadPoolExecutor(self._threads, "senga-rows")

    def convolution(
        self, kernel: Array, bias: Array | None, stride: int, groups: int, dilation: int = 1
    ) -> Convolution:
        """Prepare one convolution, in the form that is fastest on the device."""
        _, inputs, height, _ = kernel.shape
        if self.device == "cpu" and groups == stride == dilation == 1 and 1 < height <= TAPS and inputs >= 8:
            return _guarded(self._by_rows(kernel, bias))
        if self.device == "cpu" and inputs == stride == dilation == 1 and groups == len(kernel):
            return _guarded(self._by_channels(kernel, bias))
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

    def _by_rows(self, kernel: Array, bias: Array | None) -> _Run:
        """Four rows of the result at once, each of their products a product of matrices; see ``senga.neural.winograd``.

        The columns of the kernel are so many outputs, whose results are shifted and added. MindSpore's convolutions
        unfold the picture in memory, which is ``width`` times as much.
        """
        outputs, inputs, taps, width = kernel.shape
        before, during, after = (matrix.astype(np.float32) for matrix in matrices(taps))
        tensor, product = self._mindspore.Tensor, self._mindspore.ops.MatMul()
        rows = np.einsum("pt,oitx->poxi", during, kernel).reshape(len(during), outputs * width, inputs)
        weights = [tensor(as_array(row)) for row in rows]
        offsets = np.zeros(outputs, np.float32) if bias is None else as_array(bias)

        def run(x: Array) -> Array:
            height, target = x.shape[1] - taps + 1, x.shape[2] - width + 1
            mixed = _mixed(x, before, self._each)
            groups = mixed.shape[2]
            sums = np.empty((len(before), outputs, groups, target), np.float32)
            for rows, weight, out in zip(mixed, weights, sums, strict=True):
                y = _numpy(product(weight, tensor.from_numpy(rows.reshape(inputs, -1))))
                parts = y.reshape(outputs, width, groups, -1)
                self._each(partial(_shifted_sum, parts, out), outputs)
            result = np.empty((outputs, groups, ROWS, target), np.float32)
            self._each(partial(_four_rows, sums, after, offsets, result), outputs)
            return result.reshape(outputs, -1, target)[:, :height]

        return run

    def _by_channels(self, kernel: Array, bias: Array | None) -> _Run:
        """Each channel by itself: so many rows at once are a product with a matrix that holds the kernel once for each.

        Most of that matrix is zeros, and still it takes half of the time of MindSpore's kernel.
        """
        channels, _, taps, width = kernel.shape
        bands = _bands(kernel[:, 0])
        offsets = np.zeros(channels, np.float32) if bias is None else as_array(bias)

        def run(x: Array) -> Array:
            height, target = x.shape[1] - taps + 1, x.shape[2] - width + 1
            blocks = _blocks(x, ROWS + taps - 1)
            result = np.empty((channels, blocks.shape[1], ROWS, target), np.float32)
            self._each(partial(_banded, blocks, bands, offsets, result), channels)
            return result.reshape(channels, -1, target)[:, :height]

        return run

    def _each(self, work: Callable[[slice], None], count: int) -> None:
        """Do a piece of work for all channels, a share of them in each thread."""
        edges = np.linspace(0, count, self._threads + 1).astype(int)
        list(self._pool.map(work, map(slice, edges[:-1], edges[1:])))


def _mixed(x: Array, before: Array, each: Callable[[Callable[[slice], None], int], None]) -> Array:
    """Rows for each product, (products, channels, groups, W): so many neighbours of every fourth row, mixed."""
    blocks = _blocks(x, len(before))
    channels, groups, _, width = blocks.shape
    out = np.empty((len(before), channels, groups, width), np.float32)

    def mix(share: slice) -> None:
        np.matmul(before, blocks[share], out=out[:, share].transpose(1, 2, 0, 3))

    each(mix, channels)
    return out


def _blocks(x: Array, reads: int) -> Array:
    """Rows that four rows of a result read together, (channels, blocks, reads, W); zeros below the last."""
    channels, height, width = x.shape
    count = -(-(height - reads + ROWS) // ROWS)
    missing = (count - 1) * ROWS + reads - height
    if missing > 0:
        x = np.concatenate([x, np.zeros((channels, missing, width), np.float32)], axis=1)
    return sliding_window_view(x, reads, axis=1)[:, ::ROWS].swapaxes(2, 3)[:, :count]


def _bands(kernels: Array) -> Array:
    """Matrices that convolve so many rows at once, (channels, columns of the kernel x ROWS, ROWS + taps - 1)."""
    channels, taps, width = kernels.shape
    bands = np.zeros((channels, width, ROWS, ROWS + taps - 1), np.float32)
    for row in range(ROWS):
        bands[:, :, row, row : row + taps] = kernels.swapaxes(1, 2)
    return bands.reshape(channels, width * ROWS, -1)


def _banded(blocks: Array, bands: Array, offsets: Array, out: Array, share: slice) -> None:
    """Convolve each channel: the products for the columns of the kernel are shifted and added."""
    for rows, band, offset, result in zip(blocks[share], bands[share], offsets[share], out[share], strict=True):
        parts = np.matmul(band, rows).reshape(len(rows), -1, ROWS, rows.shape[-1])
        _add_shifted(parts.swapaxes(0, 1), result)
        result += offset


def _shifted_sum(parts: Array, out: Array, share: slice) -> None:
    """Add the neighbouring results of each channel."""
    for values, result in zip(parts[share], out[share], strict=True):
        _add_shifted(values, result)


def _add_shifted(parts: Array, out: Array) -> None:
    """Add results, (columns of a kernel, …, W), each one pixel further to the left than the one before."""
    target = out.shape[-1]
    shifted = [values[..., j : j + target] for j, values in enumerate(parts)]
    if len(shifted) == 1:
        out[...] = shifted[0]
        return
    np.add(shifted[0], shifted[1], out=out)
    for values in shifted[2:]:
        out += values


def _four_rows(sums: Array, after: Array, offsets: Array, out: Array, share: slice) -> None:
    """Four rows of each channel from its products, (products, outputs, groups, W)."""
    np.matmul(after, sums[:, share].transpose(1, 2, 0, 3), out=out[share])
    out[share] += offsets[share, None, None, None]


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
