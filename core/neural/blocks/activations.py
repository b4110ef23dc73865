"""What changes every number by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import erf, pi, sqrt
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from senga.neural.executor import Array, Executor, as_array

from .block import Block, Shape, Weights, Window

if TYPE_CHECKING:
    from senga.neural.onnx.page import Page


@dataclass(frozen=True)
class LeakyReLU(Block):
    """The larger of ``x`` and ``slope * x``, 0 <= slope < 1."""

    slope: float = 0.2

    pointwise = True
    cheap = True

    def forward(self, values: list[Array], window: Window) -> Array:
        return np.maximum(values[0], values[0] * np.float32(self.slope))

    def write(self, page: Page, name: str, inputs: Sequence[str], weights: Weights) -> str:
        return page.add("LeakyRelu", inputs, name, alpha=self.slope)


@dataclass(frozen=True)
class ReLU(Block):
    """The larger of ``x`` and zero."""

    pointwise = True
    cheap = True

    @property
    def slope(self) -> float:
        """As that of a leaky one."""
        return 0.0

    def forward(self, values: list[Array], window: Window) -> Array:
        return np.maximum(values[0], 0, out=values[0])

    def write(self, page: Page, name: str, inputs: Sequence[str], weights: Weights) -> str:
        return page.add("Relu", inputs, name)


@dataclass(frozen=True)
class PReLU(Block):
    """``x`` above zero, and below it times a slope that was learned for each channel.

    Attributes:
        weight: name of the (channels,) slopes.
    """

    weight: str

    pointwise = True

    def parameters(self, channels: int) -> dict[str, Shape]:
        return {self.weight: (channels,)}

    def prepare(self, weights: Weights, executor: Executor, scale: float) -> Array:
        return as_array(weights[self.weight])

    def forward(self, values: list[Array], window: Window) -> Array:
        slopes: Array = window.part[:, None, None]
        return np.where(values[0] > 0, values[0], values[0] * slopes)

    def write(self, page: Page, name: str, inputs: Sequence[str], weights: Weights) -> str:
        slopes = page.constant(f"{self.weight}.slopes", weights[self.weight][:, None, None])
        return page.add("PRelu", [inputs[0], slopes], name)


@dataclass(frozen=True)
class Tanh(Block):
    """Hyperbolic tangent."""

    pointwise = True

    def forward(self, values: list[Array], window: Window) -> Array:
        return np.tanh(values[0], out=values[0])

    def write(self, page: Page, name: str, inputs: Sequence[str], weights: Weights) -> str:
        return page.add("Tanh", inputs, name)


@dataclass(frozen=True)
class Sigmoid(Block):
    """``1 / (1 + exp(-x))``."""

    pointwise = True

    def forward(self, values: list[Array], window: Window) -> Array:
        return sigmoid(values[0])

    def write(self, page: Page, name: str, inputs: Sequence[str], weights: Weights) -> str:
        return page.add("Sigmoid", inputs, name)


@dataclass(frozen=True)
class Swish(Block):
    """``x * sigmoid(x)``, also called SiLU."""

    pointwise = True

    def forward(self, values: list[Array], window: Window) -> Array:
        return values[0] * sigmoid(values[0].copy())

    def write(self, page: Page, name: str, inputs: Sequence[str], weights: Weights) -> str:
        return page.add("Mul", [inputs[0], page.add("Sigmoid", inputs, f"{name}.share")], name)


@dataclass(frozen=True)
class GELU(Block):
    """``x`` times the share of a normal distribution below ``x``.

    Attributes:
        tanh: take the usual approximation with a hyperbolic tangent.
    """

    tanh: bool = False

    pointwise = True

    def forward(self, values: list[Array], window: Window) -> Array:
        x = values[0]
        inner = (
            np.tanh(np.float32(_INNER) * (x + np.float32(_CUBIC) * x**3)) if self.tanh else _erf(x / np.float32(_ROOT))
        )
        inner += 1
        inner *= x
        inner *= np.float32(0.5)
        return inner

    def write(self, page: Page, name: str, inputs: Sequence[str], weights: Weights) -> str:
        x = inputs[0]
        if self.tanh:
            squared = page.add("Mul", [x, x], f"{name}.squared")
            cubic = page.add("Mul", [squared, *page.floats([_CUBIC])], f"{name}.cubic")
            near = page.add("Mul", [x, page.add("Add", [cubic, *page.floats([1.0])], f"{name}.one")], f"{name}.near")
            inner = page.add("Tanh", [page.add("Mul", [near, *page.floats([_INNER])], f"{name}.inner")], f"{name}.tanh")
        else:
            inner = page.add("Erf", [page.add("Div", [x, *page.floats([_ROOT])], f"{name}.inner")], f"{name}.erf")
        share = page.add("Add", [inner, *page.floats([1.0])], f"{name}.share")
        halves = page.add("Mul", [share, *page.floats([0.5])], f"{name}.half")
        return page.add("Mul", [x, halves], name)


_ROOT = sqrt(2)
_INNER = sqrt(2 / pi)
_CUBIC = 0.044715


def sigmoid(x: Array) -> Array:
    """Of an array, in place; large numbers do not overflow."""
    np.multiply(x, np.float32(0.5), out=x)
    np.tanh(x, out=x)
    x += 1
    x *= np.float32(0.5)
    return x


_LIMIT, _STEPS = 4.0, 4096


@cache
def _table() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The error function and its slope at every step up to the limit."""
    places = _LIMIT * np.arange(_STEPS + 2) / _STEPS
    return np.array([erf(place) for place in places]), 2 / sqrt(pi) * np.exp(-np.square(places))


def _erf(x: Array) -> Array:
    """The error function, from a table and two terms of its series: 1e-9 exact before rounding."""
    size = np.minimum(np.abs(x), np.float32(_LIMIT)).astype(np.float64)
    near = np.rint(size * (_STEPS / _LIMIT)).astype(np.intp)
    place = near * (_LIMIT / _STEPS)
    step = size - place
    values, slopes = _table()
    found = values[near] + slopes[near] * step * (1 - place * step)
    return np.copysign(found, x).astype(np.float32)
