"""The order of work: one sweep over the picture for every norm, and where each layer waits meanwhile.

A norm needs the statistics of the whole layer before it, so a network is worked through sweep by sweep. A sweep
computes the input of one norm from top to bottom, takes its sums, and keeps the rows. What is not kept is computed
again by the sweeps that need it, so a network runs with any set of kept layers, only slower with fewer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from math import prod

from .blocks import Add, Conv
from .network import Network, Size


@dataclass(frozen=True)
class Sweep:
    """One pass over the picture.

    Attributes:
        root: the node that is computed, all rows of it.
        norms: the norms whose statistics are complete afterwards.
        keeps: whether the rows of the root are kept.
        nodes: everything that is computed on the way, the root too.
        reads: kept layers that are read.
        done: kept layers that no later sweep reads.
    """

    root: str
    norms: tuple[str, ...]
    keeps: bool
    nodes: tuple[str, ...]
    reads: frozenset[str]
    done: frozenset[str] = frozenset()


_HALF_PRECISION = 0.9
"""Layers at half precision may take this part of the memory for certain: the file takes what is beyond it."""


def keepable(network: Network) -> list[str]:
    """Layers worth keeping: what stands before a norm, and sums that are read twice."""
    shared = {
        name for name, node in network.by_name.items() if isinstance(node.block, Add) and len(network.readers[name]) > 1
    }
    return [name for name in network.by_name if _norms(network, name) or name in shared]


@lru_cache(maxsize=16)
def sweeps(network: Network, kept: frozenset[str]) -> tuple[Sweep, ...]:
    """All sweeps in order, the one that makes the result last."""
    order: list[Sweep] = []
    filled: set[str] = set()
    roots = [name for name in network.by_name if name in kept or _norms(network, name)]
    for root in [*roots, network.nodes[-1].name]:
        nodes, reads = _reach(network, root, filled)
        order.append(Sweep(root, _norms(network, root), root in kept, tuple(nodes), frozenset(reads)))
        filled |= {root} & kept
    last = {name: i for i, sweep in enumerate(order) for name in (*sweep.reads, *({sweep.root} & kept))}
    return tuple(replace(s, done=frozenset(name for name, j in last.items() if i == j)) for i, s in enumerate(order))


def _norms(network: Network, name: str) -> tuple[str, ...]:
    """What behind a node must know of all its rows."""
    if name in network.vectors:
        return ()
    return tuple(node.name for node in network.readers[name] if node.block.whole)


@dataclass(frozen=True)
class Waiting:
    """Layers that are kept until they are read, and whether at full precision."""

    layers: frozenset[str]
    exact: bool


def waiting(network: Network, sizes: Mapping[str, Size], memory: int, disk: int) -> Waiting:
    """Which layers are kept: all as they are if memory allows it, else as many at half precision as there is room for.

    Args:
        network: the network.
        sizes: of its nodes.
        memory: bytes for waiting layers.
        disk: bytes for a scratch file.
    """
    names = keepable(network)
    numbers = {name: network.by_name[name].channels * prod(sizes[name]) for name in names}
    if 4 * _peak(network, names, numbers) <= memory:
        return Waiting(frozenset(names), exact=True)
    kept: list[str] = []
    for name in names:
        if 2 * _peak(network, [*kept, name], numbers) <= _HALF_PRECISION * memory + disk:
            kept.append(name)
    return Waiting(frozenset(kept), exact=False)


def operations(network: Network, sizes: Mapping[str, Size], nodes: Iterable[str]) -> int:
    """Multiplications and additions of the convolutions among ``nodes``."""
    return sum(network.by_name[name].block.operations(network.place(name, sizes)) for name in nodes)


def has_margins(network: Network, nodes: Iterable[str]) -> bool:
    """Whether a dense convolution among ``nodes`` reads rows beside its own."""
    blocks = (network.by_name[name].block for name in nodes)
    return any(isinstance(block, Conv) and block.kernel > 1 and block.groups == 1 for block in blocks)


def working_bytes(network: Network, sizes: Mapping[str, Size], nodes: Iterable[str], columns: int | None = None) -> int:
    """Bytes that computing ``nodes`` all at once would take beside the kept layers.

    Args:
        network: the network.
        sizes: of its nodes.
        nodes: to compute.
        columns: that are convolved at once, all by default.
    """
    return sum(network.by_name[name].block.working(network.place(name, sizes), columns) for name in nodes)


def _reach(network: Network, root: str, filled: set[str]) -> tuple[list[str], set[str]]:
    """Nodes to compute for ``root``, and the filled ones that they read."""
    nodes: dict[str, None] = {}
    reads: set[str] = set()
    waiting = [root]
    while waiting:
        name = waiting.pop()
        if name in filled:
            reads.add(name)
        elif name not in nodes and name not in network.vectors:
            nodes[name] = None
            waiting.extend(network.by_name[name].inputs)
    return list(nodes), reads


def _peak(network: Network, kept: Iterable[str], numbers: Mapping[str, int]) -> int:
    """The most numbers that wait at a time; what is read for the last time goes away while the new rows come."""
    order = sweeps(network, frozenset(kept))
    held = []
    for sweep, living in zip(order, _living(order), strict=True):
        going = sum(numbers[name] for name in sweep.done if name != sweep.root)
        coming = numbers[sweep.root] if sweep.keeps else 0
        held.append(sum(numbers[name] for name in living) - min(going, coming))
    return max(held)


def _living(order: tuple[Sweep, ...]) -> list[set[str]]:
    living: set[str] = set()
    each = []
    for sweep in order:
        living |= {sweep.root} if sweep.keeps else set()
        each.append(set(living))
        living -= sweep.done
    return each
