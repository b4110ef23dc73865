"""The blocks that networks are described with: shapes and parameter names, no arithmetic.

Executors give the blocks their arithmetic (``senga.neural.mindspore_executor``), so a network is written once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

PadMode = Literal["reflect", "edge", "zero"]
Sampling = Literal["tf1", "half_pixel", "align_corners"]
"""Where the samples of a bilinear resize by two lie.

``tf1``: output ``i`` reads position ``i * scale`` (TensorFlow 1, ONNX ``asymmetric``). ``half_pixel``: pixel centres
are aligned (torch ``align_corners=False``). ``align_corners``: the corner pixels coincide.
"""


@dataclass(frozen=True)
class Padding:
    """Margins that are added in front of a convolution, and where their values come from."""

    top: int = 0
    left: int = 0
    bottom: int = 0
    right: int = 0
    mode: PadMode = "reflect"

    @classmethod
    def same(cls, kernel: int, mode: PadMode = "reflect") -> Padding:
        """The margin on all sides that keeps the size at stride 1."""
        margin = kernel // 2
        return cls(margin, margin, margin, margin, mode)


@dataclass(frozen=True)
class Input:
    """The picture, RGB scaled to [-1, 1]."""


@dataclass(frozen=True)
class Conv:
    """Padding, then a convolution. ``groups == inputs == outputs`` is a depthwise one.

    Attributes:
        weight: name of the kernel, (outputs, inputs / groups, kernel, kernel).
        bias: name of the (outputs,) offsets, or None.
    """

    inputs: int
    outputs: int
    kernel: int
    stride: int
    padding: Padding
    weight: str
    bias: str | None = None
    groups: int = 1

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Shape of the kernel."""
        return self.outputs, self.inputs // self.groups, self.kernel, self.kernel


@dataclass(frozen=True)
class Norm:
    """Subtract the mean, divide by the deviation, then scale and shift each channel.

    Attributes:
        over: ``picture``: one mean and deviation over channels, rows and columns (layer norm, equal to a group norm of
            one group); ``channel``: one for each channel (instance norm).
        gamma: name of the (channels,) scales.
        beta: name of the (channels,) shifts.
        eps: added to the variance.
    """

    over: Literal["picture", "channel"]
    gamma: str
    beta: str
    eps: float


@dataclass(frozen=True)
class LeakyReLU:
    """The larger of ``x`` and ``slope * x``, 0 < slope < 1."""

    slope: float = 0.2


@dataclass(frozen=True)
class Tanh:
    """Hyperbolic tangent."""


@dataclass(frozen=True)
class Add:
    """The sum of two tensors of one shape."""


@dataclass(frozen=True)
class Double:
    """Bilinear resize to twice the height and width."""

    sampling: Sampling = "tf1"


@dataclass(frozen=True)
class Halve:
    """Bilinear resize to half the height and width, without low-pass filter."""

    sampling: Sampling = "tf1"


Block = Input | Conv | Norm | LeakyReLU | Tanh | Add | Double | Halve
