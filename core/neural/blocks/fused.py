"""A convolution with what stands beside it, as one; networks are run with it, and nobody describes any."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from senga.neural.executor import Array, Convolution, Executor, as_array

from .block import Padding, Place, Rows, Shape, Size, Span, Weights, padded_span
from .convolution import Conv
from .norm import BatchNorm

if TYPE_CHECKING:
    from senga.neural.onnx.page import Page

_BEFORE = Padding(1, 1, 1, 1)


@dataclass(frozen=True)
class FusedConv(Conv):
    """A convolution behind a bilinear doubling (see ``senga.neural.fold``), or in front of a batch norm, or both.

    Attributes:
        doubled: it reads the small picture.
        norm: the batch norm, which becomes part of the kernel.
    """

    doubled: bool = False
    norm: BatchNorm | None = None

    def parameters(self, channels: int) -> dict[str, Shape]:
        return super().parameters(channels) | (self.norm.parameters(channels) if self.norm else {})

    def size(self, given: Sequence[Size]) -> Size:
        return (2 * given[0][0], 2 * given[0][1]) if self.doubled else super().size(given)

    def window(self, start: int, stop: int) -> Span:
        return (start // 2 - 1, (stop + 1) // 2 + 1) if self.doubled else super().window(start, stop)

    def reads(self, start: int, stop: int, place: Place) -> tuple[Span, ...]:
        if not self.doubled:
            return super().reads(start, stop, place)
        return (padded_span(*self.window(start, stop), place.given[0][0], "reflect", "edge"),)

    def computed(self, start: int, stop: int) -> int:
        return 2 * ((stop + 1) // 2 - start // 2) if self.doubled else stop - start

    def operations(self, place: Place) -> int:
        return super().operations(place) * (25 if self.doubled else 36) // 36

    def copied(self, place: Place, *, in_parts: bool) -> int:
        """With two kinds of margins, and the four phases before they are mixed; in parts the phases twice."""
        if not self.doubled:
            return super().copied(place, in_parts=in_parts)
        return (1 + in_parts) * (2 * self.inputs * prod(place.given[0]) + place.numbers)

    def scaled(self, weights: Weights, scale: float) -> tuple[Array, Array | None]:
        kernel, bias = super().scaled(weights, scale)
        if self.norm is None:
            return kernel, bias
        factor, shift = self.norm.factors(weights)
        offsets = shift * scale if bias is None else bias * factor + shift * scale
        return as_array(kernel * factor[:, None, None, None]), as_array(np.asarray(offsets))

    def prepare(self, weights: Weights, executor: Executor, scale: float) -> Convolution:
        if not self.doubled:
            return super().prepare(weights, executor, scale)
        return executor.doubling(*self.scaled(weights, scale))

    def compute(self, strip: Rows, place: Place, start: int, stop: int) -> Array:
        if not self.doubled:
            return super().compute(strip, place, start, stop)
        convolution: Any = strip.part(place.name)
        first = start - start // 2 * 2
        result: Array = convolution(*strip.padded(place.inputs[0], self.window(start, stop), _BEFORE, "edge"))
        return result[:, first : first + stop - start]

    def write(self, page: Page, name: str, inputs: Sequence[str], weights: Weights) -> str:
        kernel, bias = self.scaled(weights, 1.0)
        offsets = [] if bias is None else [page.constant(f"{name}.offsets", bias)]
        if not self.doubled:
            return self.written(page, name, inputs[0], [page.constant(f"{name}.kernel", kernel), *offsets])
        small = page.padded(f"{name}.behind", Padding(0, 0, 1, 1, "edge"), inputs[0])
        phases = [self._phase(page, f"{name}.{at}", small, kernel, offsets, *divmod(at, 2)) for at in range(4)]
        return page.add("DepthToSpace", [page.add("Concat", phases, f"{name}.phases", axis=1)], name, blocksize=2)

    @staticmethod
    def _phase(page: Page, name: str, small: str, kernel: Array, offsets: Sequence[str], down: int, right: int) -> str:
        """Every second pixel of every second row, from (down, right) on."""
        from senga.neural.fold import phase

        before = Padding(1 - down, 1 - right, 0, 0)
        x = page.padded(f"{name}.before", before, small) if any(before.sides) else small
        own = phase(kernel, down, right)
        parameters = [page.constant(f"{name}.kernel", own), *offsets]
        return page.add("Conv", [x, *parameters], name, kernel_shape=own.shape[2:])
