"""A network as a list of steps that can be walked forth and back; norms and convolutions take the activation along."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from senga.neural.blocks import BatchNorm, Conv, Double, Halve, Input, LeakyReLU, Norm, Padding, ReLU, Resize
from senga.neural.executor import Array
from senga.neural.graph import Network, Node

from . import arithmetic, gradients, spectral
from .convolution import convolve_by_product, for_block, slope_by_product

NOTHING = Padding()

Grads = Sequence[Array | None]


@dataclass(frozen=True)
class Plan:
    """A network, seen as what a walk through it needs.

    Attributes:
        network: what is walked.
        by_products: convolutions are products of matrices, for networks that do not learn.

    Raises:
        TypeError: training knows no gradient for a block.
    """

    network: Network
    by_products: bool = False

    def __post_init__(self) -> None:
        for node in self.network.nodes:
            if not isinstance(node.block, Input) and not _is_step(node.block):
                gradients.rule(node.block)

    @cached_property
    def leaks(self) -> dict[str, Node]:
        """Norms and convolutions whose only reader is a leaky ReLU, with that reader: both are one step."""
        found = {}
        for node in self.network.nodes:
            readers = self.network.readers[node.name]
            takes = isinstance(node.block, Conv) or _is_plain_norm(node.block)
            if takes and self.uses[node.name] == 1 and readers and isinstance(readers[0].block, LeakyReLU | ReLU):
                found[node.name] = readers[0]
        return found

    @cached_property
    def uses(self) -> dict[str, int]:
        """How often each result is read, the world outside included."""
        found = dict.fromkeys(self.network.by_name, 0)
        for name in (name for node in self.network.nodes for name in node.inputs):
            found[name] += 1
        for output in self.network.outputs:
            found[output.node] += 1
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
        """Nodes in their order, without the activations that others take along."""
        taken = {node.name for node in self.leaks.values()}
        return tuple(node for node in self.network.nodes if node.name not in taken)

    def multiplies(self, block: Conv) -> bool:
        """Whether a convolution is a product of matrices."""
        return self.by_products and block.stride == block.groups == block.dilation == 1


def needed(padding: Padding) -> Padding:
    """The padding, or ``NOTHING`` for one without margins."""
    return padding if any((padding.top, padding.left, padding.bottom, padding.right)) else NOTHING


def _is_plain_norm(block: object) -> bool:
    """One mean and deviation, and scales and shifts that are weights."""
    plain = isinstance(block, Norm) and block.over in ("picture", "channel") and not block.unbiased
    return plain and bool(block.gamma and block.beta)  # type: ignore[attr-defined] # a norm has them


def _is_step(block: object) -> bool:
    return isinstance(block, Conv | Double | Halve | Resize) or _is_plain_norm(block)


@dataclass
class Walk:
    """One way of pictures through a network, remembered for the way back.

    Attributes:
        plan: which network.
        weights: name -> array.
        remember: whether a way back will follow.
        learns: batch norms take the statistics of what they see, and leave them in ``moments``.
        moments: name of a node -> mean and unbiased variance of its channels.
    """

    plan: Plan
    weights: Mapping[str, Array]
    remember: bool = True
    learns: bool = False
    moments: dict[str, tuple[Array, Array]] = field(default_factory=dict, repr=False)
    _values: dict[str, Array] = field(default_factory=dict, repr=False)
    _normal: dict[str, tuple[Array, Array]] = field(default_factory=dict, repr=False)
    _backs: dict[str, gradients.Back] = field(default_factory=dict, repr=False)
    _grads: dict[str, Array] = field(default_factory=dict, repr=False)

    def forward(self, *given: Array) -> list[Array]:
        """The results for pictures (N, C, H, W), both in the order in which the network has them."""
        left = dict(self.plan.uses)
        for name, x in zip(self.plan.network.inputs, given, strict=True):
            self._keep(name, x)
        for node in self.plan.steps:
            if node.inputs:
                self._run(node)
            for name in () if self.remember else node.inputs:
                left[name] -= 1
                if not left[name]:
                    del self._values[name]
        return [np.ascontiguousarray(self._middle(output.node)) for output in self.plan.network.outputs]

    def backward(self, grads: Grads, *, learn: bool, to_input: bool) -> tuple[list[Array | None], dict[str, Array]]:
        """Gradients of the inputs and of the weights from those of the results; the walk is used up."""
        inputs = () if to_input else tuple(self.plan.network.inputs)
        for output, g in zip(self.plan.network.outputs, grads, strict=True):
            if g is not None:
                self._add(output.node, g)
        found: dict[str, Array] = {}
        for node in reversed(self.plan.steps):
            name = self._end(node)
            if node.inputs and name in self._grads:
                for weight, slope in self._back(node, self._grads.pop(name), learn, inputs).items():
                    found[weight] = found[weight] + slope if weight in found else slope  # a weight may serve twice
            self._values.pop(name, None)
        unreached = self.plan.network.parameters.keys() - found.keys() if learn else ()
        found |= {name: np.zeros_like(self.weights[name]) for name in unreached}
        return [self._grads.get(name) if to_input else None for name in self.plan.network.inputs], found

    def _run(self, node: Node) -> None:
        match node.block:
            case Conv():
                self._convolve(node, node.block)
            case Norm() if _is_plain_norm(node.block):
                self._norm(node, node.block)
            case Double() | Halve() | Resize():
                self._resize(node, node.block)
            case _:
                self._other(node)

    def _other(self, node: Node) -> None:
        inputs = [self._middle(name) for name in node.inputs]
        if self.learns and isinstance(node.block, BatchNorm):
            x = inputs[0]
            count = x.size // x.shape[1]
            self.moments[node.name] = x.mean((0, 2, 3)), x.var((0, 2, 3)) * np.float32(count / max(count - 1, 1))
            result, back = gradients.batch_norm_of_batch(node.block, self.weights, x)
        else:
            result, back = gradients.rule(node.block)(node.block, self.weights, *inputs)
        if self.remember:
            self._backs[node.name] = back
        self._keep(node.name, result)

    def _convolve(self, node: Node, block: Conv) -> None:
        base, kernel = self._base(node.inputs[0], block.padding), self._kernel(block)
        multiplies = self.plan.multiplies(block)
        y = convolve_by_product(base, kernel) if multiplies else for_block(block).forward(base, kernel)
        bias, leak = self.weights[block.bias] if block.bias else None, self.plan.leaks.get(node.name)
        name = self._end(node)
        if leak is None and self.plan.margins[name] == NOTHING:
            if bias is not None:
                y += bias[:, None, None]
            self._values[name] = y
            return
        _, out = self._room(name, y.shape)
        arithmetic.shift_leak(y, bias, _slope(leak), out)
        self._close(name)

    def _kernel(self, block: Conv) -> Array:
        return self.weights[spectral.name_of(block, self.weights)]

    def _norm(self, node: Node, block: Norm) -> None:
        x = self._own(node.inputs[0])
        deviations = arithmetic.normalise(x, block.over, block.eps)
        if self.remember:
            self._normal[node.name] = x, deviations
        name = self._end(node)
        _, out = self._room(name, x.shape)
        gamma, beta = self._affine(block)
        arithmetic.scale_shift(x, gamma, beta, _slope(self.plan.leaks.get(node.name)), out)
        self._close(name)

    def _affine(self, block: Norm) -> tuple[Array, Array]:
        return self.weights[block.gamma or ""], self.weights[block.beta or ""]

    def _resize(self, node: Node, block: Double | Halve | Resize) -> None:
        source = self._middle(node.inputs[0])
        rows, columns = arithmetic.resize_matrices(block, arithmetic.size_of(source))
        _, out = self._room(node.name, (*source.shape[:2], len(rows), len(columns)))
        arithmetic.resize(source, rows, columns, out)
        self._close(node.name)

    def _back(self, node: Node, g: Array, learn: bool, unwanted: tuple[str, ...]) -> dict[str, Array]:
        match node.block:
            case Conv():
                return self._back_conv(node, node.block, g, learn, node.inputs[0] not in unwanted)
            case Norm() if _is_plain_norm(node.block):
                return self._back_norm(node, node.block, g)
            case Double() | Halve() | Resize():
                source = self._middle(node.inputs[0])
                rows, columns = arithmetic.resize_matrices(node.block, arithmetic.size_of(source))
                out = np.empty(source.shape, np.float32)
                arithmetic.resize(g, np.ascontiguousarray(rows.T), np.ascontiguousarray(columns.T), out)
                self._add(node.inputs[0], out)
                return {}
        slopes, found = self._backs.pop(node.name)(g)
        for name, slope in zip(node.inputs, slopes, strict=True):
            if name not in unwanted:
                self._add(name, slope)
        return found

    def _back_conv(self, node: Node, block: Conv, g: Array, learn: bool, wanted: bool) -> dict[str, Array]:
        base, kernel = self._base(node.inputs[0], block.padding), self._kernel(block)
        leak = self.plan.leaks.get(node.name)
        g = arithmetic.unleak(g, self._middle(leak.name), _slope(leak)) if leak else np.ascontiguousarray(g)
        found: dict[str, Array] = {}
        if learn:
            found[spectral.name_of(block, self.weights)] = for_block(block).to_kernel(g, base, block.shape)
            found |= {block.bias: g.sum((0, 2, 3))} if block.bias else {}
        if wanted:
            multiplies = self.plan.multiplies(block)
            whole = slope_by_product(g, kernel) if multiplies else for_block(block).to_input(g, kernel, base.shape)
            self._add(node.inputs[0], arithmetic.fold_margin(whole, block.padding))
        return found

    def _back_norm(self, node: Node, block: Norm, g: Array) -> dict[str, Array]:
        normal, deviations = self._normal.pop(node.name)
        result, gamma = self._middle(self._end(node)), self._affine(block)[0]
        slope = _slope(self.plan.leaks.get(node.name))
        out, for_gamma, for_beta = arithmetic.norm_gradients(g, normal, result, deviations, gamma, block.over, slope)
        self._add(node.inputs[0], out)
        return {block.gamma or "": for_gamma, block.beta or "": for_beta}

    def _end(self, node: Node) -> str:
        """The name of what a step makes: of the activation that it takes along, if it does."""
        leak = self.plan.leaks.get(node.name)
        return leak.name if leak else node.name

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
        alone = self.plan.margins[name] == NOTHING and self.plan.uses[name] == 1
        alone = alone and isinstance(self.plan.network.by_name[name].block, Conv)
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
    slope: Any = getattr(leak.block, "slope", 1.0) if leak is not None else 1.0
    return float(slope)
