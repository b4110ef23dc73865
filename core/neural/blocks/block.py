"""What every block of a network answers: its parameters, its size, the rows it reads, its arithmetic, its ONNX form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from senga.neural.executor import Activation, Array, Executor, Half
from senga.neural.moments import Moments
from senga.neural.resample import Sampling as Sampling

if TYPE_CHECKING:
    from senga.neural.onnx.page import Page

Size = tuple[int, int]
Span = tuple[int, int]
"""Rows ``start:stop``."""
Shape = tuple[int, ...]
Weights = Mapping[str, NDArray[Any]]
Rule = TypeVar("Rule")
PadMode = Literal["reflect", "edge", "zero"]


@dataclass(frozen=True)
class Padding:
    """Margins that are added in front of a convolution, and where their values come from."""

    top: int = 0
    left: int = 0
    bottom: int = 0
    right: int = 0
    mode: PadMode = "reflect"

    @classmethod
    def same(cls, kernel: int | tuple[int, int], mode: PadMode = "reflect") -> Padding:
        """The margin on all sides that keeps the size at stride 1."""
        rows, columns = kernel if isinstance(kernel, tuple) else (kernel, kernel)
        return cls(rows // 2, columns // 2, rows // 2, columns // 2, mode)

    @classmethod
    def tf_same(cls, kernel: int, stride: int = 1) -> Padding:
        """TensorFlow's SAME for sizes that are multiples of the stride: zeros, the odd one at the bottom and right."""
        whole = max(kernel - stride, 0)
        before, behind = whole // 2, whole - whole // 2
        return cls(before, before, behind, behind, "zero")

    @property
    def sides(self) -> tuple[int, int, int, int]:
        """Top, left, bottom and right."""
        return self.top, self.left, self.bottom, self.right


@dataclass(frozen=True)
class Place:
    """A block at its place in a network, for pictures of one size; a vector is a picture of one pixel.

    Attributes:
        name: of the node.
        inputs: the nodes it reads.
        given: their heights and widths.
        made: its own.
        widths: channels of what it reads.
        channels: its own.
    """

    name: str
    inputs: tuple[str, ...]
    given: tuple[Size, ...]
    made: Size
    widths: tuple[int, ...]
    channels: int

    @property
    def numbers(self) -> int:
        """How many numbers it gives."""
        return self.channels * prod(self.made)


class Rows(Protocol):
    """What a block may ask for while it computes rows: a strip of the engine."""

    def rows(self, name: str, start: int, stop: int) -> Array:
        """Rows of a node, (C, rows, W), which may be written to; of a vector (C, 1, 1)."""
        ...

    def write(self, name: str, start: int, stop: int, out: Array) -> None:
        """Put rows of a node into ``out``, (C, rows, W), without an array between where that can be."""
        ...

    def padded(
        self, name: str, window: Span, padding: Padding, behind: PadMode | None = None
    ) -> tuple[Array | Half, Activation | None]:
        """The rows ``window`` of a node with its margins, and what must still be done to them.

        Args:
            name: of the node.
            window: rows, also outside of the node.
            padding: margins at the left and right, and where the values outside come from.
            behind: where those at the bottom and right come from, if from elsewhere.
        """
        ...

    def part(self, name: str) -> Any:
        """What ``Block.prepare`` made."""
        ...


