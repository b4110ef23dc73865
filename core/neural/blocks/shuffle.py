"""Channels that become pixels, and pixels that become channels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from senga.neural.executor import Array

from .block import Block, Place, Size, Span, Weights, Window

if TYPE_CHECKING:
    from senga.neural.onnx.page import Page

Order = Literal["channel", "pixel"]
"""Which of both comes first in the many channels: ``channel`` in PyTorch, ``pixel`` in TensorFlow."""


@dataclass(frozen=True)
class Shuffle(Block):
    """``factor ** 2`` channels become the pixels of a square (pixel shuffle, depth to space)."""

    factor: int = 2
    order: Order = "channel"

    def channels(self, inputs: Sequence[int]) -> int:
        if inputs[0] % self.factor**2:
            raise ValueError(f"{inputs[0]} channels are no whole squares of {self.factor} pixels")
        return inputs[0] // self.factor**2

    def size(self, given: Sequence[Size]) -> Size:
        return given[0][0] * self.factor, given[0][1] * self.factor

    def reads(self, start: int, stop: int, place: Place) -> tuple[Span, ...]:
        return ((start // self.factor, -(-stop // self.factor)),)

    def forward(self, values: list[Array], window: Window) -> Array:
        n, (count, rows, columns) = self.factor, values[0].shape
        if self.order == "channel":
            split = values[0].reshape(-1, n, n, rows, columns).transpose(0, 3, 1, 4, 2)  # (C, rows, n, columns, n)
        else:
            split = values[0].reshape(n, n, -1, rows, columns).transpose(2, 3, 0, 4, 1)  # (C, rows, n, columns, n)
        whole = split.reshape(count // n**2, rows * n, columns * n)
        low = window.rows[0] - window.spans[0][0] * n
        return np.ascontiguousarray(whole[:, low : low + window.rows[1] - window.rows[0]])

    def write(self, page: Page, name: str, inputs: Sequence[str], weights: Weights) -> str:
        mode = "CRD" if self.order == "channel" else "DCR"
        return page.add("DepthToSpace", inputs, name, blocksize=self.factor, mode=mode)


@dataclass(frozen=True)
class Unshuffle(Block):
    """The pixels of squares become channels (pixel unshuffle, space to depth)."""

    factor: int = 2
    order: Order = "channel"

    def channels(self, inputs: Sequence[int]) -> int:
        return inputs[0] * self.factor**2

    def size(self, given: Sequence[Size]) -> Size:
        if any(side % self.factor for side in given[0]):
            raise ValueError(f"{given[0]} pixels are no whole squares of {self.factor}")
        return given[0][0] // self.factor, given[0][1] // self.factor

    def reads(self, start: int, stop: int, place: Place) -> tuple[Span, ...]:
        return ((start * self.factor, stop * self.factor),)

    def forward(self, values: list[Array], window: Window) -> Array:
        n, count = self.factor, values[0].shape[0]
        rows, columns = window.rows[1] - window.rows[0], window.place.made[1]
        split = values[0][:, :, : columns * n].reshape(count, rows, n, columns, n)
        axes = (0, 2, 4, 1, 3) if self.order == "channel" else (2, 4, 0, 1, 3)
        return np.ascontiguousarray(split.transpose(axes)).reshape(-1, rows, columns)  # (C * n * n, rows, columns)

    def write(self, page: Page, name: str, inputs: Sequence[str], weights: Weights) -> str:
        if self.order == "pixel":
            return page.add("SpaceToDepth", inputs, name, blocksize=self.factor)
        by_pixel = page.add("SpaceToDepth", inputs, f"{name}.by-pixel", blocksize=self.factor)
        n = self.factor
        count = page.add("Shape", [inputs[0]], f"{name}.channels", start=1, end=2)
        one, several, rest = page.integers([1], [n * n], [-1])
        page.add("Concat", [one, several, count, rest], f"{name}.split", axis=0)
        split = page.add("Reshape", [by_pixel, f"{name}.split"], f"{name}.pixels")  # (1, n * n, C, pixels)
        turned = page.add("Transpose", [split], f"{name}.turned", perm=[0, 2, 1, 3])
        return page.add("Reshape", [turned, page.add("Shape", [by_pixel], f"{name}.size")], name)
