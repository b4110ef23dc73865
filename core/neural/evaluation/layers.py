"""What the judging networks are made of: written once against ``Layers``, run by MindSpore, or only measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from senga.errors import ModelError
from senga.neural import device
from senga.neural.executor import Array, as_array

T = TypeVar("T")
Kernel = tuple[int, int]
Shape = tuple[int, ...]


class LayerMath(Protocol[T]):
    """The operations, on whatever stands for a batch of (channels, H, W) maps."""

    def conv(self, x: T, name: str, outputs: int, kernel: Kernel, stride: int, same: bool) -> T:
        """A convolution with offsets; ``same`` keeps the size by zeros around, else there is no margin."""
        ...

    def relu(self, x: T) -> T:
        """Nothing below zero."""
        ...

    def average(self, x: T) -> T:
        """The mean of 3 x 3 neighbours; neighbours outside the map do not count."""
        ...

    def maximum(self, x: T, stride: int, same: bool) -> T:
        """The largest of 3 x 3 neighbours; ``same`` keeps the size, else there is no margin."""
        ...

    def concat(self, parts: Sequence[T]) -> T:
        """Channels of all parts, one after the other."""
        ...


@dataclass
class Parameters:
    """``Layers`` that compute nothing and note which kernels a network needs; a map is its number of channels."""

    kernels: dict[str, Shape] = field(default_factory=dict)

    def conv(self, x: int, name: str, outputs: int, kernel: Kernel, stride: int, same: bool) -> int:
        self.kernels[name] = (outputs, x, *kernel)
        return outputs

    def relu(self, x: int) -> int:
        return x

    def average(self, x: int) -> int:
        return x

    def maximum(self, x: int, stride: int, same: bool) -> int:
        return x

    def concat(self, parts: Sequence[int]) -> int:
        return sum(parts)


class MindSporeLayers:
    """``Layers`` on MindSpore, kernel by kernel (PyNative): nothing is compiled, and zero margins cost no copy."""

    def __init__(self, weights: Mapping[str, Array], device_name: str = "auto", threads: int | None = None) -> None:
        """Hold ``name.weight`` and ``name.bias`` of every convolution."""
        self._mindspore, _ = device.start(device_name, threads)
        self._ops = self._mindspore.ops
        self._weights = {name: self._mindspore.Tensor(as_array(values)) for name, values in weights.items()}

    def tensor(self, batch: Array) -> Any:
        """A (pictures, channels, H, W) array as the network's input."""
        return self._mindspore.Tensor(as_array(batch))

    def mean(self, x: Any) -> Array:
        """The mean of every map: (pictures, channels)."""
        values: Array = x.asnumpy().mean((2, 3), dtype=np.float64).astype(np.float32)
        return values

    def conv(self, x: Any, name: str, outputs: int, kernel: Kernel, stride: int, same: bool) -> Any:
        rows, columns = (kernel[0] // 2, kernel[1] // 2) if same else (0, 0)
        margin = (rows, rows, columns, columns)
        convolve = self._ops.Conv2D(outputs, kernel, pad_mode="pad", pad=margin, stride=stride)
        return self._ops.bias_add(convolve(x, self._weights[f"{name}.weight"]), self._weights[f"{name}.bias"])

    def relu(self, x: Any) -> Any:
        return self._ops.relu(x)

    def average(self, x: Any) -> Any:
        return self._ops.AvgPool(3, 1, "same")(x)

    def maximum(self, x: Any, stride: int, same: bool) -> Any:
        return self._ops.MaxPool(3, stride, "same" if same else "valid")(x)

    def concat(self, parts: Sequence[Any]) -> Any:
        return self._ops.concat(list(parts), 1)


def check_shape(weights: Mapping[str, NDArray[Any]], name: str, shape: Shape, network: str) -> None:
    """Refuse weights of another network.

    Raises:
        ModelError: ``name`` is missing or has another shape.
    """
    if name not in weights:
        raise ModelError(f"These weights are no {network}: “{name}” is missing.")
    found = tuple(weights[name].shape)
    if found != shape:
        raise ModelError(f"These weights are no {network}: “{name}” has the shape {found} instead of {shape}.")
