"""Writes networks down, node by node."""

from __future__ import annotations

from typing import Literal

from . import blocks
from .blocks import Block, Padding, PadMode, Sampling
from .blocks.block import Size
from .blocks.input import Range
from .blocks.norm import Over
from .blocks.shuffle import Order
from .network import Network, Node, Output

_ZEROS = Padding(mode="zero")


class Builder:
    """Writes a network node by node; every method returns the name of the node it added.

    Args:
        channels: of the picture that is the first input, ``photo``; None to begin without one.
        range: what black and white are in it.

    Attributes:
        input: the first input.
    """

    def __init__(self, channels: int | None = 3, range: Range = (-1.0, 1.0)) -> None:  # noqa: A002 - as it is called
        self._nodes: dict[str, Node] = {}
        self._twice: list[Node] = []
        self._outputs: list[Output] = []
        self.input = self.picture("photo", channels, range) if channels else ""

    def build(self, name: str, multiple: int, fixed: Size | None = None) -> Network:
        """The network so far.

        Raises:
            ValueError: nodes have the same name, or something else does not fit.
        """
        return Network(name, (*self._nodes.values(), *self._twice), multiple, tuple(self._outputs), fixed)

    def channels(self, x: str) -> int:
        """Channels of a node."""
        return self._nodes[x].channels

    def picture(self, name: str, channels: int = 3, range: Range = (-1.0, 1.0)) -> str:  # noqa: A002 - as it is called
        """A picture that the network is given."""
        return self._put(Node(name, blocks.Input(range), (), channels))

    def vector(self, name: str, channels: int) -> str:
        """A vector that the network is given."""
        return self._put(Node(name, blocks.Input(vector=True), (), channels))

    def output(self, x: str, name: str, range: Range = (-1.0, 1.0)) -> str:  # noqa: A002 - as it is called
        """Make a node a result; without any the last node is the only one."""
        self._outputs.append(Output(name, x, range))
        return x

    def conv(
        self,
        x: str,
        name: str,
        outputs: int,
        kernel: int | tuple[int, int],
        stride: int = 1,
        *,
        padding: Padding | None = None,
        pad_mode: PadMode = "reflect",
        bias: bool = False,
        groups: int = 1,
        dilation: int = 1,
    ) -> str:
        """A convolution with the parameters ``name.weight`` and, if asked, ``name.bias``; pads to the same size."""
        size = kernel if isinstance(kernel, tuple) else (kernel, kernel)
        pad = Padding.same(blocks.reach(size, dilation), pad_mode) if padding is None else padding
        rows, breadth = kernel if isinstance(kernel, tuple) else (kernel, None)
        offsets = f"{name}.bias" if bias else None
        own = f"{name}.weight", offsets
        conv = blocks.Conv(self.channels(x), outputs, rows, stride, pad, *own, groups, breadth, dilation)
        return self.add_block(name, conv, x)

    def depthwise(
        self, x: str, name: str, kernel: int = 3, stride: int = 1, *, padding: Padding | None = None, bias: bool = False
    ) -> str:
        """A convolution that filters each channel by itself."""
        channels = self.channels(x)
        return self.conv(x, name, channels, kernel, stride, padding=padding, bias=bias, groups=channels)

    def transposed(
        self,
        x: str,
        name: str,
        outputs: int,
        kernel: int,
        stride: int = 2,
        *,
        crop: Padding = _ZEROS,
        bias: bool = True,
    ) -> str:
        """A transposed convolution with the parameters ``name.weight`` and, if asked, ``name.bias``."""
        offsets = f"{name}.bias" if bias else None
        block = blocks.TransposedConv(self.channels(x), outputs, kernel, stride, crop, f"{name}.weight", offsets)
        return self.add_block(name, block, x)

    def linear(self, x: str, name: str, outputs: int, *, bias: bool = True) -> str:
        """A linear layer with the parameters ``name.weight`` and, if asked, ``name.bias``."""
        offsets = f"{name}.bias" if bias else None
        return self.add_block(name, blocks.Linear(self.channels(x), outputs, f"{name}.weight", offsets), x)

    def flatten(self, x: str, height: int, width: int) -> str:
        """A picture of this size as a vector."""
        return self.add_block(f"{x}.flat", blocks.Flatten((height, width)), x)

    def layer_norm(self, x: str, name: str, eps: float) -> str:
        """Layer norm over the whole picture, with the parameters ``name.weight`` and ``name.bias``."""
        return self.add_block(name, blocks.Norm("picture", f"{name}.weight", f"{name}.bias", eps), x)

    def instance_norm(self, x: str, name: str, eps: float) -> str:
        """Instance norm, with the parameters ``name.weight`` and ``name.bias``."""
        return self.add_block(name, blocks.Norm("channel", f"{name}.weight", f"{name}.bias", eps), x)

    def norm(
        self,
        x: str,
        name: str,
        over: Over,
        eps: float,
        *,
        affine: bool = True,
        gamma: str | None = None,
        beta: str | None = None,
        unbiased: bool = False,
    ) -> str:
        """A norm of any kind.

        Args:
            x: what is normed.
            name: of the node; a mixed norm has the parameter ``name.rho``.
            over: of which statistics.
            eps: added to the variance.
            affine: whether ``name.weight`` and ``name.bias`` are parameters, where no vectors are given.
            gamma: a vector of scales.
            beta: a vector of shifts.
            unbiased: whether the variance is.
        """
        vectors = (gamma, beta) if gamma and beta else ()
        own = affine and not vectors
        rho = f"{name}.rho" if over == "mixed" else None
        weight, bias = (f"{name}.weight", f"{name}.bias") if own else (None, None)
        return self.add_block(name, blocks.Norm(over, weight, bias, eps, unbiased, rho), x, *vectors)

    def batch_norm(self, x: str, name: str, eps: float = 1e-5, *, affine: bool = True) -> str:
        """Batch norm, with the parameters ``name.weight``, ``.bias``, ``.running_mean`` and ``.running_var``."""
        weight, bias = (f"{name}.weight", f"{name}.bias") if affine else (None, None)
        block = blocks.BatchNorm(weight, bias, f"{name}.running_mean", f"{name}.running_var", eps)
        return self.add_block(name, block, x)

    def leaky_relu(self, x: str, slope: float = 0.2) -> str:
        """Leaky ReLU."""
        return self.add_block(f"{x}.active", blocks.LeakyReLU(slope), x)

    def relu(self, x: str) -> str:
        """ReLU."""
        return self.add_block(f"{x}.active", blocks.ReLU(), x)

    def prelu(self, x: str, name: str) -> str:
        """ReLU with a slope for each channel, the parameter ``name.weight``."""
        return self.add_block(name, blocks.PReLU(f"{name}.weight"), x)

    def tanh(self, x: str) -> str:
        """Hyperbolic tangent."""
        return self.add_block(f"{x}.tanh", blocks.Tanh(), x)

    def sigmoid(self, x: str) -> str:
        """Logistic function."""
        return self.add_block(f"{x}.sigmoid", blocks.Sigmoid(), x)

    def gelu(self, x: str, *, tanh: bool = False) -> str:
        """GELU, exact or by a hyperbolic tangent."""
        return self.add_block(f"{x}.gelu", blocks.GELU(tanh), x)

    def swish(self, x: str) -> str:
        """Swish, also called SiLU."""
        return self.add_block(f"{x}.swish", blocks.Swish(), x)

    def affine(self, x: str, name: str, scale: tuple[float, ...], shift: tuple[float, ...]) -> str:
        """A fixed scale and shift: one number each, or one for each channel."""
        return self.add_block(name, blocks.Affine(scale, shift), x)

    def double(self, x: str, sampling: Sampling) -> str:
        """Bilinear resize to twice the size."""
        return self.add_block(f"{x}.double", blocks.Double(sampling), x)

    def halve(self, x: str, sampling: Sampling) -> str:
        """Bilinear resize to half the size."""
        return self.add_block(f"{x}.half", blocks.Halve(sampling), x)

    def resize(
        self,
        x: str,
        up: int = 2,
        down: int = 1,
        *,
        kind: Literal["bilinear", "nearest"] = "bilinear",
        sampling: Sampling = "half_pixel",
    ) -> str:
        """Resize to ``up / down`` times the size; half a pixel more or less is the same to the nearest one upwards."""
        return self.add_block(f"{x}.x{up}-{down}", blocks.Resize(up, down, kind, sampling), x)

    def max_pool(
        self, x: str, kernel: int = 2, stride: int = 2, *, padding: Padding = _ZEROS, ceil: bool = False
    ) -> str:
        """The largest of each window."""
        return self.add_block(f"{x}.max", blocks.MaxPool(kernel, stride, padding, ceil), x)

    def average_pool(
        self,
        x: str,
        kernel: int = 2,
        stride: int = 2,
        *,
        padding: Padding = _ZEROS,
        ceil: bool = False,
        counts_margins: bool = False,
    ) -> str:
        """The mean of each window."""
        return self.add_block(f"{x}.mean", blocks.AveragePool(kernel, stride, padding, ceil, counts_margins), x)

    def shuffle(self, x: str, factor: int = 2, order: Order = "channel") -> str:
        """Channels become pixels."""
        return self.add_block(f"{x}.pixels", blocks.Shuffle(factor, order), x)

    def unshuffle(self, x: str, factor: int = 2, order: Order = "channel") -> str:
        """Pixels become channels."""
        return self.add_block(f"{x}.channels", blocks.Unshuffle(factor, order), x)

    def concat(self, *several: str, name: str | None = None) -> str:
        """The channels of all, side by side."""
        return self.add_block(name or "|".join(several), blocks.Concat(), *several)

    def split(self, x: str, start: int, stop: int) -> str:
        """The channels ``start:stop``."""
        return self.add_block(f"{x}[{start}:{stop}]", blocks.Split(start, stop), x)

    def interleave(self, x: str, groups: int = 2) -> str:
        """The channels of equal groups by turns (channel shuffle)."""
        return self.add_block(f"{x}.turns", blocks.Interleave(groups, self.channels(x) // groups), x)

    def total(self, x: str) -> str:
        """The sum of all channels, as one channel."""
        return self.add_block(f"{x}.total", blocks.Total(), x)

    def add(self, x: str, y: str) -> str:
        """A skip connection: the sum of two nodes; one of them may be a vector."""
        return self.add_block(f"{y}+{x}", blocks.Add(), x, y)

    def product(self, x: str, y: str) -> str:
        """The product of two nodes; one of them may be a vector."""
        return self.add_block(f"{y}*{x}", blocks.Product(), x, y)

    def mean(self, x: str) -> str:
        """The mean of each channel, a vector."""
        return self.add_block(f"{x}.average", blocks.Mean(), x)

    def deviation(self, x: str, eps: float = 1e-5, *, unbiased: bool = False) -> str:
        """The deviation of each channel, a vector."""
        return self.add_block(f"{x}.deviation", blocks.Deviation(eps, unbiased), x)

    def maximum(self, x: str) -> str:
        """The largest number of each channel, a vector."""
        return self.add_block(f"{x}.maximum", blocks.Maximum(), x)

    def add_block(self, name: str, block: Block, *inputs: str) -> str:
        """Any block.

        Raises:
            ValueError: it does not take these inputs.
        """
        return self._put(Node(name, block, inputs, block.channels([self.channels(x) for x in inputs])))

    def _put(self, node: Node) -> str:
        if node.name in self._nodes:
            self._twice.append(node)  # the network says so
        self._nodes.setdefault(node.name, node)
        return node.name
