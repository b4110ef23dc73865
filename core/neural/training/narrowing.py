"""First weights of a narrow network from a wide one of the same architecture, by what both see in photographs.

Of the channels of each layer those are kept from which the others can best be told; kernels read what is lost from what
is left, and norms are scaled and shifted to give what the wide network gives. No gradients are needed.

Reference:
    Y. He, X. Zhang, J. Sun: Channel Pruning for Accelerating Very Deep Neural Networks. ICCV 2017,
    doi:10.1109/ICCV.2017.155 (least squares on the features of each layer).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from senga.neural.blocks import Add, Conv, Norm
from senga.neural.executor import Array
from senga.neural.graph import Network, Node, Output

Look = Callable[[Network, Mapping[str, Array]], Sequence[Array]]
"""The results of a network with these weights for some photographs, (N, C, H, W) each."""

ROWS = 20_000
"""Places at which features are compared."""
RIDGE = 1e-6
"""Share of the mean energy of a channel that keeps least squares sound."""


def narrowed(wide: Network, weights: Mapping[str, Array], narrow: Network, look: Look) -> dict[str, Array]:
    """Weights for ``narrow`` with which it does nearly what ``wide`` does.

    Args:
        wide: of the same nodes, with as many channels or more.
        weights: those of ``wide``.
        narrow: whose weights are wanted.
        look: runs either on the same photographs.

    Raises:
        ValueError: the two are not of one architecture, or have channels that are sorted or joined.
    """
    if [(node.name, type(node.block)) for node in wide.nodes] != [(n.name, type(n.block)) for n in narrow.nodes]:
        raise ValueError(f"{narrow.name} is no narrower {wide.name}")
    return _Narrowing(wide, weights, narrow, look).done()


class _Narrowing:
    def __init__(self, wide: Network, weights: Mapping[str, Array], narrow: Network, look: Look) -> None:
        self.wide, self.weights, self.narrow, self._look = wide, weights, narrow, look
        self.found = {name: np.zeros(shape, np.float32) for name, shape in narrow.parameters.items()}
        self._home = homes(wide)
        self.kept: dict[str, NDArray[np.int64]] = {}

    def done(self) -> dict[str, Array]:
        taken = [node.inputs[0] for node in self.wide.nodes if _mixes(node.block)]
        read = dict.fromkeys(name for name in taken if self._home[name] not in self.wide.inputs)
        normed = dict.fromkeys(node.name for node in self.wide.nodes if isinstance(node.block, Norm))
        self._seen = self._of(self.wide, self.weights, [*read, *(name for name in normed if name not in read)])
        for name in dict.fromkeys(self._home.values()):
            self.kept[name] = self._choice(name, [each for each in read if self._home[each] == name])
        for node in self.narrow.nodes:
            self._fit(node)
        return self.found

    def _of(self, network: Network, weights: Mapping[str, Array], names: Sequence[str]) -> dict[str, Array]:
        """What nodes give at some places, (places, channels)."""
        last = max(network.order[name] for name in names)
        outputs = tuple(Output(name, name) for name in names)
        seen = replace(network, nodes=network.nodes[: last + 1], outputs=outputs)
        found = self._look(seen, {name: weights[name] for name in seen.parameters})
        flat = [values.transpose(0, 2, 3, 1).reshape(-1, values.shape[1]) for values in found]
        return {name: rows[:: -(-len(rows) // ROWS)] for name, rows in zip(names, flat, strict=True)}

    def _choice(self, home: str, read: Sequence[str]) -> NDArray[np.int64]:
        """The channels that a group of layers keeps."""
        count, wanted = self.wide.by_name[home].channels, self.narrow.by_name[home].channels
        if count == wanted or not read:
            return np.arange(wanted)
        together = [np.cov(self._seen[name].T * self._weight(name)[:, None]) for name in read]
        return telling(np.sum(together, axis=0), wanted)

    def _weight(self, name: str) -> Array:
        """How much each channel counts for the kernels that read it."""
        readers = [node.block for node in self.wide.readers[name] if isinstance(node.block, Conv)]
        kernels = [self.weights[block.weight] for block in readers if _mixes(block)]
        return np.asarray(np.sqrt(sum(np.square(kernel).sum((0, 2, 3)) for kernel in kernels)), np.float32)

    def _fit(self, node: Node) -> None:
        block, kept = node.block, self.kept[self._home[node.name]]
        if isinstance(block, Conv) and _mixes(block) and node.inputs[0] in self._seen:
            self._fit_kernel(node, block, kept)
        elif isinstance(block, Norm):
            self._fit_norm(node, block, kept)
        else:
            for name in block.parameters(node.channels):
                self.found[name] = self.weights[name][kept]

    def _fit_kernel(self, node: Node, block: Conv, kept: NDArray[np.int64]) -> None:
        name = node.inputs[0]
        wanted, given = self._seen[name], self._of(self.narrow, self.found, [name])[name]
        middle, own = wanted.mean(0), given.mean(0)
        shares = told_from(given - own, wanted - middle)
        kernel = self.weights[block.weight][kept]
        self.found[block.weight] = np.einsum("ochw,kc->okhw", kernel, shares).astype(np.float32)
        if block.bias:
            self.found[block.bias] = self.weights[block.bias][kept] + kernel.sum((2, 3)) @ (middle - own @ shares)

    def _fit_norm(self, node: Node, block: Norm, kept: NDArray[np.int64]) -> None:
        assert block.gamma  # noqa: S101 - checked by `homes`
        assert block.beta  # noqa: S101
        self.found[block.gamma] = np.ones(node.channels, np.float32)
        wanted, given = self._seen[node.name][:, kept], self._of(self.narrow, self.found, [node.name])[node.name]
        own = given - given.mean(0)
        gamma = (own * wanted).mean(0) / (np.square(own).mean(0) + 1e-6)
        self.found[block.gamma], self.found[block.beta] = gamma, wanted.mean(0) - gamma * given.mean(0)


def homes(network: Network) -> dict[str, str]:
    """For each node the first one whose channels are the same: those of sums, norms and the like are.

    Raises:
        ValueError: channels are sorted or joined, or norms have no weights of their own.
    """
    found: dict[str, str] = {}
    for node in network.nodes:
        same = [found[name] for name in node.inputs]
        if not node.inputs or _mixes(node.block):
            found[node.name] = node.name
            continue
        plain = all(network.by_name[name].channels == node.channels for name in node.inputs)
        own = not isinstance(node.block, Norm) or bool(node.block.gamma and node.block.beta)
        if not (plain and own and (len(same) == 1 or isinstance(node.block, Add))):
            raise ValueError(f"{network.name} has channels that cannot be chosen")
        found = {name: same[0] if home in same else home for name, home in found.items()} | {node.name: same[0]}
    return found


def _mixes(block: object) -> bool:
    """Whether every channel of the result is made from all that come in."""
    return isinstance(block, Conv) and block.groups == 1


def telling(covariance: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """Of some channels those from which the others can best be told, one by one.

    Args:
        covariance: of the channels.
        count: so many are wanted.
    """
    left, chosen = np.array(covariance, np.float64), list[int]()
    for _ in range(count):
        own = np.diag(left)
        gain = np.where(own > 1e-12, np.square(left).sum(0) / np.maximum(own, 1e-12), -1.0)
        gain[chosen] = -2.0
        best = int(gain.argmax())
        chosen.append(best)
        if own[best] > 1e-12:
            left = left - np.outer(left[best], left[best]) / own[best]
    return np.sort(np.array(chosen))


def told_from(given: Array, wanted: Array) -> NDArray[np.float64]:
    """The matrix that makes ``given`` (places, k) most like ``wanted`` (places, c), (k, c)."""
    products = given.T.astype(np.float64) @ given
    products += RIDGE * np.trace(products) / len(products) * np.eye(len(products)) + 1e-12 * np.eye(len(products))
    found: NDArray[np.float64] = np.linalg.solve(products, given.T.astype(np.float64) @ wanted)
    return found
