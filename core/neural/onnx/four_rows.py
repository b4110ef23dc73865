"""Four rows of a convolution at once in models; see ``senga.neural.winograd``."""

from __future__ import annotations

import numpy as np

from senga.neural.executor import Array
from senga.neural.winograd import ROWS, TAPS, matrices

from .page import Page

CHANNELS = 16
"""The runtime is fast where channels come in blocks of so many."""


def worthwhile(kernel: Array, stride: int, groups: int) -> bool:
    """Whether a convolution is faster this way."""
    outputs, inputs, height, _ = kernel.shape
    return stride == groups == 1 and 1 < height <= TAPS and outputs % CHANNELS == inputs % CHANNELS == 0


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
