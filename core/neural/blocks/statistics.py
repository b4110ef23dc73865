"""What is said of a whole picture with one number for each channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from senga.neural.executor import Array
from senga.neural.moments import Moments

from .block import Block, Size, Weights, Window

if TYPE_CHECKING:
    from senga.neural.onnx.page import Page


@dataclass(frozen=True)
class _Statistic(Block):
    """A vector: one number for each channel."""

    def size(self, given: Sequence[Size]) -> Size:
        return 1, 1

    def is_vector(self, inputs: Sequence[bool]) -> bool:
        return True

    def forward(self, values: list[Array], window: Window) -> Array:
        return self.from_moments(Moments.of(values[0], maximum=True))[:, None, None]


@dataclass(frozen=True)
class Mean(_Statistic):
    """The mean of each channel (global average pooling)."""

    whole = "moments"

    def from_moments(self, moments: Moments) -> Array:
        return moments.mean.astype(np.float32)

    def write(self, page: Page, name: str, inputs: Sequence[str], weights: Weights) -> str:
        return page.mean(name, inputs[0], False)


@dataclass(frozen=True)
class Deviation(_Statistic):
    """The deviation of each channel.

    Attributes:
        eps: added to the variance.
        unbiased: the variance is the sum of squares over the count less one.
    """

    eps: float = 1e-5
    unbiased: bool = False

    whole = "moments"

    def from_moments(self, moments: Moments) -> Array:
        count = max(moments.count - 1, 1) if self.unbiased else moments.count
        deviation: Array = np.sqrt(moments.squares / count + self.eps).astype(np.float32)
        return deviation

    def write(self, page: Page, name: str, inputs: Sequence[str], weights: Weights) -> str:
        centred = page.add("Sub", [inputs[0], page.mean(f"{name}.mean", inputs[0], False)], f"{name}.centred")
        variance = page.variance(name, centred, False, self.unbiased)
        return page.add("Sqrt", [page.add("Add", [variance, *page.floats([self.eps])], f"{name}.above")], name)


@dataclass(frozen=True)
class Maximum(_Statistic):
    """The largest number of each channel (global maximum pooling)."""

    whole = "maximum"

    def from_moments(self, moments: Moments) -> Array:
        assert moments.maximum is not None  # noqa: S101 - it asks for it
        return moments.maximum

    def write(self, page: Page, name: str, inputs: Sequence[str], weights: Weights) -> str:
        return page.add("ReduceMax", inputs, name, axes=[2, 3])
