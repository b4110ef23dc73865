"""What stands between convolutions, with its gradients: margins, norms with their activation, doubling.

Plain numpy on pieces that fit into the cache, on several threads: MindSpore's own operations take longer than the
convolutions do. Every piece is computed by itself and sums run in a fixed order, so the number of threads changes
nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from senga.neural.blocks import AveragePool, Double, Halve, MaxPool, Padding, Resize, Sampling, Size
from senga.neural.blocks.block import outside
from senga.neural.executor import Array
from senga.neural.resample import nearest, taps

_PIECE = 1 << 16
"""Elements of a piece: a quarter of a megabyte."""


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(min(8, os.cpu_count() or 1), "senga-training", partial(np.seterr, all="ignore"))


def each(work: Callable[..., Any], jobs: Iterable[Any]) -> list[Any]:
    """The results of ``work`` for all jobs, in their order."""
    return list(_pool().map(work, jobs))


def pieces(x: Array) -> list[slice]:
    """Ranges of channels of (N, C, H, W) of which one picture's part fits into the cache."""
    step = max(1, _PIECE // (x.shape[2] * x.shape[3]))
    return [slice(start, start + step) for start in range(0, x.shape[1], step)]


def with_margin(x: Array, padding: Padding) -> tuple[Array, Array]:
    """An array with room for the margins around ``x``'s shape, and the view of its middle; both unwritten."""
    count, channels, rows, columns = x.shape
    base = np.empty(
        (count, channels, rows + padding.top + padding.bottom, columns + padding.left + padding.right), np.float32
    )
    return base, middle(base, padding)


def middle(base: Array, padding: Padding) -> Array:
    """The view without the margins."""
    rows, columns = base.shape[2] - padding.bottom, base.shape[3] - padding.right
    return base[:, :, padding.top : rows, padding.left : columns]


def size_of(x: Array) -> Size:
    """Height and width of (N, C, H, W)."""
    return x.shape[2], x.shape[3]


def mirrors(padding: Padding, axis: int, size: int) -> list[tuple[int, int]]:
    """Along an axis of a padded array of ``size`` lines: (line of the margin, line of the middle that it repeats).

    A margin that is wider than the middle is reflected again and again, as by ``numpy.pad``.
    """
    before, after = (padding.top, padding.bottom) if axis == 2 else (padding.left, padding.right)
    count = size - before - after
    index = np.concatenate([np.arange(-1, -before - 1, -1), np.arange(count, count + after)])
    source = outside(index, count, padding.mode)
    return [(before + int(margin), before + int(line)) for margin, line in zip(index, source, strict=True)]


def fill_margin(base: Array, padding: Padding) -> None:
    """Write the margins from the middle."""
    if padding.mode == "zero":
        rows, columns = base.shape[2] - padding.bottom, base.shape[3] - padding.right
        for empty in (base[:, :, : padding.top], base[:, :, rows:], base[..., : padding.left], base[..., columns:]):
            empty[...] = 0
        return
    for margin, line in mirrors(padding, 3, base.shape[3]):
        base[:, :, padding.top : base.shape[2] - padding.bottom, margin] = base[
            :, :, padding.top : base.shape[2] - padding.bottom, line
        ]
    for margin, line in mirrors(padding, 2, base.shape[2]):
        base[:, :, margin] = base[:, :, line]


def fold_margin(g: Array, padding: Padding) -> Array:
    """The gradient of the middle from that of the padded array, which is overwritten; a view."""
    if padding.mode != "zero":
        for margin, line in mirrors(padding, 2, g.shape[2]):
            g[:, :, line] += g[:, :, margin]
        for margin, line in mirrors(padding, 3, g.shape[3]):
            g[..., line] += g[..., margin]
    return middle(g, padding)


def normalise(x: Array, over: str, eps: float) -> Array:
    """Subtract the mean and divide by the deviation, in place, in two passes.

    Returns:
        The deviations, (N, 1) for ``picture`` and (N, C) for ``channel``.
    """

    def one(i: int) -> Array:
        groups = x[i].reshape(1 if over == "picture" else x.shape[1], -1)
        deviations = np.empty(len(groups), np.float32)
        for k, group in enumerate(groups):
            group -= group.mean(dtype=np.float32)
            deviations[k] = np.sqrt(np.dot(group, group) / group.size + eps)
            group *= np.float32(1) / deviations[k]
        return deviations

    return np.stack(each(one, range(len(x))))


def scale_shift(x: Array, gamma: Array, beta: Array, slope: float, out: Array) -> None:
    """``gamma * x + beta`` for each channel, then a leaky ReLU unless ``slope`` is 1."""
    chunks = pieces(x)

    def one(i: int) -> None:
        for chunk in chunks:
            y = x[i, chunk] * gamma[chunk, None, None]
            y += beta[chunk, None, None]
            leak(y, slope, out[i, chunk])

    each(one, range(len(x)))


def shift_leak(x: Array, bias: Array | None, slope: float, out: Array) -> None:
    """Add a number to each channel of ``x``, in place, then a leaky ReLU unless ``slope`` is 1."""
    chunks = pieces(x)

    def one(i: int) -> None:
        for chunk in chunks:
            y = x[i, chunk]
            if bias is not None:
                y += bias[chunk, None, None]
            leak(y, slope, out[i, chunk])

    each(one, range(len(x)))


def leak(x: Array, slope: float, out: Array) -> None:
    """Leaky ReLU of a small array."""
    if slope == 1:
        out[...] = x
    else:
        np.maximum(x, x * np.float32(slope) if slope else 0, out=out)


def unleak(g: Array, positive: Array, slope: float) -> Array:
    """The gradient before a leaky ReLU whose result was ``positive`` where it let everything through."""
    if slope == 1:
        return g * np.float32(1)
    if slope == 0:
        return np.asarray(g * np.greater(positive, 0))
    share = np.greater(positive, 0).astype(np.float32)
    share *= np.float32(1 - slope)
    share += np.float32(slope)
    share *= g
    return share


def norm_gradients(
    g: Array, normal: Array, result: Array, deviations: Array, gamma: Array, over: str, slope: float
) -> tuple[Array, Array, Array]:
    """Gradients behind ``normalise`` and ``scale_shift``.

    Args:
        g: of the result.
        normal: what ``normalise`` left, (N, C, H, W).
        result: what ``scale_shift`` wrote.
        deviations: what ``normalise`` returned.
        gamma: (C,).
        over: ``picture`` or ``channel``.
        slope: of the leaky ReLU.

    Returns:
        Gradients of the input, of gamma and of beta.
    """
    chunks, channels, area = pieces(normal), normal.shape[1], normal.shape[2] * normal.shape[3]
    out = np.empty(normal.shape, np.float32)

    def one(i: int) -> tuple[Array, Array]:
        sums, products = np.empty(channels, np.float32), np.empty(channels, np.float32)
        for chunk in chunks:
            before = unleak(g[i, chunk], result[i, chunk], slope).reshape(-1, area)
            out[i, chunk] = before.reshape(-1, *normal.shape[2:])
            sums[chunk] = before.sum(1)
            products[chunk] = np.einsum("cp,cp->c", before, normal[i, chunk].reshape(-1, area))
        mean, slant = gamma * sums / area, gamma * products / area
        if over == "picture":
            mean, slant = np.full_like(mean, mean.mean()), np.full_like(slant, slant.mean())
        inverse = np.broadcast_to(1 / deviations[i], (channels,))
        for chunk in chunks:
            part = out[i, chunk]
            part *= (gamma * inverse)[chunk, None, None]
            part -= normal[i, chunk] * (slant * inverse)[chunk, None, None]
            part -= (mean * inverse)[chunk, None, None]
        return products, sums

    found = each(one, range(len(normal)))
    return out, np.sum([each_one[0] for each_one in found], 0), np.sum([each_one[1] for each_one in found], 0)


@lru_cache(maxsize=64)
def resize_matrix(kind: str, sampling: Sampling, source: int, target: int) -> Array:
    """A resize along one axis as a matrix, (target, source)."""
    find = taps if kind == "bilinear" else nearest
    before, after, share = find(sampling, source, target, 0, target)
    matrix = np.zeros((target, source), np.float32)
    np.add.at(matrix, (np.arange(target), before), 1 - share)
    np.add.at(matrix, (np.arange(target), after), share)
    return matrix


def resize_matrices(block: Double | Halve | Resize, given: Size) -> tuple[Array, Array]:
    """A resize of pictures with this height and width as matrices for rows and columns."""
    lengths = zip(given, block.size([given]), strict=True)
    rows, columns = (resize_matrix(block.kind, block.sampling, source, target) for source, target in lengths)
    return rows, columns


def pool_sides(block: MaxPool | AveragePool, given: Size) -> tuple[int, int, int, int]:
    """Margins at the top, left, bottom and right with which the last windows are whole; pixels may be left over."""
    top, left, *_ = block.padding.sides
    rows, columns = block.size([given])
    reach = block.kernel - block.stride
    below, right = rows * block.stride + reach - top - given[0], columns * block.stride + reach - left - given[1]
    return top, left, max(below, 0), max(right, 0)


def average_counts(block: AveragePool, given: Size) -> Array:
    """How many pixels count in each mean, (rows, columns)."""
    top, left, bottom, right = block.padding.sides
    rows, columns = block.size([given])
    rows_count = _counts(block, given[0], rows, top, bottom)
    return np.outer(rows_count, _counts(block, given[1], columns, left, right)).astype(np.float32)


def _counts(block: AveragePool, length: int, made: int, before: int, behind: int) -> NDArray[np.intp]:
    starts = np.arange(made) * block.stride - before
    low, high = (-before, length + behind) if block.counts_margins else (0, length)
    return np.asarray(np.minimum(starts + block.kernel, high) - np.maximum(starts, low))


def resize(x: Array, rows: Array, columns: Array, out: Array) -> None:
    """``rows @ x @ columns.T`` for each channel."""
    turned = np.ascontiguousarray(columns.T)

    def one(i: int) -> None:
        for chunk in pieces(out):
            out[i, chunk] = np.matmul(rows, np.matmul(x[i, chunk], turned))

    each(one, range(len(x)))
