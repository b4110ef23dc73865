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
    its own. ``plain`` uses MindSpore's operations throughout. After ``set_train()`` batch norms take the statistics of
    what they see, and ``follow`` moves those of the network towards them.

    Args:
        network: what to run.
        weights: first values, by name.
        form: ``fast`` or ``plain``; by default what suits the device.
        spectral_norm: divide every kernel by its largest singular value.
        learns: False says that weights never get gradients.

    Raises:
        ModelError: the weights do not fit.
        TypeError: training does not know a block of the network.
    """

    def __init__(
        self,
        network: Network,
        weights: Mapping[str, Array],
        form: Literal["fast", "plain"] | None = None,
        *,
        spectral_norm: bool = False,
        learns: bool = True,
    ) -> None:
        super().__init__()
        network.check(weights)
        self.network, self.plan = network, Plan(network, by_products=not learns)
        self.form = form or ("fast" if DEVICE == "cpu" else "plain")
        self.weights = ms.ParameterTuple(
            [ms.Parameter(ms.Tensor(as_array(weights[name])), name=name) for name in network.parameters]
        )
        self.vectors = spectral.first_vectors(network) if spectral_norm else {}
        self.moments: dict[str, tuple[Array, Array]] = {}

    def construct(self, x: Any, learn: bool = True, to_input: bool = True) -> Any:
        """The result for pictures (N, C, H, W) in [-1, 1]; a tuple where the network has several.

        Args:
            x: the pictures; a tuple where the network has several inputs.
            learn: whether weights get gradients.
            to_input: whether the pictures do.
        """
        given = x if isinstance(x, tuple) else (x,)
        if self.form == "plain":
            return self._plainly(given if to_input else tuple(map(ms.ops.stop_gradient, given)), learn)
        if learn:
            return _Learning(self, to_input)(*given, *self.weights)
        return _Fixed(self, to_input)(*given)

    def _plainly(self, given: tuple[Any, ...], learn: bool) -> Any:
        moments: dict[str, tuple[Any, Any]] | None = {} if self.training else None
        pictures = dict(zip(self.network.inputs, given, strict=True))
        found = tuple(plain.run(self.network, pictures, self._plain_weights(learn), moments).values())
        for name, pair in (moments or {}).items():
            self.moments[name] = from_tensor(pair[0]), from_tensor(pair[1])
        return found if len(found) > 1 else found[0]

    def record(self, x: Array) -> tuple[Array, Callable[[Array], dict[str, Array]]]:
        """The result, and a function from its gradient to those of the weights, to be called once.

        Between the two calls the discriminator can learn from the same result.
        """
        if self.form == "plain":
            return from_tensor(self.construct(to_tensor(x), False, False)), lambda g: self._gradients_again(x, g)
        raw = self.arrays()
        sigmas = self.sigmas(raw)
        walk = self._walk(_divided(raw, sigmas))

        def back(g: Array) -> dict[str, Array]:
            return _of_raw(walk.backward([g], learn=True, to_input=False)[1], sigmas, raw)

        return walk.forward(as_array(x))[0], back

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
        return found, numbers_of(parts)

    def _gradients_again(self, x: Array, g: Array) -> dict[str, Array]:
        product = ms.grad(lambda: (self.construct(to_tensor(x)) * to_tensor(g)).sum(), None, self.weights)
        found = zip(self.network.parameters, product(), strict=True)
        return {name: gradient.asnumpy() for name, gradient in found}

    def predict(self, x: Array) -> Array:
        """The first result, without remembering anything for gradients or of batches."""
        return self.predict_all(x)[0]

    def predict_all(self, *given: Array) -> list[Array]:
        """All results for all inputs, both in the order of the network."""
        if self.form == "plain":
            pictures = {name: to_tensor(x) for name, x in zip(self.network.inputs, given, strict=True)}
            found = plain.run(self.network, pictures, self._plain_weights(False))
            return [from_tensor(result) for result in found.values()]
        weights = {name: w.asnumpy() for name, w in zip(self.network.parameters, self.weights, strict=True)}
        walk = Walk(self.plan, _divided(weights, self.sigmas(weights)), remember=False)
        return walk.forward(*map(as_array, given))

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
        """One power iteration of every kernel, and a step of every batch norm's statistics; once a step."""
        current = self.arrays() if self.vectors or self.moments else {}
        self.vectors = {name: spectral.iterate(current[name], left) for name, left in self.vectors.items()}
        if self.moments:
            self.load(current | _moved(self.network, current, self.moments))
            self.moments = {}

    def sigmas(self, weights: Mapping[str, Array]) -> dict[str, spectral.Sigma]:
        """What each kernel is divided by."""
        return {name: spectral.Sigma.of(weights[name], left) for name, left in self.vectors.items()}

    def _walk(self, weights: Mapping[str, Array]) -> Walk:
        return Walk(self.plan, weights, learns=self.training, moments=self.moments)

    def _plain_weights(self, learn: bool) -> dict[str, Any]:
        given = {
            name: w if learn else ms.ops.stop_gradient(w)
            for name, w in zip(self.network.parameters, self.weights, strict=True)
        }
        for name, sigma in self.sigmas(self.arrays()).items() if self.vectors else ():
            shape = given[name].shape
            flat = given[name].reshape(shape[0], -1)  # (outputs, inputs * height * width)
            value = (ms.Tensor(sigma.left) * ms.ops.matmul(flat, ms.Tensor(sigma.right))).sum()
            given[f"{spectral.RAW}{name}"], given[name] = given[name], given[name] / value
        return given


