"""What the engine asks of a runtime: convolutions. The rest moves memory, and numpy does that where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .places import rows_memory

Array = NDArray[np.float32]
Half = NDArray[np.float16]
_ONE = np.float32(1)


@dataclass(frozen=True)
class Activation:
    """What is done to a layer before it is convolved: ``y = x * scale + shift``, then the larger of y and slope * y.

    Attributes:
        scale: for each channel.
        shift: for each channel.
        slope: 1 where nothing is bent.
        bends_only: all scales are 1 and all shifts 0, so that zeros stay zeros.
    """

    scale: Array
    shift: Array
    slope: float = 1.0
    bends_only: bool = False

    def moved(self, offset: Array | None, scale: np.float32 = _ONE) -> Activation:
        """The same for a layer from which ``offset`` was subtracted, and that was then divided by ``scale``."""
        if offset is None:
            return self
        return Activation(self.scale * scale, self.shift + self.scale * offset, self.slope)

    def apply(self, x: Array | Half, out: Array) -> None:
        """Do it to (C, H, W), channel by channel so that the numbers stay in the cache; ``out`` may be ``x``."""
        if self.bends_only:
            for values, result in zip(x, out, strict=True):
                np.maximum(values, values * np.float32(self.slope), out=result)
            return
        for values, result, scale, shift in zip(x, out, self.scale, self.shift, strict=True):
            np.multiply(values, scale, out=result, dtype=np.float32)
            result += shift
            if self.slope != 1:
                np.maximum(result, result * np.float32(self.slope), out=result)


class Convolution(Protocol):
    """A prepared convolution."""

    def __call__(self, x: Array | Half, before: Activation | None = None) -> Array:
        """Convolve padded rows.

        Args:
            x: (inputs, H, W); may be overwritten.
            before: done to ``x`` first.

        Returns:
            (outputs, H', W').

        Raises:
            MemoryError: memory runs out.
        """
        ...


class Executor(Protocol):
    """A runtime that networks run on, convolution by convolution.

    Attributes:
        strip_bytes: working memory of one strip; more is not faster.
        held: so many times its working memory a strip takes in the worst layers.
        columns: of a result that are convolved at once; None means all.
        concurrent: every strip is best computed by a thread of its own.
    """

    strip_bytes: int
    columns: int | None
    held: float
    concurrent: bool

    def convolution(
        self, kernel: Array, bias: Array | None, stride: int, groups: int, dilation: int = 1
    ) -> Convolution:
        """Prepare one convolution of already padded arrays.

        Args:
            kernel: (outputs, inputs / groups, height, width).
            bias: (outputs,) or None.
            stride: in both directions.
            groups: of channels; each gives its share of the outputs.
            dilation: pixels from one tap to the next, in both directions.
        """
        ...

    def doubling(self, kernel: Array, bias: Array | None) -> Convolution:
        """Prepare a bilinear doubling with the 3x3 convolution behind it, of arrays with one pixel of margin.

        See ``senga.neural.fold``.
        """
        ...

    def halved(self, rows: Array, offset: Array) -> Half:
        """``rows - offset`` of each channel at half precision."""
        ...

    def widened(self, rows: Half, before: Activation, out: Array) -> None:
        """Do to ``rows`` what comes before they are read, at full precision, into ``out``."""
        ...


def halved(rows: Array, offset: Array) -> Half:
    """``rows - offset`` of each channel at half precision, in numpy."""
    out: Half = rows_memory.empty(rows.shape, np.float16)
    for values, half, middle in zip(rows, out, offset, strict=True):
        half[...] = values - middle
    return out


def activated(x: Array | Half, before: Activation | None) -> Array:
    """``x`` as a runtime without an activation of its own takes it; in place where that is possible."""
    if before is None:
        return as_array(x)
    out: Array = x if x.dtype == np.float32 else np.empty(x.shape, np.float32)  # type: ignore[assignment] # by its dtype
    before.apply(x, out)
    return out


def as_array(values: NDArray[Any]) -> Array:
    """Contiguous float32."""
    return np.ascontiguousarray(values, dtype=np.float32)
