"""Weights made ready to run: kernels with upsampling folded in, scaled for half precision; kept for reuse."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .blocks import Conv, Norm
from .executor import Array, Executor
from .fold import fused
from .network import Network, Node

_KEPT = 4
_lock = threading.Lock()
_prepared: OrderedDict[tuple[int, bytes, Network], Prepared] = OrderedDict()


@dataclass(frozen=True, eq=False)
class Prepared:
    """A network with its weights on an executor.

    Attributes:
        executor: that runs it.
        network: as it is run; see ``fused``.
        parts: what each block made of its weights.
    """

    executor: Executor
    network: Network
    parts: Mapping[str, Any]


def prepare(network: Network, weights: Mapping[str, NDArray[Any]], executor: Executor) -> Prepared:
    """Make ready, or take what the last pictures were painted with.

    Raises:
        ModelError: the weights do not fit the network.
    """
    network.check(weights)
    key = (id(executor), digest(network, weights), network)
    with _lock:
        if key not in _prepared:
            _prepared[key] = _prepare(fused(network), weights, executor)
        _prepared.move_to_end(key)
        while len(_prepared) > _KEPT:
            _prepared.popitem(last=False)
        return _prepared[key]


def _prepare(network: Network, weights: Mapping[str, NDArray[Any]], executor: Executor) -> Prepared:
    parts: dict[str, Any] = {}
    scales: dict[str, float] = {}
    for node in network.nodes:
        if isinstance(node.block, Conv) and _feeds_norm(network, node):
            scales[node.name] = _unit_scale(node.block.scaled(weights, 1.0)[0])
        scale = scales.get(node.inputs[0] if isinstance(node.block, Norm) else node.name, 1.0)
        parts[node.name] = node.block.prepare(weights, executor, scale)
    return Prepared(executor, network, parts)


def _feeds_norm(network: Network, node: Node) -> bool:
    readers = network.readers[node.name]
    if node.name in {output.node for output in network.outputs}:
        return False
    return len(readers) == 1 and isinstance(readers[0].block, Norm)


def _unit_scale(kernel: Array) -> float:
    """The power of two that brings outputs near 1, where half precision is good; the norm behind takes it out again."""
    spread = float(np.sqrt(np.square(kernel, dtype=np.float64).sum(axis=(1, 2, 3)).mean()))
    return float(2.0 ** -np.clip(np.round(np.log2(spread)), -60, 60)) if spread > 0 else 1.0


def digest(network: Network, weights: Mapping[str, NDArray[Any]]) -> bytes:
    """What tells weights from others: their bits summed up in rows and in columns, which is far faster than a hash."""
    found = hashlib.blake2b(digest_size=16)
    for name in network.parameters:
        octets = np.ascontiguousarray(weights[name]).reshape(-1).view(np.uint8)  # (bytes,)
        side = isqrt(len(octets) // 8)
        square, rest = octets[: 8 * side**2].view(np.uint64).reshape(side, side), octets[8 * side**2 :]  # (side, side)
        for part in (square.sum(axis=0), square.sum(axis=1), rest):
            found.update(part.data)
    return found.digest()
