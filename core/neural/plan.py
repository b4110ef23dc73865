"""The order of work: one sweep over the picture for every norm, and where each layer waits meanwhile.

A norm needs the statistics of the whole layer before it, so a network is worked through sweep by sweep. A sweep
computes the input of one norm from top to bottom, takes its sums, and keeps the rows. What is not kept is computed
again by the sweeps that need it, so a network runs with any set of kept layers, only slower with fewer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from math import prod

from .blocks import Add, Conv, Norm
from .graph import Network, Size
from .prepare import sources
from .storage import BYTES, Place


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


_FULL_PRECISION = 0.8
"""Whole layers at full precision may take this part of the room: copies of them on their way come on top."""


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
    """The norms behind a node."""
    return tuple(node.name for node in network.readers[name] if isinstance(node.block, Norm))


def place(network: Network, sizes: Mapping[str, Size], memory: int, disk: int) -> dict[str, Place]:
    """Where each layer waits: as it is in memory, else at half precision in memory or in a file, else nowhere.

    Args:
        network: the network.
        sizes: of its nodes.
        memory: bytes for waiting layers.
        disk: bytes for scratch files.
    """
    kept = keepable(network)
    numbers = {name: network.by_name[name].channels * prod(sizes[name]) for name in kept}
    exact: dict[str, Place] = dict.fromkeys(kept, "float32")
    if max(_held(sweeps(network, frozenset(kept)), lambda name: 4 * numbers[name])) <= _FULL_PRECISION * memory:
        return exact
    places: dict[str, Place] = {}
    for name in kept:
        for choice, room in (("float16", memory), ("file", disk)):
            trial: dict[str, Place] = {**places, name: choice}  # type: ignore[dict-item] # a literal in a tuple widens
            if _peak(network, trial, choice, numbers) <= room:
                places = trial
                break
    return places


def operations(network: Network, sizes: Mapping[str, Size], nodes: Iterable[str]) -> int:
    """Multiplications and additions of the convolutions among ``nodes``."""
    convs = ((network.by_name[name].block, prod(sizes[name])) for name in nodes)
    return sum(2 * prod(block.shape) * pixels for block, pixels in convs if isinstance(block, Conv))


def working_bytes(network: Network, sizes: Mapping[str, Size], nodes: Iterable[str], columns: int | None = None) -> int:
    """Bytes that computing ``nodes`` all at once would take beside the kept layers.

    Args:
        network: the network.
        sizes: of its nodes.
        nodes: to compute.
        columns: that are convolved at once, all by default.
    """
    total = 0
    for name in nodes:
        block, pixels = network.by_name[name].block, prod(sizes[name])
        total += 4 * network.by_name[name].channels * pixels
        if isinstance(block, Conv):
            inputs, outputs = block.inputs * prod(sizes[sources(network)[name][0]]), block.outputs * pixels
            copies = block.kernel if block.stride == 1 and block.groups == 1 else 1
            share = min(1.0, columns / sizes[name][1]) if columns else 1.0
            total += 4 * inputs + int(4 * share * (inputs * min(copies, 3) + outputs * copies))
    return total


def _reach(network: Network, root: str, filled: set[str]) -> tuple[list[str], set[str]]:
    """Nodes to compute for ``root``, and the filled ones that they read."""
    nodes: dict[str, None] = {}
    reads: set[str] = set()
    waiting = [root]
    while waiting:
        name = waiting.pop()
        if name in filled:
            reads.add(name)
        elif name not in nodes:
            nodes[name] = None
            waiting.extend(sources(network)[name])
    return list(nodes), reads


def _peak(network: Network, places: Mapping[str, Place], choice: str, numbers: Mapping[str, int]) -> int:
    def size(name: str) -> int:
        return BYTES[choice] * numbers[name] if places[name] == choice else 0

    order = sweeps(network, frozenset(places))
    if choice == "file":  # a file is not freed piece by piece
        return max(sum(size(name) for name in held) for held in _living(order))
    return max(_held(order, size))


def _held(order: tuple[Sweep, ...], size: Callable[[str], int]) -> list[int]:
    """Bytes held in each sweep; what is read for the last time goes away while the new rows come."""
    held = []
    for sweep, living in zip(order, _living(order), strict=True):
        going = sum(size(name) for name in sweep.done if name != sweep.root)
        coming = size(sweep.root) if sweep.keeps else 0
        held.append(sum(size(name) for name in living) - min(going, coming))
    return held


def _living(order: tuple[Sweep, ...]) -> list[set[str]]:
    living: set[str] = set()
    each = []
    for sweep in order:
        living |= {sweep.root} if sweep.keeps else set()
        each.append(set(living))
        living -= sweep.done
    return each
