"""A network as a graph of named nodes, described once and run by any executor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

from numpy.typing import NDArray

from senga.errors import ModelError

from .blocks import BLOCKS, Block, Input, Place, Size
from .blocks.input import Range

VECTOR: Size = (1, 1)
"""A vector is a picture of one pixel."""


@dataclass(frozen=True)
class Node:
    """One block at its place: ``inputs`` name the nodes it reads, ``channels`` is what it gives."""

    name: str
    block: Block
    inputs: tuple[str, ...]
    channels: int


@dataclass(frozen=True)
class Output:
    """A result.

    Attributes:
        name: what it is called.
        node: which node gives it.
        range: what black and white are, where it is a picture.
    """

    name: str
    node: str
    range: Range = (-1.0, 1.0)


@dataclass(frozen=True)
class Network:
    """Nodes in an order in which they can be computed.

    Attributes:
        name: the architecture, as model cards call it.
        nodes: those of the block ``Input`` are the inputs.
        multiple: height and width of pictures must be multiples of this.
        outputs: the results; by default the last node, called ``painting``.
        fixed: the only height and width that pictures may have, or None.
    """

    name: str
    nodes: tuple[Node, ...]
    multiple: int
    outputs: tuple[Output, ...] = ()
    fixed: Size | None = None

    def __post_init__(self) -> None:
        known: set[str] = set()
        for node in self.nodes:
            if not isinstance(node.block, BLOCKS):
                raise ValueError(f"node {node.name!r} is of an unknown block, {node.block!r}")
            if node.name in known or not known.issuperset(node.inputs):
                raise ValueError(f"node {node.name!r} is defined twice or reads a node that comes later")
            known.add(node.name)
        if not self.outputs:
            object.__setattr__(self, "outputs", (Output("painting", self.nodes[-1].name),))
        for output in self.outputs:
            if output.node not in known:
                raise ValueError(f"the output {output.name!r} is of a node {output.node!r} that is not there")
            if output.name in known and output.name != output.node:
                raise ValueError(f"the output {output.name!r} is called as another node")

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash((self.name, self.nodes, self.multiple, self.outputs, self.fixed))

    @cached_property
    def by_name(self) -> dict[str, Node]:
        """Nodes by their names."""
        return {node.name: node for node in self.nodes}

    @cached_property
    def order(self) -> dict[str, int]:
        """Places of the nodes."""
        return {node.name: i for i, node in enumerate(self.nodes)}

    @cached_property
    def inputs(self) -> dict[str, Input]:
        """What the network is given."""
        return {node.name: node.block for node in self.nodes if isinstance(node.block, Input)}

    @cached_property
    def readers(self) -> dict[str, list[Node]]:
        """The nodes that read each node."""
        found: dict[str, list[Node]] = {name: [] for name in self.by_name}
        for node in self.nodes:
            for name in dict.fromkeys(node.inputs):
                found[name].append(node)
        return found

    @cached_property
    def vectors(self) -> frozenset[str]:
        """Nodes that are vectors: one number for each channel."""
        found: set[str] = set()
        for node in self.nodes:
            if node.block.is_vector([name in found for name in node.inputs]):
                found.add(node.name)
        return frozenset(found)

    @cached_property
    def parameters(self) -> dict[str, tuple[int, ...]]:
        """Names and shapes of all weights, in the order of their use."""
        shapes: dict[str, tuple[int, ...]] = {}
        for node in self.nodes:
            shapes |= node.block.parameters(node.channels)
        return shapes

    @property
    def parameter_count(self) -> int:
        """How many numbers the weights have."""
        return sum(prod(shape) for shape in self.parameters.values())

    def sizes(self, height: int, width: int) -> dict[str, Size]:
        """Height and width of every node when all pictures have this size."""
        return self.sizes_of(dict.fromkeys(self.inputs, (height, width)))

    def sizes_of(self, given: Mapping[str, Size]) -> dict[str, Size]:
        """Height and width of every node for pictures of these sizes; vectors have one pixel.

        Raises:
            ModelError: the sizes do not fit the network, or nothing would be left of a picture.
        """
        sizes: dict[str, Size] = {}
        for node in self.nodes:
            if isinstance(node.block, Input):
                sizes[node.name] = VECTOR if node.block.vector else given[node.name]
            else:
                try:
                    sizes[node.name] = node.block.size([sizes[name] for name in node.inputs])
                except ValueError as error:
                    raise ModelError(f"Pictures of this size do not fit {self.name}: {error}.") from error
            if min(sizes[node.name]) < 1:
                raise ModelError(f"This picture is too small for {self.name}; choose a larger one.")
        return sizes

    def place(self, name: str, sizes: Mapping[str, Size]) -> Place:
        """A node with what it reads, at these sizes."""
        node = self.by_name[name]
        given = tuple(sizes[each] for each in node.inputs)
        widths = tuple(self.by_name[each].channels for each in node.inputs)
        return Place(name, node.inputs, given, sizes[name], widths, node.channels)

    @cached_property
    def _probed(self) -> tuple[Size, dict[str, Size]]:
        size = self.fixed or (64 * self.multiple, 96 * self.multiple)
        return size, self.sizes(*size)

    def keeps_size(self, name: str) -> bool:
        """Whether a node is as large as the pictures that the network is given."""
        size, sizes = self._probed
        return name not in self.vectors and sizes[name] == size

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


def followed(network: Network, name: str, pictures: Mapping[str, Size]) -> str | None:
    """The picture, of inputs of these sizes, whose size that of a node is proportional to; None where there is none."""
    if name in network.vectors:
        return None
    size = network.sizes_of(pictures)[name]
    twice = {each: (2 * height, 2 * width) for each, (height, width) in pictures.items()}
    for first, changed in [*((each, {each: twice[each]}) for each in pictures), (next(iter(pictures), None), twice)]:
        try:
            made = network.sizes_of({**pictures, **changed})[name]
        except ModelError:  # pictures that must be of one size
            continue
        if made == (2 * size[0], 2 * size[1]):
            return first
    return None
