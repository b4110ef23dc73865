"""Transposed convolution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from senga.neural.executor import Array, Convolution, Executor, as_array

from .block import Block, Padding, Place, Rows, Shape, Size, Span, Weights, padded_span

if TYPE_CHECKING:
    from senga.neural.onnx.page import Page


@dataclass(frozen=True)
class TransposedConv(Block):
    """Every number of the input puts its multiple of the kernel down, ``stride`` pixels from the last; then a crop.

    The rows of the result fall into ``stride`` phases, and each is a convolution with every ``stride``-th tap.

    Attributes:
        crop: what is cut off from the sides. Fewer at the bottom and right than at the top and left, and even
            negative numbers there, are what others call output padding.
        weight: name of the kernel, (inputs, outputs, kernel, kernel).
        bias: name of the (outputs,) offsets, or None.
    """

    inputs: int
    outputs: int
    kernel: int
    stride: int
    crop: Padding
    weight: str
    bias: str | None = None

    def parameters(self, channels: int) -> dict[str, Shape]:
        shape = (self.inputs, self.outputs, self.kernel, self.kernel)
        return {self.weight: shape} | ({self.bias: (self.outputs,)} if self.bias else {})

    def channels(self, inputs: Sequence[int]) -> int:
        if inputs[0] != self.inputs:
            raise ValueError(f"the convolution {self.weight!r} takes {self.inputs} channels, not {inputs[0]}")
        return self.outputs

    def size(self, given: Sequence[Size]) -> Size:
        top, left, bottom, right = self.crop.sides
        height, width = ((length - 1) * self.stride + self.kernel for length in given[0])
        return height - top - bottom, width - left - right

    def reads(self, start: int, stop: int, place: Place) -> tuple[Span, ...]:
        return (padded_span(*self._window(start, stop), place.given[0][0], "zero"),)

    def operations(self, place: Place) -> int:
        return 2 * self.inputs * self.outputs * self.kernel**2 * prod(place.made) // self.stride**2

    def working(self, place: Place, columns: int | None) -> int:
        return 4 * (2 * self.inputs * prod(place.given[0]) + 2 * place.numbers)

    def prepare(self, weights: Weights, executor: Executor, scale: float) -> _Parts:
        kernel = as_array(weights[self.weight]).transpose(1, 0, 2, 3)[:, :, ::-1, ::-1] * np.float32(scale)
        bias = as_array(weights[self.bias]) * np.float32(scale) if self.bias else np.zeros(self.outputs, np.float32)
        convolutions = {}
        for down, right in product(range(min(self.stride, self.kernel)), repeat=2):
            taps = kernel[:, :, (self.kernel - 1 - down) % self.stride :: self.stride]
            taps = taps[:, :, :, (self.kernel - 1 - right) % self.stride :: self.stride]
            convolutions[down, right] = executor.convolution(as_array(taps), bias, 1, 1)
        return convolutions, bias

    def compute(self, strip: Rows, place: Place, start: int, stop: int) -> Array:
        convolutions, bias = strip.part(place.name)
        out = np.empty((self.outputs, stop - start, place.made[1]), np.float32)
        out[...] = bias[:, None, None]
        low, high = self._window(start, stop)
        left, right = self._beside(place)
        padded, before = strip.padded(place.inputs[0], (low, high), Padding(0, left, 0, right, "zero"))
        for (down, across), convolution in convolutions.items():
            rows = self._phase(self.crop.top, start, stop, down)
            columns = self._phase(self.crop.left, 0, place.made[1], across)
            if rows.several > 0 and columns.several > 0:
                x = padded[:, rows.low - low : rows.high - low, columns.low + left : columns.high + left]
                made = convolution(x.copy(), before)  # it may write to what it gets, and the next phase reads that too
                out[:, rows.first :: self.stride, columns.first :: self.stride] = made
        return out

    def _window(self, start: int, stop: int) -> Span:
        """The rows that all phases are made from, also outside of the input."""
        phases = [self._phase(self.crop.top, start, stop, phase) for phase in range(min(self.stride, self.kernel))]
        found = [phase for phase in phases if phase.several > 0]
        return (min(each.low for each in found), max(each.high for each in found)) if found else (0, 1)

    def _beside(self, place: Place) -> Span:
        """Columns of zeros at the left and right."""
        phases = range(min(self.stride, self.kernel))
        found = [self._phase(self.crop.left, 0, place.made[1], phase) for phase in phases]
        return (
            max(0, -min(each.low for each in found)),
            max(0, max(each.high for each in found) - place.given[0][1]),
        )

    def _phase(self, cut: int, start: int, stop: int, phase: int) -> _Phase:
        taps = len(range(phase, self.kernel, self.stride))
        first = -(-(start + cut - phase) // self.stride)
        last = (stop - 1 + cut - phase) // self.stride
        return _Phase(first - taps + 1, last + 1, first * self.stride + phase - cut - start, last - first + 1)

    def write(self, page: Page, name: str, inputs: Sequence[str], weights: Weights) -> str:
        top, left, bottom, right = self.crop.sides
        parameters = [page.constant(each, weights[each]) for each in (self.weight, self.bias) if each]
        return page.add(
            "ConvTranspose",
            [inputs[0], *parameters],
            name,
            kernel_shape=[self.kernel] * 2,
            strides=[self.stride] * 2,
            pads=[top, left, max(bottom, 0), max(right, 0)],
            output_padding=[max(-bottom, 0), max(-right, 0)],
        )


class _Phase(NamedTuple):
    """Every so many-th result: the input ``low:high`` that it is made from, its first place, and how many there are."""

    low: int
    high: int
    first: int
    several: int


_Parts = tuple[dict[tuple[int, int], Convolution], Array]
"""The convolution of each phase, and the offsets."""
