"""The operations and constants of an ONNX graph, as blocks write them down."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from . import wire

if TYPE_CHECKING:
    from senga.neural.blocks import Padding

OPSET = 17
"""The first with all that is used is 15; runtimes have known this one since 2022."""

_MODES = {"reflect": "reflect", "edge": "edge", "zero": "constant"}


class Page:
    """Operations and constants as they are written down."""

    def __init__(self) -> None:
        self.nodes: list[bytes] = []
        self.constants: dict[str, NDArray[Any]] = {}

    def add(self, op_type: str, inputs: Sequence[str], output: str, **attributes: wire.Attribute) -> str:
        """Write one operation; returns the name of its output."""
        self.nodes.append(wire.node(op_type, inputs, [output], output, **attributes))
        return output

    def constant(self, name: str, array: ArrayLike, dtype: DTypeLike = np.float32) -> str:
        """Write a constant; returns its name."""
        self.constants[name] = np.asarray(array, dtype)
        return name

    def integers(self, *lists: Sequence[int]) -> list[str]:
        """Names of constants that hold these numbers, written once each."""
        return [self.constant("_".join(["integers", *map(str, each)]), each, np.int64) for each in lists]

    def floats(self, *lists: Sequence[float]) -> list[str]:
        """Names of constants that hold these numbers, written once each."""
        return [self.constant("_".join(["floats", *map(str, each)]), each) for each in lists]

    def tensors(self) -> list[bytes]:
        """The constants, as models hold them."""
        return [wire.tensor(name, array) for name, array in self.constants.items()]

    def padded(self, name: str, pad: Padding, x: str) -> str:
        """Margins around a picture."""
        top, left, bottom, right = pad.sides
        return self.add("Pad", [x, *self.integers([0, 0, top, left, 0, 0, bottom, right])], name, mode=_MODES[pad.mode])

    def mean(self, name: str, x: str, whole: bool) -> str:
        """The mean of each channel, or of the whole picture: of rows first, since a mean over millions drifts."""
        return self._mean_of_rows(name, self.add("ReduceMean", [x], f"{name}.rows", axes=[3]), whole)

    def variance(self, name: str, centred: str, whole: bool, unbiased: bool = False) -> str:
        """The mean square of each channel, or of the whole picture; ``unbiased`` divides by one number less."""
        length = self.add("ReduceL2", [centred], f"{name}.length", axes=[3])
        squares = self.add("Mul", [length, length], f"{name}.squares")
        columns = self.add("Shape", [centred], f"{name}.columns", start=3, end=4)
        width = self.add("Cast", [columns], f"{name}.width", to=1)
        sums = self._mean_of_rows(f"{name}.sums", squares, whole)
        variance = self.add("Div", [sums, width], f"{name}.variance")
        if not unbiased:
            return variance
        axes = self.add("Shape", [centred], f"{name}.axes", start=1 if whole else 2, end=4)
        count = self.add("Cast", [self.add("ReduceProd", [axes], f"{name}.product", axes=[0])], f"{name}.count", to=1)
        less = self.add("Sub", [count, *self.floats([1.0])], f"{name}.less")
        least = self.add("Max", [less, *self.floats([1.0])], f"{name}.least")
        return self.add("Mul", [variance, self.add("Div", [count, least], f"{name}.share")], f"{name}.unbiased")

    def _mean_of_rows(self, name: str, rows: str, whole: bool) -> str:
        """(1, C, H, 1) -> (1, 1, 1, 1) for the picture, (1, C, 1, 1) for each channel."""
        channels = self.add("ReduceMean", [rows], f"{name}.channels" if whole else name, axes=[2])
        return self.add("ReduceMean", [channels], name, axes=[1]) if whole else channels