class Block:
    """One operation of a network.

    A new block is a file in this package, a line in ``BLOCKS``, and a definition in the reference of the tests. Most
    define ``forward`` and ``write``; what reads other rows than its own also ``size`` and ``reads``. The arithmetic of
    training looks blocks up by their class.

    Attributes:
        pointwise: it changes every number by itself, so that it costs no memory of its own.
        cheap: computing it again costs no more than reading it.
        scales: it is a scale and a shift for each channel; see ``affine``.
        whole: what it must know of all rows of its first input before it gives any.
    """

    pointwise: bool = False
    cheap: bool = False
    scales: bool = False
    whole: Literal["", "moments", "maximum", "rows"] = ""

    def parameters(self, channels: int) -> dict[str, Shape]:
        """Names and shapes of the weights; ``channels`` is what the node gives."""
        return {}

    def channels(self, inputs: Sequence[int]) -> int:
        """Channels of the result.

        Raises:
            ValueError: the inputs do not fit.
        """
        return inputs[0]

    def size(self, given: Sequence[Size]) -> Size:
        """Height and width of the result."""
        return given[0]

    def is_vector(self, inputs: Sequence[bool]) -> bool:
        """Whether the result is a vector, when these of the inputs are."""
        return self.whole in ("maximum", "rows") or (bool(inputs) and all(inputs))

    def reads(self, start: int, stop: int, place: Place) -> tuple[Span, ...]:
        """The rows of each input that the rows ``start:stop`` are made from."""
        return tuple((start, stop) if size == place.made else (0, size[0]) for size in place.given)

    def computed(self, start: int, stop: int) -> int:
        """How many rows are computed for these."""
        return stop - start

    def operations(self, place: Place) -> int:
        """Multiplications and additions of its convolutions for a whole picture."""
        return 0

    def working(self, place: Place, columns: int | None) -> int:
        """Bytes that the whole takes beside what is kept, when so many columns are convolved at once."""
        return 0 if self.pointwise else 8 * place.numbers

    def copied(self, place: Place, *, in_parts: bool) -> int:
        """Numbers that a runtime for whole pictures takes beside the inputs and the result.

        Args:
            place: where the block stands.
            in_parts: whether convolutions read everything as two numbers of half the size.
        """
        return 0

    def prepare(self, weights: Weights, executor: Executor, scale: float) -> Any:
        """Make the weights ready; see ``Rows.part``.

        Args:
            weights: by name.
            executor: that will run.
            scale: what a convolution is to be multiplied by, or what the input of a norm was multiplied by.
        """
        return None

    def compute(self, strip: Rows, place: Place, start: int, stop: int) -> Array:
        """The rows ``start:stop``, (C, rows, W)."""
        spans = self.reads(start, stop, place)
        values = [strip.rows(name, *span) for name, span in zip(place.inputs, spans, strict=True)]
        return self.forward(values, Window(place, (start, stop), spans, strip.part(place.name)))

    def fill(self, strip: Rows, place: Place, start: int, stop: int, out: Array) -> None:
        """The same, put into ``out``."""
        out[...] = self.compute(strip, place, start, stop)

    def forward(self, values: list[Array], window: Window) -> Array:
        """The rows of ``window`` from the rows that it reads, which may be written to."""
        raise NotImplementedError(type(self).__name__)

    def from_moments(self, moments: Moments) -> Array:
        """A vector, (C,), from the statistics of the whole first input."""
        raise NotImplementedError(type(self).__name__)

    def affine(self, part: Any, moments: Moments | None, vectors: Sequence[Array]) -> tuple[Array, Array]:
        """The block as a scale and a shift for each channel, or one for all, where it ``scales``.

        Args:
            part: what ``prepare`` made.
            moments: of the whole first input, where it asks for them.
            vectors: the other inputs, (C,).
        """
        raise NotImplementedError(type(self).__name__)

    def write(self, page: Page, name: str, inputs: Sequence[str], weights: Weights) -> str:
        """Write it as ONNX operations; gives the name of the result, which is ``name``."""
        raise NotImplementedError(type(self).__name__)


@dataclass(frozen=True)
class Window:
    """What ``Block.forward`` is asked for.

    Attributes:
        place: where the block stands.
        rows: to compute.
        spans: the rows of each input that are given.
        part: what ``Block.prepare`` made.
    """

    place: Place
    rows: Span
    spans: tuple[Span, ...]
    part: Any = None


def rule_of(block: Block, rules: Mapping[type[Any], Rule], reader: str) -> Rule:
    """What a reader of networks does with a block, by its class.

    Raises:
        TypeError: the reader does not know it.
    """
    try:
        return rules[type(block)]
    except KeyError:
        raise TypeError(f"{reader} has no rule for the block {type(block).__name__}") from None


def outside(index: NDArray[np.intp], length: int, mode: PadMode) -> NDArray[np.intp]:
    """Where the values at ``index``, also beyond ``0:length``, come from; -1 stands for zeros."""
    if mode == "zero":
        return np.where((index < 0) | (index >= length), -1, index)
    if mode == "edge" or length == 1:
        return np.clip(index, 0, length - 1)
    period = 2 * (length - 1)
    return np.minimum(index % period, -index % period)


def padded_span(low: int, high: int, length: int, mode: PadMode, behind: PadMode | None = None) -> Span:
    """The rows of an input of this height that the window ``low:high`` is made from."""
    if low >= 0 and high <= length:
        return low, high
    index = np.arange(low, high)
    index = np.where(index < length, outside(index, length, mode), outside(index, length, behind or mode))
    found = index[index >= 0]
    return (int(found.min()), int(found.max()) + 1) if len(found) else (0, 0)


def reach(kernel: Size, dilation: int) -> Size:
    """Rows and columns that a kernel reaches over whose taps are so many pixels apart."""
    return (kernel[0] - 1) * dilation + 1, (kernel[1] - 1) * dilation + 1


def sized(length: int, kernel: int, stride: int, margin: int) -> int:
    """Length of the result of a kernel that steps over a length with margins."""
    return (length + margin - kernel) // stride + 1
