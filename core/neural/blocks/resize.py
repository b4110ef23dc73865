"""Nearest and bilinear resizing by whole factors, in the ways in which networks were trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from senga.neural.executor import Array
from senga.neural.resample import Sampling, Taps, blend, columns_between, nearest, taps

from .block import Block, Place, Size, Span, Weights, Window

if TYPE_CHECKING:
    from senga.neural.onnx.page import Page

_COORDINATES: dict[Sampling, str] = {"tf1": "asymmetric", "half_pixel": "half_pixel", "align_corners": "align_corners"}


class _Resize(Block):
    """To ``up / down`` times the size; ``down`` is a step without low-pass filter."""

    up: int
    down: int
    sampling: Sampling
    kind: Literal["bilinear", "nearest"] = "bilinear"

    def size(self, given: Sequence[Size]) -> Size:
        return given[0][0] * self.up // self.down, given[0][1] * self.up // self.down

    def reads(self, start: int, stop: int, place: Place) -> tuple[Span, ...]:
        before, after, _ = self._taps(place.given[0][0], place.made[0], start, stop)
        return ((int(before.min()), int(after.max()) + 1),)

    def forward(self, values: list[Array], window: Window) -> Array:
        (height, width), (rows, columns) = window.place.given[0], window.place.made
        before, after, share = self._taps(height, rows, *window.rows)
        low = window.spans[0][0]
        mixed = blend(values[0], before - low, after - low, share, axis=1)
        if self.down == 1 and self.kind == "bilinear" and self.sampling != "align_corners":
            return columns_between(mixed, self.up, self.sampling)
        if self.down == 1 and self.kind == "nearest" and self.sampling != "align_corners":
            return np.repeat(mixed, self.up, axis=2)
        return blend(mixed, *self._taps(width, columns, 0, columns), axis=2)

    def _taps(self, source: int, target: int, start: int, stop: int) -> Taps:
        find = taps if self.kind == "bilinear" else nearest
        return find(self.sampling, source, target, start, stop, self.down / self.up)

    def write(self, page: Page, name: str, inputs: Sequence[str], weights: Weights) -> str:
        scales = page.floats([1.0, 1.0, self.up / self.down, self.up / self.down])
        facts = {"mode": "linear"}
        if self.kind == "nearest":
            rounding = "floor" if self.sampling == "tf1" else "round_prefer_ceil"
            facts = {"mode": "nearest", "nearest_mode": rounding}
        mode = _COORDINATES[self.sampling]
        return page.add("Resize", [inputs[0], "", *scales], name, coordinate_transformation_mode=mode, **facts)


@dataclass(frozen=True)
class Double(_Resize):
    """Bilinear resize to twice the height and width."""

    sampling: Sampling = "tf1"

    up, down = 2, 1


@dataclass(frozen=True)
class Halve(_Resize):
    """Bilinear resize to half the height and width, without low-pass filter."""

    sampling: Sampling = "tf1"

    up, down = 1, 2


@dataclass(frozen=True)
class Resize(_Resize):
    """Resize to ``up / down`` times the height and width, without low-pass filter.

    Attributes:
        up: a whole factor.
        down: a whole divisor.
        kind: ``bilinear`` or ``nearest``.
        sampling: where the samples lie.
    """

    up: int = 2
    down: int = 1
    kind: Literal["bilinear", "nearest"] = "bilinear"
    sampling: Sampling = "tf1"
