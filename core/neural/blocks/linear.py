"""Linear layers of vectors, and how a picture becomes a vector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from senga.neural.executor import Array, Executor, as_array

from .block import Block, Place, Shape, Size, Weights, Window

if TYPE_CHECKING:
    from senga.neural.onnx.page import Page


@dataclass(frozen=True)
class Linear(Block):
    """A matrix times a vector.

    Attributes:
        weight: name of the matrix, (outputs, inputs).
        bias: name of the (outputs,) offsets, or None.
    """

    inputs: int
    outputs: int
    weight: str
    bias: str | None = None

    def parameters(self, channels: int) -> dict[str, Shape]:
        shape = self.outputs, self.inputs
        return {self.weight: shape} | ({self.bias: (self.outputs,)} if self.bias else {})

    def channels(self, inputs: Sequence[int]) -> int:
        if inputs[0] != self.inputs:
            raise ValueError(f"the linear layer {self.weight!r} takes {self.inputs} numbers, not {inputs[0]}")
        return self.outputs

    def size(self, given: Sequence[Size]) -> Size:
        if given[0] != (1, 1):
            raise ValueError(f"the linear layer {self.weight!r} takes a vector, not a picture")
        return 1, 1

    def operations(self, place: Place) -> int:
        return 2 * self.inputs * self.outputs

    def prepare(self, weights: Weights, executor: Executor, scale: float) -> tuple[Array, Array | None]:
        return as_array(weights[self.weight]), as_array(weights[self.bias]) if self.bias else None

    def forward(self, values: list[Array], window: Window) -> Array:
        matrix, bias = window.part
        y = matrix @ values[0].reshape(-1)  # (inputs,)
        result: Array = (y if bias is None else y + bias).reshape(-1, 1, 1)  # (outputs, 1, 1)
        return result

    def write(self, page: Page, name: str, inputs: Sequence[str], weights: Weights) -> str:
        kernel = page.constant(f"{self.weight}.kernel", weights[self.weight][:, :, None, None])
        parameters = [kernel, *([page.constant(self.bias, weights[self.bias])] if self.bias else [])]
        return page.add("Conv", [inputs[0], *parameters], name, kernel_shape=[1, 1])


@dataclass(frozen=True)
class Flatten(Block):
    """All numbers of a picture of one size, channel by channel and row by row, as a vector.

    Attributes:
        pixels: height and width of the picture.
    """

    pixels: Size

    whole = "rows"

    def channels(self, inputs: Sequence[int]) -> int:
        return inputs[0] * prod(self.pixels)

    def size(self, given: Sequence[Size]) -> Size:
        if given[0] != self.pixels:
            raise ValueError(f"{given[0]} pixels come to a vector of {self.pixels}")
        return 1, 1

    def forward(self, values: list[Array], window: Window) -> Array:
        return as_array(values[0]).reshape(-1, 1, 1)  # (C * H * W, 1, 1)

    def write(self, page: Page, name: str, inputs: Sequence[str], weights: Weights) -> str:
        return page.add("Reshape", [inputs[0], *page.integers([1, -1, 1, 1])], name)
