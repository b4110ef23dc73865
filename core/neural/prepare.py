"""Weights made ready to run: kernels with upsampling folded in, scaled for half precision; kept for reuse."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .blocks import Conv, Norm
from .executor import Array, Convolution, Executor, as_array
from .fold import doubled_input
from .graph import Network, Node
from .moments import Moments

_KEPT = 4
_lock = threading.Lock()
_prepared: OrderedDict[tuple[int, bytes, Network], Prepared] = OrderedDict()


@dataclass(frozen=True)
class NormParameters:
    """What a norm needs beside the statistics."""

    norm: Norm
    gamma: NDArray[np.float64]
    beta: NDArray[np.float64]
    eps: float

    def affine(self, moments: Moments) -> tuple[Array, Array]:
        """The norm of a layer with these statistics as a scale and a shift for each channel."""
        mean, variance = moments.mean, moments.squares / moments.count
        if self.norm.over == "picture":
            overall = mean.mean()
            variance = variance.mean() + np.square(mean - overall).mean()
            mean = overall
        scale = self.gamma / np.sqrt(variance + self.eps)
        return scale.astype(np.float32), (self.beta - mean * scale).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Prepared:
    """A network with its weights on an executor."""

    executor: Executor
    convolutions: Mapping[str, Convolution]
    norms: Mapping[str, NormParameters]


@cache
def sources(network: Network) -> dict[str, tuple[str, ...]]:
    """What each node reads; a convolution with a folded upsampling reads the small picture."""
    small = {node.name: doubled_input(network, node) for node in network.nodes}
    return {node.name: node.inputs if (source := small[node.name]) is None else (source,) for node in network.nodes}


def prepare(network: Network, weights: Mapping[str, NDArray[Any]], executor: Executor) -> Prepared:
    """Make ready, or take what the last pictures were painted with.

    Raises:
        ModelError: the weights do not fit the network.
    """
    network.check(weights)
    key = (id(executor), digest(network, weights), network)
    with _lock:
        if key not in _prepared:
            _prepared[key] = _prepare(network, weights, executor)
        _prepared.move_to_end(key)
        while len(_prepared) > _KEPT:
            _prepared.popitem(last=False)
        return _prepared[key]


def _prepare(network: Network, weights: Mapping[str, NDArray[Any]], executor: Executor) -> Prepared:
    convolutions: dict[str, Convolution] = {}
    norms: dict[str, NormParameters] = {}
    scales: dict[str, float] = {}
    for node in network.nodes:
        match node.block:
            case Conv() as conv:
                kernel = as_array(weights[conv.weight])
                bias = as_array(weights[conv.bias]) if conv.bias else None
                scale = scales[node.name] = _unit_scale(kernel) if _feeds_norm(network, node) else 1.0
                offsets = None if bias is None else bias * np.float32(scale)
                convolutions[node.name] = _convolution(network, node, kernel * np.float32(scale), offsets, executor)
            case Norm() as norm:
                eps = norm.eps * scales.get(node.inputs[0], 1.0) ** 2
                gamma, beta = (np.asarray(weights[name], np.float64) for name in (norm.gamma, norm.beta))
                norms[node.name] = NormParameters(norm, gamma, beta, eps)
    return Prepared(executor, convolutions, norms)


def _convolution(network: Network, node: Node, kernel: Array, bias: Array | None, executor: Executor) -> Convolution:
    if sources(network)[node.name] != node.inputs:
        return executor.doubling(as_array(kernel), bias)
    assert isinstance(node.block, Conv)  # noqa: S101 - for the type checker
    return executor.convolution(kernel, bias, node.block.stride, node.block.groups)


def _feeds_norm(network: Network, node: Node) -> bool:
    readers = network.readers[node.name]
    return len(readers) == 1 and isinstance(readers[0].block, Norm)


def _unit_scale(kernel: Array) -> float:
    """The power of two that brings outputs near 1, where half precision is good; the norm behind takes it out again."""
    spread = float(np.sqrt(np.square(kernel, dtype=np.float64).sum(axis=(1, 2, 3)).mean()))
    return float(2.0 ** -np.clip(np.round(np.log2(spread)), -60, 60)) if spread > 0 else 1.0


def digest(network: Network, weights: Mapping[str, NDArray[Any]]) -> bytes:
    """What tells weights from others."""
    found = hashlib.blake2b(digest_size=16)
    for name in network.parameters:
        found.update(np.ascontiguousarray(weights[name]).data)
    return found.digest()
