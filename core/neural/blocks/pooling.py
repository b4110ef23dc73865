"""The largest, or the mean, of neighbouring pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from senga.neural.executor import Array

from .block import Block, Padding, Place, Size, Span, Weights, Window

if TYPE_CHECKING:
    from senga.neural.onnx.page import Page


NOTHING = Padding(mode="zero")


@dataclass(frozen=True)
class _Pool(Block):
    """Windows of ``kernel`` pixels, ``stride`` pixels apart.

    Attributes:
        padding: margins; what lies outside of the picture is no candidate.
        ceil: the last window may be incomplete, as long as it begins inside of the picture or in front of it.
    """

    kernel: int
    stride: int
    padding: Padding = NOTHING
    ceil: bool = False

    def size(self, given: Sequence[Size]) -> Size:
        top, left, bottom, right = self.padding.sides
        return self._length(given[0][0], top, bottom), self._length(given[0][1], left, right)

    def _length(self, length: int, before: int, behind: int) -> int:
        span = length + before + behind - self.kernel
        if not self.ceil:
            return span // self.stride + 1
        count = -(-span // self.stride) + 1
        return count - ((count - 1) * self.stride >= length + before)

    def reads(self, start: int, stop: int, place: Place) -> tuple[Span, ...]:
        low, high = self._window(start, stop)
        height = place.given[0][0]
        return ((min(max(low, 0), height - 1), max(min(high, height), 1)),)

    def _window(self, start: int, stop: int) -> Span:
        return start * self.stride - self.padding.top, (stop - 1) * self.stride + self.kernel - self.padding.top

    def _windows(self, x: Array, window: Window, outside: float) -> list[Array]:
        """For each pixel of the kernel, what all windows have there, (C, rows, columns) each."""
        (low, high), place = self._window(*window.rows), window.place
        columns = (place.made[1] - 1) * self.stride + self.kernel
        rows = window.spans[0]
        whole = np.full((len(x), high - low, max(columns, self.padding.left + x.shape[2])), outside, np.float32)
        whole[:, rows[0] - low : rows[1] - low, self.padding.left : self.padding.left + x.shape[2]] = x
        steps = range(self.kernel)
        made = (window.rows[1] - window.rows[0] - 1) * self.stride + 1, (place.made[1] - 1) * self.stride + 1
        return [
            whole[:, i : i + made[0] : self.stride, j : j + made[1] : self.stride] for i, j in product(steps, repeat=2)
        ]

    def facts(self) -> dict[str, Sequence[int] | int]:
        """As ONNX names them."""
        sides = {"kernel_shape": [self.kernel] * 2, "strides": [self.stride] * 2, "pads": self.padding.sides}
        return {**sides, "ceil_mode": int(self.ceil)}


@dataclass(frozen=True)
class MaxPool(_Pool):
    """The largest number of each window."""

    def forward(self, values: list[Array], window: Window) -> Array:
        first, *others = self._windows(values[0], window, -np.inf)
        out = first.copy()
        for other in others:
            np.maximum(out, other, out=out)
        return out

    def write(self, page: Page, name: str, inputs: Sequence[str], weights: Weights) -> str:
        return page.add("MaxPool", inputs, name, **self.facts())


@dataclass(frozen=True)
class AveragePool(_Pool):
    """The mean of each window.

    Attributes:
        counts_margins: zeros in the margins count.
    """

    counts_margins: bool = False

    def forward(self, values: list[Array], window: Window) -> Array:
        first, *others = self._windows(values[0], window, 0.0)
        out = first.copy()
        for other in others:
            out += other
        (height, width), columns = window.place.given[0], window.place.made[1]
        top, left, bottom, right = self.padding.sides
        down = self._counts(height, window.rows, top, bottom)
        counts = down[:, None] * self._counts(width, (0, columns), left, right)
        out /= counts.astype(np.float32)
        return out

    def _counts(self, length: int, span: Span, before: int, behind: int) -> Array:
        """How many pixels of one direction count in each window."""
        starts = np.arange(*span) * self.stride - before
        low, high = (-before, length + behind) if self.counts_margins else (0, length)
        counts: Array = np.minimum(starts + self.kernel, high) - np.maximum(starts, low)
        return counts

    def write(self, page: Page, name: str, inputs: Sequence[str], weights: Weights) -> str:
        return page.add("AveragePool", inputs, name, count_include_pad=int(self.counts_margins), **self.facts())
