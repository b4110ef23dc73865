"""Convolution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from senga.neural.executor import Array, Convolution, Executor, as_array

from .block import Block, Padding, Place, Rows, Shape, Size, Span, Weights, Window, padded_span, reach, sized

if TYPE_CHECKING:
    from senga.neural.onnx.page import Page


@dataclass(frozen=True)
class Conv(Block):
    """Padding, then a convolution. ``groups == inputs`` is a depthwise one.

    Attributes:
        kernel: rows, and columns unless there is ``breadth``.
        weight: name of the kernel, (outputs, inputs / groups, rows, columns).
        bias: name of the (outputs,) offsets, or None.
        groups: so many times as many outputs are made from a share of the inputs each.
        breadth: columns of a kernel that is not square.
        dilation: pixels from one tap of the kernel to the next.
        raw: where training divides kernels by their spectral norm, this one counts as it was before.
    """

    inputs: int
    outputs: int
    kernel: int
    stride: int
    padding: Padding
    weight: str
    bias: str | None = None
    groups: int = 1
    breadth: int | None = None
    dilation: int = 1
    raw: bool = False

    def __post_init__(self) -> None:
        if min(self.stride, self.dilation, self.groups) < 1 or self.inputs % self.groups or self.outputs % self.groups:
            raise ValueError(
                f"the convolution {self.weight!r} has the stride {self.stride}, the dilation {self.dilation} and "
                f"{self.groups} groups of {self.inputs} and {self.outputs} channels"
            )

    @property
    def kernel_size(self) -> Size:
        """Rows and columns of the kernel."""
        return self.kernel, self.breadth or self.kernel

    @property
    def reach(self) -> Size:
        """Rows and columns that the kernel reaches over."""
        return reach(self.kernel_size, self.dilation)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Shape of the kernel."""
        return self.outputs, self.inputs // self.groups, *self.kernel_size

    def parameters(self, channels: int) -> dict[str, Shape]:
        return {self.weight: self.shape} | ({self.bias: (self.outputs,)} if self.bias else {})

    def channels(self, inputs: Sequence[int]) -> int:
        if inputs[0] != self.inputs:
            raise ValueError(f"the convolution {self.weight!r} takes {self.inputs} channels, not {inputs[0]}")
        return self.outputs

    def size(self, given: Sequence[Size]) -> Size:
        pad, (rows, columns) = self.padding, self.reach
        height, width = given[0]
        return (
            sized(height, rows, self.stride, pad.top + pad.bottom),
            sized(width, columns, self.stride, pad.left + pad.right),
        )

    def window(self, start: int, stop: int) -> Span:
        """The rows that these rows are made from, also outside of the input."""
        return start * self.stride - self.padding.top, (stop - 1) * self.stride + self.reach[0] - self.padding.top

    def reads(self, start: int, stop: int, place: Place) -> tuple[Span, ...]:
        return (padded_span(*self.window(start, stop), place.given[0][0], self.padding.mode),)

    def operations(self, place: Place) -> int:
        return 2 * prod(self.shape) * prod(place.made)

    def working(self, place: Place, columns: int | None) -> int:
        inputs, outputs = self.inputs * prod(place.given[0]), place.numbers
        copies = max(self.kernel_size) if self.stride == 1 and self.groups == 1 else 1
        share = min(1.0, columns / place.made[1]) if columns else 1.0
        return 4 * (inputs + outputs) + int(4 * share * (inputs * min(copies, 3) + outputs * copies))

    def copied(self, place: Place, *, in_parts: bool) -> int:
        """With margins, and in parts."""
        return self.inputs * prod(place.given[0]) * ((self.kernel_size != (1, 1)) + (in_parts and self.groups == 1))

    def prepare(self, weights: Weights, executor: Executor, scale: float) -> Convolution:
        kernel, bias = self.scaled(weights, scale)
        apart = {"dilation": self.dilation} if self.dilation > 1 else {}
        return executor.convolution(kernel, bias, self.stride, self.groups, **apart)

    def scaled(self, weights: Weights, scale: float) -> tuple[Array, Array | None]:
        """Kernel and offsets, multiplied by ``scale``."""
        factor = np.float32(scale)
        bias = as_array(weights[self.bias]) * factor if self.bias else None
        return as_array(weights[self.weight]) * factor, bias

    def compute(self, strip: Rows, place: Place, start: int, stop: int) -> Array:
        convolution: Any = strip.part(place.name)
        result: Array = convolution(*strip.padded(place.inputs[0], self.window(start, stop), self.padding))
        return result

    def forward(self, values: list[Array], window: Window) -> Array:
        """A vector, by a kernel of one number that has no margins."""
        if any(self.padding.sides):
            return super().forward(values, window)
        convolution: Any = window.part
        result: Array = convolution(values[0])
        return result

    def write(self, page: Page, name: str, inputs: Sequence[str], weights: Weights) -> str:
        parameters = [page.constant(each, weights[each]) for each in (self.weight, self.bias) if each]
        return self.written(page, name, inputs[0], parameters)

    def written(self, page: Page, name: str, x: str, parameters: Sequence[str]) -> str:
        """Write the convolution with a kernel, and maybe offsets, that are there already."""
        pad = self.padding
        inside = pad.mode == "zero"
        if any(pad.sides) and not inside:
            x = page.padded(f"{name}.padded", pad, x)
        return page.add(
            "Conv",
            [x, *parameters],
            name,
            kernel_shape=self.kernel_size,
            strides=[self.stride] * 2,
            pads=pad.sides if inside else [0] * 4,
            dilations=[self.dilation] * 2,
            group=self.groups,
        )
