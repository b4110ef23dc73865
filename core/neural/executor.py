"""What the engine asks of a runtime: convolutions. The rest moves memory, and numpy does that where it stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Convolution = Callable[[Array], Array]
"""Padded (inputs, H, W) float32 -> (outputs, H', W') float32; raises MemoryError when memory runs out."""


class Executor(Protocol):
    """A runtime that networks run on: MindSpore today."""

    def convolution(self, kernel: Array, bias: Array | None, stride: int, groups: int) -> Convolution:
        """Prepare one convolution of already padded arrays.

        Args:
            kernel: (outputs, inputs / groups, height, width).
            bias: (outputs,) or None.
            stride: in both directions.
            groups: 1, or the number of channels.
        """
        ...


Executors = Callable[[str, int | None], Executor]
"""(device, threads) -> an executor."""


def as_array(values: NDArray[Any]) -> Array:
    """Contiguous float32."""
    return np.ascontiguousarray(values, dtype=np.float32)
