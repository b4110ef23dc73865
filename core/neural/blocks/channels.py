"""Channels of several nodes side by side, some of them, all in another order, and their sum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from senga.neural.executor import Array

from .block import Block, Place, Rows, Size, Weights, Window

if TYPE_CHECKING:
    from senga.neural.onnx.page import Page


@dataclass(frozen=True)
class Concat(Block):
    """The channels of all inputs, one after the other."""

    cheap = True

    def channels(self, inputs: Sequence[int]) -> int:
        return sum(inputs)

    def size(self, given: Sequence[Size]) -> Size:
        if len(set(given)) != 1:
            raise ValueError(f"channels of pictures with {' and '.join(map(str, given))} pixels are no picture")
        return given[0]

    def fill(self, strip: Rows, place: Place, start: int, stop: int, out: Array) -> None:
        first = 0
        for name, count in zip(place.inputs, place.widths, strict=True):
            strip.write(name, start, stop, out[first : first + count])
            first += count

    def forward(self, values: list[Array], window: Window) -> Array:
        return np.concatenate(values)

    def write(self, page: Page, name: str, inputs: Sequence[str], weights: Weights) -> str:
        return page.add("Concat", inputs, name, axis=1)


@dataclass(frozen=True)
class Split(Block):
    """The channels ``start:stop``."""

    start: int
    stop: int

    cheap = True

    def channels(self, inputs: Sequence[int]) -> int:
        if not 0 <= self.start < self.stop <= inputs[0]:
            raise ValueError(f"there are no channels {self.start} to {self.stop} of {inputs[0]}")
        return self.stop - self.start

    def forward(self, values: list[Array], window: Window) -> Array:
        return np.ascontiguousarray(values[0][self.start : self.stop])

    def write(self, page: Page, name: str, inputs: Sequence[str], weights: Weights) -> str:
        return page.add("Slice", [inputs[0], *page.integers([self.start], [self.stop], [1])], name)


@dataclass(frozen=True)
class Interleave(Block):
    """The channels of equal groups by turns: the first of each, then the second of each (channel shuffle).

    Attributes:
        groups: how many.
        each: channels of a group.

    References:
        X. Zhang et al.: ShuffleNet. CVPR 2018, arXiv:1707.01083.
    """

    groups: int
    each: int

    cheap = True

    def channels(self, inputs: Sequence[int]) -> int:
        if inputs[0] != self.groups * self.each:
            raise ValueError(f"{inputs[0]} channels are no {self.groups} groups of {self.each}")
        return inputs[0]

    def forward(self, values: list[Array], window: Window) -> Array:
        _, rows, columns = values[0].shape
        turned = values[0].reshape(self.groups, self.each, rows, columns).swapaxes(0, 1)
        return np.ascontiguousarray(turned).reshape(-1, rows, columns)  # (C, rows, columns)

    def write(self, page: Page, name: str, inputs: Sequence[str], weights: Weights) -> str:
        split = [inputs[0], *page.integers([0, self.groups, self.each, -1])]
        apart = page.add("Reshape", split, f"{name}.groups")  # (N, groups, each, pixels)
        turned = page.add("Transpose", [apart], f"{name}.turned", perm=[0, 2, 1, 3])
        return page.add("Reshape", [turned, page.add("Shape", inputs, f"{name}.size")], name)


@dataclass(frozen=True)
class Total(Block):
    """The sum of all channels, as one channel."""

    cheap = True

    def channels(self, inputs: Sequence[int]) -> int:
        return 1

    def forward(self, values: list[Array], window: Window) -> Array:
        total: Array = values[0].sum(0, keepdims=True)
        return total

    def write(self, page: Page, name: str, inputs: Sequence[str], weights: Weights) -> str:
        return page.add("ReduceSum", [inputs[0], *page.integers([1])], name, keepdims=1)