class _Pass(Cell):  # type: ignore[misc]  # MindSpore has no types
    """One way through the network and back; a new one for every call, since each remembers its own values."""

    def __init__(self, owner: NetworkCell, to_input: bool) -> None:
        super().__init__(auto_prefix=False)
        self._owner = [owner]  # in a list, so that the cell does not adopt it
        self._inputs, self._to_input = len(owner.network.inputs), to_input
        self._walk: list[Walk] = []

    def _forward(self, given: tuple[Any, ...]) -> Any:
        owner = self._owner[0]
        weights = {name: w.asnumpy() for name, w in zip(owner.network.parameters, owner.weights, strict=True)}
        self._sigmas = owner.sigmas(weights)
        self._raw = {name: weights[name] for name in self._sigmas}
        self._walk = [owner._walk(_divided(weights, self._sigmas))]
        found = tuple(to_tensor(result) for result in self._walk[0].forward(*(x.asnumpy() for x in given)))
        return found if len(found) > 1 else found[0]

    def _backward(self, given: tuple[Any, ...], grads: Any, learn: bool) -> tuple[Any, ...]:
        several = grads if isinstance(grads, tuple | list) else (grads,)  # MindSpore unpacks a tuple of one
        walk = self._walk.pop()
        slopes, found = walk.backward([g.asnumpy() for g in several], learn=learn, to_input=self._to_input)
        to_inputs = [
            np.zeros(x.shape, np.float32) if slope is None else slope for x, slope in zip(given, slopes, strict=True)
        ]
        found = _of_raw(found, self._sigmas, self._raw) if learn else found
        rest = (to_tensor(found[name]) for name in self._owner[0].network.parameters) if learn else ()
        return (*map(to_tensor, to_inputs), *rest)


class _Learning(_Pass):
    def construct(self, *given: Any) -> Any:
        return self._forward(given[: self._inputs])

    def bprop(self, *given: Any) -> tuple[Any, ...]:
        return self._backward(given[: self._inputs], given[-1], True)


class _Fixed(_Pass):
    def construct(self, *given: Any) -> Any:
        return self._forward(given)

    def bprop(self, *given: Any) -> tuple[Any, ...]:
        return self._backward(given[: self._inputs], given[-1], False)


def _moved(
    network: Network, weights: Mapping[str, Array], moments: Mapping[str, tuple[Array, Array]], share: float = 0.1
) -> dict[str, Array]:
    """The statistics of batch norms, moved towards those of what was seen, by the usual tenth."""
    found = {}
    for name, pair in moments.items():
        block: Any = network.by_name[name].block
        for each, seen in zip((block.mean, block.variance), pair, strict=True):
            found[each] = weights[each] + np.float32(share) * (seen - weights[each])
    return found


def _divided(weights: Mapping[str, Array], sigmas: Mapping[str, spectral.Sigma]) -> dict[str, Array]:
    """The weights with spectral norm, where that is asked for; as they were before, under names of their own."""
    divided = {name: weights[name] / np.float32(sigma.value) for name, sigma in sigmas.items()}
    return {**weights, **divided, **{f"{spectral.RAW}{name}": weights[name] for name in sigmas}}


def _of_raw(
    found: Mapping[str, Array], sigmas: Mapping[str, spectral.Sigma], raw: Mapping[str, Array]
) -> dict[str, Array]:
    """Gradients of kernels from those of the divided ones, and of where they count undivided."""
    own = {name: sigma.gradient(found[name], raw[name]) for name, sigma in sigmas.items()}
    own |= {name: own[name] + found[f"{spectral.RAW}{name}"] for name in own if f"{spectral.RAW}{name}" in found}
    return {**{name: g for name, g in found.items() if not name.startswith(spectral.RAW)}, **own}


def gradient_of(loss: Callable[[Any], Mapping[str, Any]], x: Array) -> tuple[Array, dict[str, float]]:
    """The gradient of a loss in its argument, and the loss's named parts, whose sum counts."""
    (_, parts), slope = ms.value_and_grad(_summed(loss), 0, None, has_aux=True)(to_tensor(x))
    return from_tensor(slope), numbers_of(parts)


def _summed(loss: Callable[..., Mapping[str, Any]]) -> Callable[..., tuple[Any, dict[str, Any]]]:
    def function(*given: Any) -> tuple[Any, dict[str, Any]]:
        parts = dict(loss(*given))
        values = list(parts.values())
        return sum(values[1:], values[0]), parts

    return function


def numbers_of(parts: Mapping[str, Any]) -> dict[str, float]:
    """Tensors of one number each as numbers."""
    return {name: float(part.asnumpy()) for name, part in parts.items()}


def from_tensor(tensor: Any) -> Array:
    """The values of a tensor."""
    array: Array = tensor.asnumpy()
    return array


def to_tensor(array: Array) -> Any:
    """A MindSpore tensor; it may share the array's memory."""
    return ms.Tensor.from_numpy(np.ascontiguousarray(array, np.float32))
