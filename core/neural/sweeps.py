"""The order of work: passes over the picture, each of which computes one layer from top to bottom.

What must know all rows of a layer before it gives any (a norm, a statistic) ends a sweep, and so does every layer that
is kept and every result. What is not kept is computed again by the sweeps that need it, and its rows near the borders
of strips by both strips; so a network runs with any set of kept layers, only slower with fewer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from .blocks import Place, Size
from .blocks.block import Span
from .network import Network


@dataclass(frozen=True)
class Sweep:
    """One pass over the picture.

    Attributes:
        root: the node that is computed, all rows of it.
        wholes: what must know all rows of the root; afterwards it does.
        keeps: whether the rows of the root are kept.
        nodes: everything that is computed on the way, in order, the root too.
        reads: kept layers that are read.
        shared: nodes that several others read in this sweep; each strip computes them once.
        done: kept layers that no later sweep reads.
    """

    root: str
    wholes: tuple[str, ...]
    keeps: bool
    nodes: tuple[str, ...]
    reads: frozenset[str]
    shared: tuple[str, ...] = ()
    done: frozenset[str] = frozenset()


@lru_cache(maxsize=64)
def sweeps(network: Network, kept: frozenset[str]) -> tuple[Sweep, ...]:
    """All sweeps in order."""
    order: list[Sweep] = []
    filled: set[str] = set()
    for root in [name for name in network.by_name if name in kept or name in ends(network)]:
        nodes, reads = reach(network, root, filled)
        shared = _shared(network, nodes)
        order.append(Sweep(root, wholes(network, root), root in kept, nodes, frozenset(reads), shared))
        filled |= {root} & kept
    last = {name: i for i, sweep in enumerate(order) for name in (*sweep.reads, *({sweep.root} & kept))}
    return tuple(replace(s, done=frozenset(name for name, j in last.items() if i == j)) for i, s in enumerate(order))


@lru_cache(maxsize=64)
def ends(network: Network) -> frozenset[str]:
    """Layers of which all rows must be computed at one time: results, and what a whole picture is asked of."""
    results = {output.node for output in network.outputs} - network.vectors
    return frozenset(results | {name for name in network.by_name if wholes(network, name)})


def wholes(network: Network, name: str) -> tuple[str, ...]:
    """What behind a node must know all its rows."""
    if name in network.vectors:
        return ()
    return tuple(node.name for node in network.readers[name] if node.block.whole)


def reach(network: Network, root: str, filled: Iterable[str]) -> tuple[tuple[str, ...], set[str]]:
    """Nodes to compute for ``root``, in order, and the filled ones that they read."""
    nodes: set[str] = set()
    reads: set[str] = set()
    waiting = [root]
    while waiting:
        name = waiting.pop()
        if name in filled:
            reads.add(name)
        elif name not in nodes and name not in network.vectors:
            nodes.add(name)
            waiting.extend(network.by_name[name].inputs)
    return tuple(sorted(nodes, key=network.order.__getitem__)), reads


def _shared(network: Network, nodes: tuple[str, ...]) -> tuple[str, ...]:
    """Nodes with several readers that are worth computing once."""
    readers = dict.fromkeys(nodes, 0)
    for name in nodes:
        for source in network.by_name[name].inputs:
            if source in readers:
                readers[source] += 1
    dear: set[str] = set()
    shared = []
    for name in nodes:
        node = network.by_name[name]
        if not node.block.cheap or not dear.isdisjoint(node.inputs):
            if readers[name] > 1:
                shared.append(name)
            else:
                dear.add(name)
    return tuple(shared)


def spans(
    network: Network, places: Mapping[str, Place], nodes: tuple[str, ...], start: int, stop: int
) -> dict[str, Span]:
    """The rows of each of the nodes that the rows ``start:stop`` of the last one are made from."""
    found = {nodes[-1]: (start, stop)}
    members = set(nodes)
    for name in reversed(nodes):
        place = places[name]
        if not place.inputs or name not in found:
            continue
        reads = network.by_name[name].block.reads(*found[name], place)
        for source, (low, high) in zip(place.inputs, reads, strict=True):
            if source in members:
                before = found.get(source, (low, high))
                found[source] = min(low, before[0]), max(high, before[1])
    return found


@lru_cache(maxsize=64)
def _places(network: Network, sizes: tuple[tuple[str, Size], ...]) -> dict[str, Place]:
    table = dict(sizes)
    return {name: network.place(name, table) for name in network.by_name}


def all_places(network: Network, sizes: Mapping[str, Size]) -> Mapping[str, Place]:
    """All nodes at their places."""
    return _places(network, tuple(sizes.items()))
