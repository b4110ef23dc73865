"""A network as a list of steps that can be walked forth and back; norms take the activation behind them along."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from senga.neural.blocks import Add, Conv, Double, Halve, Input, LeakyReLU, Norm, Padding, Tanh
from senga.neural.executor import Array
from senga.neural.graph import Network, Node

from . import arithmetic
from .convolution import for_block

NOTHING = Padding()


@dataclass(frozen=True)
class Plan:
    """A network, seen as what a walk through it needs.

    Attributes:
        network: what is walked.
    """

    network: Network

    @cached_property
    def leaks(self) -> dict[str, Node]:
        """Norms whose only reader is a leaky ReLU, with that reader: both are one step."""
        found = {}
        for node in self.network.nodes:
            readers = self.network.readers[node.name]
            if isinstance(node.block, Norm) and len(readers) == 1 and isinstance(readers[0].block, LeakyReLU):
                found[node.name] = readers[0]
        return found

    @cached_property
    def margins(self) -> dict[str, Padding]:
        """The margins that each result is given at once, because a convolution reads it."""
        found = {}
        for name, readers in self.network.readers.items():
            paddings = [needed(node.block.padding) for node in readers if isinstance(node.block, Conv)]
            found[name] = next((padding for padding in paddings if padding != NOTHING), NOTHING)
        return found

    @cached_property
    def steps(self) -> tuple[Node, ...]:
        """Nodes in their order, without the activations that norms take along."""
        taken = {node.name for node in self.leaks.values()}
        return tuple(node for node in self.network.nodes if node.name not in taken)


def needed(padding: Padding) -> Padding:
    """The padding, or ``NOTHING`` for one without margins."""
    return padding if any((padding.top, padding.left, padding.bottom, padding.right)) else NOTHING


@dataclass
class Walk:
    """One picture's way through a network, remembered for the way back.

    Attributes:
        plan: which network.
        weights: name -> array.
        remember: whether a way back will follow.
    """

    plan: Plan
    weights: Mapping[str, Array]
    remember: bool = True
    _values: dict[str, Array] = field(default_factory=dict, repr=False)
    _normal: dict[str, tuple[Array, Array]] = field(default_factory=dict, repr=False)
    _grads: dict[str, Array] = field(default_factory=dict, repr=False)

    def forward(self, x: Array) -> Array:
        """The result for pictures (N, C, H, W)."""
        left = {name: len(readers) for name, readers in self.plan.network.readers.items()}
        for node in self.plan.steps:
            self._run(node, x)
            for name in () if self.remember else node.inputs:
                left[name] -= 1
                if not left[name]:
                    del self._values[name]
        return np.ascontiguousarray(self._middle(self.plan.network.nodes[-1].name))

    def backward(self, g: Array, *, learn: bool, to_input: bool) -> tuple[Array | None, dict[str, Array]]:
        """Gradients of the input and of the weights from that of the result; the walk is used up."""
        first, last = self.plan.network.nodes[0].name, self.plan.network.nodes[-1].name
        self._grads[last] = g
        found: dict[str, Array] = {}
        for node in reversed(self.plan.steps):
            if isinstance(node.block, Input):
                continue
            name = self.plan.leaks[node.name].name if node.name in self.plan.leaks else node.name
            wanted = to_input or node.inputs[0] != first
            found |= self._back(node, self._grads.pop(name), learn, wanted)
            self._values.pop(name, None)
        return self._grads.get(first), found

    def _run(self, node: Node, x: Array) -> None:
        match node.block:
            case Input():
                self._keep(node.name, x)
            case Conv():
                self._convolve(node, node.block)
            case Norm():
                self._norm(node, node.block)
            case Add():
                _, out = self._room(node.name, self._middle(node.inputs[0]).shape)
                np.add(self._middle(node.inputs[0]), self._middle(node.inputs[1]), out=out)
                self._close(node.name)
            case Tanh():
                self._keep(node.name, np.tanh(self._middle(node.inputs[0])))
            case LeakyReLU(slope=slope):
                source = self._middle(node.inputs[0])
                self._keep(node.name, np.maximum(source, source * np.float32(slope)))
            case Double() | Halve():
                self._resize(node, node.block)

    def _convolve(self, node: Node, block: Conv) -> None:
        base = self._base(node.inputs[0], block.padding)
        y = for_block(block).forward(base, self.weights[block.weight])
        if block.bias:
            y += self.weights[block.bias][:, None, None]
        self._keep(node.name, y)

    def _norm(self, node: Node, block: Norm) -> None:
        x = self._own(node.inputs[0])
        deviations = arithmetic.normalise(x, block.over, block.eps)
        if self.remember:
            self._normal[node.name] = x, deviations
        leak = self.plan.leaks.get(node.name)
        name = leak.name if leak else node.name
        _, out = self._room(name, x.shape)
        arithmetic.scale_shift(x, self.weights[block.gamma], self.weights[block.beta], _slope(leak), out)
        self._close(name)

    def _resize(self, node: Node, block: Double | Halve) -> None:
        source = self._middle(node.inputs[0])
        rows, columns = self._matrices(block, source)
        _, out = self._room(node.name, (*source.shape[:2], len(rows), len(columns)))
        arithmetic.resize(source, rows, columns, out)
        self._close(node.name)

    def _back(self, node: Node, g: Array, learn: bool, wanted: bool) -> dict[str, Array]:
        match node.block:
            case Conv():
                return self._back_conv(node, node.block, g, learn, wanted)
            case Norm():
                return self._back_norm(node, node.block, g)
            case Add():
                self._add(node.inputs[0], g)
                self._add(node.inputs[1], g)
            case Tanh():
                self._add(node.inputs[0], g * (1 - np.square(self._middle(node.name))))
            case LeakyReLU(slope=slope):
                self._add(node.inputs[0], arithmetic.unleak(g, self._middle(node.name), slope))
            case Double() | Halve():
                source = self._middle(node.inputs[0])
                rows, columns = self._matrices(node.block, source)
                out = np.empty(source.shape, np.float32)
                arithmetic.resize(g, np.ascontiguousarray(rows.T), np.ascontiguousarray(columns.T), out)
                self._add(node.inputs[0], out)
        return {}

    def _back_conv(self, node: Node, block: Conv, g: Array, learn: bool, wanted: bool) -> dict[str, Array]:
        base, convolution, kernel = (
            self._base(node.inputs[0], block.padding),
            for_block(block),
            self.weights[block.weight],
        )
        g = np.ascontiguousarray(g)
        found: dict[str, Array] = {}
        if learn:
            found[block.weight] = convolution.to_kernel(g, base, block.shape)
            found |= {block.bias: g.sum((0, 2, 3))} if block.bias else {}
        if wanted:
            whole = convolution.to_input(g, kernel, base.shape)
            self._add(node.inputs[0], arithmetic.fold_margin(whole, block.padding))
        return found

    def _back_norm(self, node: Node, block: Norm, g: Array) -> dict[str, Array]:
        normal, deviations = self._normal.pop(node.name)
        leak = self.plan.leaks.get(node.name)
        result = self._middle(leak.name if leak else node.name)
        gamma = self.weights[block.gamma]
        out, for_gamma, for_beta = arithmetic.norm_gradients(
            g, normal, result, deviations, gamma, block.over, _slope(leak)
        )
        self._add(node.inputs[0], out)
        return {block.gamma: for_gamma, block.beta: for_beta}

    def _matrices(self, block: Double | Halve, source: Array) -> tuple[Array, Array]:
        double = isinstance(block, Double)
        rows, columns = ((2 * n if double else n // 2) for n in source.shape[2:])
        return (
            arithmetic.resize_matrix(block.sampling, source.shape[2], rows),
            arithmetic.resize_matrix(block.sampling, source.shape[3], columns),
        )

    def _room(self, name: str, shape: tuple[int, ...]) -> tuple[Array, Array]:
        """Make room for a result, margins included."""
        padding = self.plan.margins[name]
        base = np.empty(
            (*shape[:2], shape[2] + padding.top + padding.bottom, shape[3] + padding.left + padding.right), np.float32
        )
        self._values[name] = base
        return base, arithmetic.middle(base, padding)

    def _close(self, name: str) -> None:
        arithmetic.fill_margin(self._values[name], self.plan.margins[name])

    def _keep(self, name: str, value: Array) -> None:
        if self.plan.margins[name] == NOTHING:
            self._values[name] = value
            return
        _, out = self._room(name, value.shape)
        out[...] = value
        self._close(name)

    def _own(self, name: str) -> Array:
        """A result that may be written into: the only reader is the norm that asks."""
        value = self._values[name]
        alone = self.plan.margins[name] == NOTHING and len(self.plan.network.readers[name]) == 1
        return value if alone and value.flags.writeable else np.array(self._middle(name), order="C")

    def _middle(self, name: str) -> Array:
        return arithmetic.middle(self._values[name], self.plan.margins[name])

    def _base(self, name: str, padding: Padding) -> Array:
        """A value with these margins: as it is kept, or copied for a reader that needs other ones."""
        padding = needed(padding)
        if self.plan.margins[name] == padding:
            return self._values[name]
        source = self._middle(name)
        base, out = arithmetic.with_margin(source, padding)
        out[...] = source
        arithmetic.fill_margin(base, padding)
        return base

    def _add(self, name: str, g: Array) -> None:
        self._grads[name] = g if name not in self._grads else self._grads[name] + g


def _slope(leak: Node | None) -> float:
    return leak.block.slope if leak is not None and isinstance(leak.block, LeakyReLU) else 1.0
