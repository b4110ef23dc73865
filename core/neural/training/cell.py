"""A network as a MindSpore cell with parameters, differentiable, built from its one description."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import numpy as np

from senga.neural.executor import Array, as_array
from senga.neural.graph import Network

from . import plain, spectral
from .runtime import DEVICE, Cell, ms
from .steps import Plan, Walk


class NetworkCell(Cell):  # type: ignore[misc]  # MindSpore has no types
    """Runs a network; its parameters have the names of the weights.

    On a processor ``fast`` walks the network with MindSpore's convolutions and numpy between them, with gradients of
    its own. ``plain`` uses MindSpore's operations throughout.

    Args:
        network: what to run.
        weights: first values, by name.
        form: ``fast`` or ``plain``; by default what suits the device.
        spectral_norm: divide every kernel by its largest singular value.
    """

    def __init__(
        self,
        network: Network,
        weights: Mapping[str, Array],
        form: Literal["fast", "plain"] | None = None,
        *,
        spectral_norm: bool = False,
    ) -> None:
        super().__init__()
        network.check(weights)
        self.network, self.plan = network, Plan(network)
        self.form = form or ("fast" if DEVICE == "cpu" else "plain")
        self.weights = ms.ParameterTuple(
            [ms.Parameter(ms.Tensor(as_array(weights[name])), name=name) for name in network.parameters]
        )
        self.vectors = spectral.first_vectors(network) if spectral_norm else {}

    def construct(self, x: Any, learn: bool = True, to_input: bool = True) -> Any:
        """The result for pictures (N, C, H, W) in [-1, 1].

        Args:
            x: the pictures.
            learn: whether weights get gradients.
            to_input: whether the pictures do.
        """
        if self.form == "plain":
            return plain.run(self.network, x if to_input else ms.ops.stop_gradient(x), self._plain_weights(learn))
        if learn:
            return _Learning(self, to_input)(x, *self.weights)
        return _Fixed(self, to_input)(x)

    def record(self, x: Array) -> tuple[Array, Callable[[Array], dict[str, Array]]]:
        """The result, and a function from its gradient to those of the weights, to be called once.

        Between the two calls the discriminator can learn from the same result.
        """
        if self.form == "plain":
            return self.predict(x), lambda g: self._gradients_again(x, g)
        raw = self.arrays()
        sigmas = self.sigmas(raw)
        walk = Walk(self.plan, _divided(raw, sigmas))

        def back(g: Array) -> dict[str, Array]:
            found = walk.backward(g, learn=True, to_input=False)[1]
            return found | {name: sigma.gradient(found[name], raw[name]) for name, sigma in sigmas.items()}

        return walk.forward(as_array(x)), back

    def learn_from(
        self, pictures: Array, loss: Callable[[Any], Mapping[str, Any]]
    ) -> tuple[dict[str, Array], dict[str, float]]:
        """Gradients of the weights for a loss of the result, and the parts of that loss.

        Args:
            pictures: (N, C, H, W).
            loss: from the result to named parts, whose sum counts; it may run the network itself.
        """
        function = _summed(lambda: loss(self.construct(to_tensor(pictures), True, False)))
        (_, parts), slopes = ms.value_and_grad(function, None, self.weights, has_aux=True)()
        found = {name: slope.asnumpy() for name, slope in zip(self.network.parameters, slopes, strict=True)}
        return found, _numbers(parts)

    def _gradients_again(self, x: Array, g: Array) -> dict[str, Array]:
        product = ms.grad(lambda: (self.construct(to_tensor(x)) * to_tensor(g)).sum(), None, self.weights)
        found = zip(self.network.parameters, product(), strict=True)
        return {name: gradient.asnumpy() for name, gradient in found}

    def predict(self, x: Array) -> Array:
        """The result without remembering anything for gradients."""
        if self.form == "plain":
            return self.construct(ms.Tensor(as_array(x)), False, False).asnumpy()  # type: ignore[no-any-return]
        weights = self.arrays()
        return Walk(self.plan, _divided(weights, self.sigmas(weights)), remember=False).forward(as_array(x))

    def arrays(self) -> dict[str, Array]:
        """The weights, by name; copies."""
        return {name: w.asnumpy().copy() for name, w in zip(self.network.parameters, self.weights, strict=True)}

    def load(self, weights: Mapping[str, Array]) -> None:
        """Take other weights.

        Raises:
            ModelError: they do not fit.
        """
        self.network.check(weights)
        for name, parameter in zip(self.network.parameters, self.weights, strict=True):
            ms.ops.assign(parameter, ms.Tensor(as_array(weights[name])))  # after set_data, asnumpy stays behind

    def follow(self) -> None:
        """One power iteration of every kernel; once a step."""
        current = self.arrays()
        self.vectors = {name: spectral.iterate(current[name], left) for name, left in self.vectors.items()}

    def sigmas(self, weights: Mapping[str, Array]) -> dict[str, spectral.Sigma]:
        """What each kernel is divided by."""
        return {name: spectral.Sigma.of(weights[name], left) for name, left in self.vectors.items()}

    def _plain_weights(self, learn: bool) -> dict[str, Any]:
        given = {
            name: w if learn else ms.ops.stop_gradient(w)
            for name, w in zip(self.network.parameters, self.weights, strict=True)
        }
        for name, sigma in self.sigmas(self.arrays()).items():
            shape = given[name].shape
            flat = given[name].reshape(shape[0], -1)  # (outputs, inputs * height * width)
            value = (ms.Tensor(sigma.left) * ms.ops.matmul(flat, ms.Tensor(sigma.right))).sum()
            given[name] = given[name] / value
        return given


class _Pass(Cell):  # type: ignore[misc]  # MindSpore has no types
    """One way through the network and back; a new one for every call, since each remembers its own values."""

    def __init__(self, owner: NetworkCell, to_input: bool) -> None:
        super().__init__(auto_prefix=False)
        self._owner = [owner]  # in a list, so that the cell does not adopt it
        self._to_input = to_input
        self._walk: list[Walk] = []

    def _forward(self, x: Any) -> Any:
        owner = self._owner[0]
        weights = {name: w.asnumpy() for name, w in zip(owner.network.parameters, owner.weights, strict=True)}
        self._sigmas = owner.sigmas(weights)
        self._raw = {name: weights[name] for name in self._sigmas}
        self._walk = [Walk(owner.plan, _divided(weights, self._sigmas))]
        return to_tensor(self._walk[0].forward(x.asnumpy()))

    def _backward(self, x: Any, g: Any, learn: bool) -> tuple[Any, ...]:
        to_input, found = self._walk.pop().backward(g.asnumpy(), learn=learn, to_input=self._to_input)
        to_input = np.zeros(x.shape, np.float32) if to_input is None else to_input
        for name, sigma in self._sigmas.items() if learn else ():
            found[name] = sigma.gradient(found[name], self._raw[name])
        rest = (to_tensor(found[name]) for name in self._owner[0].network.parameters) if learn else ()
        return (to_tensor(to_input), *rest)


class _Learning(_Pass):
    def construct(self, x: Any, *weights: Any) -> Any:
        return self._forward(x)

    def bprop(self, *given: Any) -> tuple[Any, ...]:
        return self._backward(given[0], given[-1], True)


class _Fixed(_Pass):
    def construct(self, x: Any) -> Any:
        return self._forward(x)

    def bprop(self, x: Any, out: Any, g: Any) -> tuple[Any, ...]:
        return self._backward(x, g, False)


def _divided(weights: Mapping[str, Array], sigmas: Mapping[str, spectral.Sigma]) -> dict[str, Array]:
    """The weights with spectral norm, where that is asked for."""
    return {**weights, **{name: weights[name] / np.float32(sigma.value) for name, sigma in sigmas.items()}}


def gradient_of(loss: Callable[[Any], Mapping[str, Any]], x: Array) -> tuple[Array, dict[str, float]]:
    """The gradient of a loss in its argument, and the loss's named parts, whose sum counts."""
    (_, parts), slope = ms.value_and_grad(_summed(loss), 0, None, has_aux=True)(to_tensor(x))
    return from_tensor(slope), _numbers(parts)


def _summed(loss: Callable[..., Mapping[str, Any]]) -> Callable[..., tuple[Any, dict[str, Any]]]:
    def function(*given: Any) -> tuple[Any, dict[str, Any]]:
        parts = dict(loss(*given))
        values = list(parts.values())
        return sum(values[1:], values[0]), parts

    return function


def _numbers(parts: Mapping[str, Any]) -> dict[str, float]:
    return {name: float(part.asnumpy()) for name, part in parts.items()}


def from_tensor(tensor: Any) -> Array:
    """The values of a tensor."""
    array: Array = tensor.asnumpy()
    return array


def to_tensor(array: Array) -> Any:
    """A MindSpore tensor; it may share the array's memory."""
    return ms.Tensor.from_numpy(np.ascontiguousarray(array, np.float32))
