"""Sums and products of nodes, and a scale and shift with fixed numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from senga.neural.executor import Array
from senga.neural.moments import Moments

from .block import Block, Place, Rows, Size, Weights, Window

if TYPE_CHECKING:
    from senga.neural.onnx.page import Page


@dataclass(frozen=True)
class _Pair(Block):
    """Of two pictures of one shape, or of a picture and a vector with one number for each channel.

    Attributes:
        operation: in numpy.
        onnx: its name there.
    """

    operation: ClassVar[np.ufunc]
    onnx: ClassVar[str]
    cheap = True

    def channels(self, inputs: Sequence[int]) -> int:
        if len(inputs) != 2 or inputs[0] != inputs[1]:
            raise ValueError(f"a sum or product takes two inputs with as many channels, not {inputs}")
        return inputs[0]

    def size(self, given: Sequence[Size]) -> Size:
        if given[0] != given[1] and (1, 1) not in given:
            raise ValueError(f"a sum or product of pictures with {given[0]} and {given[1]} pixels")
        return given[1] if given[0] == (1, 1) else given[0]

    def working(self, place: Place, columns: int | None) -> int:
        return 12 * place.numbers

    def forward(self, values: list[Array], window: Window) -> Array:
        large, other = values if values[0].shape == window_shape(window) else values[::-1]
        result: Array = self.operation(large, other, out=large)
        return result

    def write(self, page: Page, name: str, inputs: Sequence[str], weights: Weights) -> str:
        return page.add(self.onnx, inputs, name)


@dataclass(frozen=True)
class Add(_Pair):
    """The sum."""

    operation, onnx = np.add, "Add"

    def fill(self, strip: Rows, place: Place, start: int, stop: int, out: Array) -> None:
        if place.given[0] != place.made or place.made == (1, 1):
            out[...] = self.compute(strip, place, start, stop)
            return
        strip.write(place.inputs[0], start, stop, out)
        out += strip.rows(place.inputs[1], start, stop)


@dataclass(frozen=True)
class Product(_Pair):
    """The product."""

    operation, onnx = np.multiply, "Mul"


@dataclass(frozen=True)
class Affine(Block):
    """A scale and a shift for each channel, or one for all, that do not learn.

    Attributes:
        scale: one number, or one for each channel.
        shift: the same.
    """

    scale: tuple[float, ...] = (1.0,)
    shift: tuple[float, ...] = (0.0,)

    pointwise = True
    cheap = True
    scales = True

    def channels(self, inputs: Sequence[int]) -> int:
        if not {len(self.scale), len(self.shift)} <= {1, inputs[0]}:
            raise ValueError(f"a scale and shift of {len(self.scale)} and {len(self.shift)} for {inputs[0]} channels")
        return inputs[0]

    def affine(self, part: object, moments: Moments | None, vectors: Sequence[Array]) -> tuple[Array, Array]:
        count = max(len(self.scale), len(self.shift))
        scale, shift = (np.array(each, np.float32) for each in (self.scale, self.shift))
        return np.resize(scale, count), np.resize(shift, count)

    def forward(self, values: list[Array], window: Window) -> Array:
        scale, shift = self.affine(None, None, ())
        scaled: Array = values[0] * scale[:, None, None] + shift[:, None, None]
        return scaled

    def write(self, page: Page, name: str, inputs: Sequence[str], weights: Weights) -> str:
        scale, shift = (each[:, None, None] for each in self.affine(None, None, ()))
        scaled = page.add("Mul", [inputs[0], page.constant(f"{name}.scale", scale)], f"{name}.scaled")
        return page.add("Add", [scaled, page.constant(f"{name}.shift", shift)], name)


def window_shape(window: Window) -> tuple[int, int, int]:
    """Shape of what a window is filled with."""
    return window.place.channels, window.rows[1] - window.rows[0], window.place.made[1]
