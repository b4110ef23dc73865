"""A network as a small graph of named nodes, described once and run by any executor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

from numpy.typing import NDArray

from senga.errors import ModelError

from .blocks import Add, Block, Conv, Double, Halve, Input, LeakyReLU, Norm, Padding, PadMode, Sampling, Tanh

Size = tuple[int, int]


@dataclass(frozen=True)
class Node:
    """One block at its place: ``inputs`` name the nodes it reads, ``channels`` is what it gives."""

    name: str
    block: Block
    inputs: tuple[str, ...]
    channels: int


@dataclass(frozen=True)
class Network:
    """Nodes in an order in which they can be computed; the last one is the result.

    Attributes:
        name: the architecture, as model cards call it.
        nodes: the first is the ``Input``.
        multiple: height and width of the picture must be multiples of this.
    """

    name: str
    nodes: tuple[Node, ...]
    multiple: int

    def __post_init__(self) -> None:
        known: set[str] = set()
        for node in self.nodes:
            if node.name in known or not known.issuperset(node.inputs):
                raise ValueError(f"node {node.name!r} is defined twice or reads a node that comes later")
            known.add(node.name)

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash((self.name, self.nodes, self.multiple))

    @cached_property
    def by_name(self) -> dict[str, Node]:
        """Nodes by their names."""
        return {node.name: node for node in self.nodes}

    @cached_property
    def readers(self) -> dict[str, list[Node]]:
        """The nodes that read each node."""
        return {name: [node for node in self.nodes if name in node.inputs] for name in self.by_name}

    @cached_property
    def parameters(self) -> dict[str, tuple[int, ...]]:
        """Names and shapes of all weights, in the order of their use."""
        shapes: dict[str, tuple[int, ...]] = {}
        for node in self.nodes:
            match node.block:
                case Conv(weight=weight, bias=bias):
                    shapes[weight] = node.block.shape
                    shapes |= {bias: (node.channels,)} if bias else {}
                case Norm(gamma=gamma, beta=beta):
                    shapes |= {gamma: (node.channels,), beta: (node.channels,)}
        return shapes

    @property
    def parameter_count(self) -> int:
        """How many numbers the weights have."""
        return sum(prod(shape) for shape in self.parameters.values())

    def sizes(self, height: int, width: int) -> dict[str, Size]:
        """Height and width of every node for a picture of this size."""
        sizes: dict[str, Size] = {}
        for node in self.nodes:
            sizes[node.name] = _size(node.block, sizes[node.inputs[0]]) if node.inputs else (height, width)
        return sizes

    def check(self, weights: Mapping[str, NDArray[Any]]) -> None:
        """Compare weights with what the network needs.

        Raises:
            ModelError: names are missing, or shapes differ; the sentence names the first of them.
        """
        missing = [name for name in self.parameters if name not in weights]
        if missing:
            more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
            raise ModelError(
                f"These weights are no {self.name}: “{missing[0]}”{more} is missing; choose another model."
            )
        for name, shape in self.parameters.items():
            found = tuple(weights[name].shape)
            if found != shape:
                raise ModelError(
                    f"These weights do not fit {self.name}: “{name}” has the shape {found} instead of {shape}; "
                    "check the architecture and the width on the model card."
                )


class Builder:
    """Writes a network node by node; every method returns the name of the node it added."""

    def __init__(self, channels: int = 3) -> None:
        self._nodes = [Node("photo", Input(), (), channels)]
        self.input = "photo"

    def build(self, name: str, multiple: int) -> Network:
        """The network so far."""
        return Network(name, tuple(self._nodes), multiple)

    def channels(self, x: str) -> int:
        """Channels of a node."""
        return next(node.channels for node in self._nodes if node.name == x)

    def conv(
        self,
        x: str,
        name: str,
        outputs: int,
        kernel: int,
        stride: int = 1,
        *,
        padding: Padding | None = None,
        pad_mode: PadMode = "reflect",
        bias: bool = False,
        groups: int = 1,
    ) -> str:
        """A convolution with the parameters ``name.weight`` and, if asked, ``name.bias``; pads to the same size."""
        pad = padding or Padding.same(kernel, pad_mode)
        offsets = f"{name}.bias" if bias else None
        inputs = self.channels(x)
        return self._add(
            name, Conv(inputs, outputs, kernel, stride, pad, f"{name}.weight", offsets, groups), x, outputs
        )

    def depthwise(
        self, x: str, name: str, kernel: int = 3, stride: int = 1, *, padding: Padding | None = None, bias: bool = False
    ) -> str:
        """A convolution that filters each channel by itself."""
        channels = self.channels(x)
        return self.conv(x, name, channels, kernel, stride, padding=padding, bias=bias, groups=channels)

    def layer_norm(self, x: str, name: str, eps: float) -> str:
        """Layer norm over the whole picture, with the parameters ``name.weight`` and ``name.bias``."""
        return self._add(name, Norm("picture", f"{name}.weight", f"{name}.bias", eps), x)

    def instance_norm(self, x: str, name: str, eps: float) -> str:
        """Instance norm, with the parameters ``name.weight`` and ``name.bias``."""
        return self._add(name, Norm("channel", f"{name}.weight", f"{name}.bias", eps), x)

    def leaky_relu(self, x: str, slope: float = 0.2) -> str:
        """Leaky ReLU."""
        return self._add(f"{x}.active", LeakyReLU(slope), x)

    def tanh(self, x: str) -> str:
        """Hyperbolic tangent."""
        return self._add(f"{x}.tanh", Tanh(), x)

    def double(self, x: str, sampling: Sampling) -> str:
        """Bilinear resize to twice the size."""
        return self._add(f"{x}.double", Double(sampling), x)

    def halve(self, x: str, sampling: Sampling) -> str:
        """Bilinear resize to half the size."""
        return self._add(f"{x}.half", Halve(sampling), x)

    def add(self, x: str, y: str) -> str:
        """A skip connection: the sum of two nodes."""
        self._nodes.append(Node(f"{y}+{x}", Add(), (x, y), self.channels(x)))
        return f"{y}+{x}"

    def _add(self, name: str, block: Block, x: str, channels: int | None = None) -> str:
        self._nodes.append(Node(name, block, (x,), self.channels(x) if channels is None else channels))
        return name


def _size(block: Block, size: Size) -> Size:
    height, width = size
    match block:
        case Conv(kernel=kernel, stride=stride, padding=pad):
            rows, columns = height + pad.top + pad.bottom - kernel, width + pad.left + pad.right - kernel
            return rows // stride + 1, columns // stride + 1
        case Double():
            return 2 * height, 2 * width
        case Halve():
            return height // 2, width // 2
        case _:
            return size
