"""Convolutions with fewer multiplications: four rows of the result at once, from rows that are mixed before and after.

Four results of a filter with ``taps`` taps need ``taps + 3`` products instead of ``4 * taps``: filter and rows are
read as polynomials and multiplied at as many points. Here that is done in the vertical direction alone: whole rows are
mixed, which is cheap, and the products are convolutions with kernels of one row.

References:
    S. Winograd: Arithmetic Complexity of Computations. SIAM 1980, doi:10.1137/1.9781611970364.
    A. Lavin, S. Gray: Fast Algorithms for Convolutional Neural Networks. CVPR 2016, doi:10.1109/CVPR.2016.435.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from senga.neural.executor import Array

from .page import Page

ROWS = 4
"""Rows of the result that are computed together."""
_POINTS = (0, 1, -1, 2, -2, 0.5, -0.5, 4, -4)
"""Small numbers, so that little is lost to rounding; the last point is infinity."""
CHANNELS = 16
"""The runtime is fast where channels come in blocks of so many."""

Matrix = NDArray[np.float64]


def worthwhile(kernel: Array, stride: int, groups: int) -> bool:
    """Whether a convolution is faster this way."""
    outputs, inputs, height, _ = kernel.shape
    return stride == groups == 1 and 1 < height <= 7 and outputs % CHANNELS == inputs % CHANNELS == 0


def matrices(taps: int) -> tuple[Matrix, Matrix, Matrix]:
    """What mixes the rows of the input, the taps of the kernel, and the rows of the products.

    For a column ``x`` of ``taps + 3`` rows and a kernel ``k`` the four results are
    ``after @ ((during @ k) * (before @ x))``.
    """
    size = taps + ROWS - 1
    points = np.array(_POINTS[: size - 1])
    before, during, after = np.zeros((size, size)), np.zeros((size, taps)), np.zeros((ROWS, size))
    for i, point in enumerate(points):
        others = np.delete(points, i)
        before[i, :-1] = np.poly(others)[::-1]
        during[i] = point ** np.arange(taps) / np.prod(point - others)
        after[:, i] = point ** np.arange(ROWS)
    before[-1], during[-1, -1], after[-1, -1] = np.poly(points)[::-1], 1, 1
    scale = 2.0 ** np.round(np.log2(abs(before).max(axis=1, keepdims=True)))
    return before / scale, during * scale, after


def write_mixed(page: Page, x: str, channels: int, taps: int, first: int) -> list[str]:
    """Mix the rows of ``x`` from row ``first`` on; gives a layer with a quarter of the rows for each product."""
    before = np.pad(matrices(taps)[0], ((0, 0), (first, 0)))
    names = []
    for i, weights in enumerate(before):
        kernel = np.broadcast_to(weights[:, None], (channels, 1, len(weights), 1))
        name = page.constant(f"{x}.{taps}.mix{i}", kernel)
        sides = {"kernel_shape": [len(weights), 1], "strides": [ROWS, 1]}
        names.append(page.add("Conv", [x, name], f"{x}.{taps}.mixed{i}", group=channels, **sides))
    return names


def write_products(page: Page, mixed: list[str], kernel: Array, bias: Array | None, name: str) -> str:
    """Convolve mixed rows; gives (1, outputs, rows / 4, 4, width)."""
    taps, width = kernel.shape[2:]
    _, during, after = matrices(taps)
    rows = np.einsum("pt,oitx->poix", during, kernel)[:, :, :, None]
    products = [
        page.add("Conv", [x, page.constant(f"{name}.kernel{i}", row)], f"{name}.product{i}", kernel_shape=[1, width])
        for i, (x, row) in enumerate(zip(mixed, rows, strict=True))
    ]
    beside = page.add("Concat", products, f"{name}.beside", axis=3)
    stacked = page.add("Reshape", [beside, *page.integers([0, 0, 0, len(after[0]), -1])], f"{name}.stacked")
    result = page.add("MatMul", [page.constant(f"{name}.after", after), stacked], f"{name}.rows")
    if bias is None:
        return result
    return page.add("Add", [result, page.constant(f"{name}.bias", bias[:, None, None, None])], f"{name}.offset")
