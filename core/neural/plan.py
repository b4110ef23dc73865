"""Which layers are kept: chosen by what it costs to keep each, and what it costs to compute it again.

At first every layer is kept that takes more to compute again than to put aside, which leaves next to nothing to be
computed twice. Where memory is short of that, the layers go whose loss costs least for the room that it makes; at full
precision as long as hardly anything is computed again for it, else at half precision.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from heapq import heapify, heappop, heappush
from math import inf

from .blocks import Input, Place, Size
from .budget import Heights
from .budget import operations as operations
from .network import Network
from .sweeps import Sweep, all_places, ends, reach, spans, sweeps

KEEPING = {True: 10.0, False: 12.0}
"""Operations that would take as long as putting a number aside and reading it again, at full and at half precision."""
_PLAIN = 3
"""So many times more must be won by keeping what no convolution made."""
_EFFORT = {True: 8.0, False: 30.0}
"""Operations that would take as long as a cheap block, or another one, takes for a number beside its own."""
_AGAIN = 1.03
"""So much of the work may be done again for full precision, or to stay in memory."""
_HALF_PRECISION = 0.9
"""Layers at half precision may take this part of the memory for certain: the file takes what is beyond it."""
_LOOKS = 4
"""So many layers are compared before one goes."""


@dataclass(frozen=True)
class Plan:
    """How a picture of one size goes through a network.

    Attributes:
        sweeps: in order.
        rows: of each strip of each sweep.
        exact: whether kept layers are at full precision.
    """

    sweeps: tuple[Sweep, ...]
    rows: tuple[int, ...]
    exact: bool

    @property
    def kept(self) -> frozenset[str]:
        """Layers that are kept."""
        return frozenset(sweep.root for sweep in self.sweeps if sweep.keeps)


def plan(network: Network, sizes: Mapping[str, Size], memory: int, disk: int, heights: Heights) -> Plan:
    """The plan that takes the least time in this memory.

    Args:
        network: as it is run (``fold.fused``).
        sizes: of its nodes.
        memory: bytes for waiting layers.
        disk: bytes for a scratch file.
        heights: of strips.
    """
    key = tuple(sizes.items())
    full, peak = _ample(network, key, heights)
    return full if peak <= memory else _tight(network, key, _rounded(memory), _rounded(disk), heights)


def counted(network: Network, sizes: Mapping[str, Size], chosen: Plan) -> int:
    """Multiplications and additions of the convolutions that a plan really computes."""
    places, total = all_places(network, sizes), 0.0
    for sweep, rows in zip(chosen.sweeps, chosen.rows, strict=True):
        height = places[sweep.root].made[0]
        blocks = {name: network.by_name[name].block for name in sweep.nodes}
        each = {name: block.operations(places[name]) / places[name].made[0] for name, block in blocks.items()}
        for top in range(0, height, rows):
            found = spans(network, places, sweep.nodes, top, min(top + rows, height))
            total += sum(each[name] * blocks[name].computed(*span) for name, span in found.items())
    return round(total)


def _rounded(size: int) -> int:
    """Down to the next number with six binary digits, so that plans are found again."""
    step = 1 << max(size.bit_length() - 6, 0)
    return size // step * step


@lru_cache(maxsize=32)
def _ample(network: Network, sizes: tuple[tuple[str, Size], ...], heights: Heights) -> tuple[Plan, int]:
    """The plan for any amount of memory, and the bytes that it takes."""
    search = _Search(network, dict(sizes), heights, KEEPING[True])
    search.thin_out()
    return search.plan(exact=True), 4 * search.peak()


@lru_cache(maxsize=32)
def _tight(network: Network, sizes: tuple[tuple[str, Size], ...], memory: int, disk: int, heights: Heights) -> Plan:
    """The plan for little memory."""
    certain = int(_HALF_PRECISION * memory)
    for exact, room in ((True, memory // 4), (False, certain // 2)):
        search = _Search(network, dict(sizes), heights, KEEPING[exact])
        search.thin_out()
        if search.fit(room, (_AGAIN - 1) * search.total()):
            return search.plan(exact=exact)
    search = _Search(network, dict(sizes), heights, KEEPING[False])
    search.thin_out()
    search.fit((certain + disk) // 2)
    return search.plan(exact=False)


class _Search:
    """A set of kept layers that is changed step by step, with what it costs."""

    def __init__(self, network: Network, sizes: Mapping[str, Size], heights: Heights, keeping: float) -> None:
        self._network, self._places, self._heights = network, all_places(network, sizes), heights
        self._ends = ends(network)
        self._results = frozenset(o.node for o in network.outputs if network.readers[o.node]) - network.vectors
        self._costs = {name: _cost(network, place) for name, place in self._places.items()}
        self._numbers = {name: 0 if name in self._results else place.numbers for name, place in self._places.items()}
        self._worths = {name: keeping * self._worth(name) for name in self._numbers}
        self._known: dict[tuple[str, ...], float] = {}
        self._losses: dict[str, float] = {}
        self.kept = {name for name in network.by_name if self._is_candidate(name)}
        self._roots = {root: reach(network, root, self.kept - {root}) for root in self._ends | self.kept}

    def _is_candidate(self, name: str) -> bool:
        node = self._network.by_name[name]
        if name in self._network.vectors or not self._network.readers[name]:
            return False
        return name in self._results or not (node.block.pointwise or isinstance(node.block, Input))

    def _worth(self, name: str) -> float:
        """Numbers that a layer costs; what no convolution made must pay better."""
        place = self._places[name]
        made = self._network.by_name[name].block.operations(place)
        return self._numbers[name] * (1 if made else _PLAIN)

    def plan(self, *, exact: bool) -> Plan:
        """What was found."""
        order = sweeps(self._network, frozenset(self.kept))
        rows = [self._heights.rows(self._network, self._places, sweep.nodes) for sweep in order]
        return Plan(order, tuple(rows), exact)

    def total(self) -> float:
        """Costs of all sweeps."""
        return sum(self._work(nodes) for nodes, _ in self._roots.values())

    def thin_out(self) -> None:
        """Keep only what costs more to compute again than to keep."""
        gains = [(self._loss(name) - self._worths[name], name) for name in sorted(self.kept - self._results)]
        heapify(gains)
        while gains:
            _, name = heappop(gains)
            gain = self._loss(name) - self._worths[name]
            if gains and gain > gains[0][0]:
                heappush(gains, (gain, name))
            elif gain < 0:
                self._remove(name)
            else:
                return

    def fit(self, room: int, most: float = inf) -> bool:
        """Let layers go until the others fit into so many numbers, those first whose loss costs least.

        Args:
            room: numbers.
            most: what that may cost.

        Returns:
            Whether it costs no more; else it was given up.
        """
        gone: list[str] = []
        spent = 0.0
        while max((held := self._held(self.kept)).counts, default=0) > room:
            living = held.living(room) - self._results
            ranked = sorted(living, key=lambda name: (self._loss(name) / max(self._numbers[name], 1), name))[:_LOOKS]
            prices = {name: self._price(name, held.over(room), room) for name in ranked}
            best = min(ranked, key=prices.__getitem__)
            spent += self._loss(best)
            if spent > most:
                return False
            self._remove(best)
            gone.append(best)
        for name in reversed(gone):
            if max(self._held(self.kept | {name}).counts) <= room:
                self._restore(name)
        return True

    def peak(self) -> int:
        """The most numbers that wait at a time."""
        return max(self._held(self.kept).counts, default=0)

    def _price(self, name: str, over: int, room: int) -> float:
        """Costs of letting a layer go, for each number by which it helps."""
        helped = over - self._held(self.kept - {name}).over(room)
        return max(self._loss(name), 1.0) / helped if helped > 0 else float("inf")

    def _loss(self, name: str) -> float:
        """What it costs if a kept layer is computed again where it is read."""
        if name not in self._losses:
            kept = self.kept - {name}
            more = 0.0 if name in self._ends else -self._work(self._roots[name][0])
            for root, (nodes, reads) in self._roots.items():
                if name in reads:
                    more += self._work(reach(self._network, root, kept - {root})[0]) - self._work(nodes)
            self._losses[name] = more
        return self._losses[name]

    def _remove(self, name: str) -> None:
        self.kept.discard(name)
        if name not in self._ends:
            self._forget(name)
            del self._roots[name]
        self._renew([root for root, (_, reads) in self._roots.items() if name in reads])

    def _restore(self, name: str) -> None:
        self.kept.add(name)
        self._renew([root for root, (nodes, _) in self._roots.items() if name in nodes or root == name] or [name])
        if name not in self._roots:
            self._renew([name])

    def _renew(self, roots: Iterable[str]) -> None:
        """Look again at what some layers are computed from."""
        for root in roots:
            if root in self._roots:
                self._forget(root)
            self._roots[root] = reach(self._network, root, self.kept - {root})
            self._forget(root)

    def _forget(self, root: str) -> None:
        """What was known of losses is no longer true beside a layer."""
        for name in (root, *self._roots[root][1]):
            self._losses.pop(name, None)

    def _work(self, nodes: tuple[str, ...]) -> float:
        """Costs of a sweep, from what a strip in the middle computes."""
        if nodes not in self._known:
            height = self._places[nodes[-1]].made[0]
            rows = min(self._heights.rows(self._network, self._places, nodes), height)
            top = (height - rows) // 2 // 2 * 2
            found = spans(self._network, self._places, nodes, top, top + rows)
            cost = sum(self._costs[name] * (high - low) for name, (low, high) in found.items())
            self._known[nodes] = cost * height / rows
        return self._known[nodes]

    def _held(self, kept: set[str]) -> _Held:
        """What waits in each sweep, if these layers are kept.

        What is read for the last time goes away while the new rows come.
        """
        order = sorted(self._ends | kept, key=self._network.order.__getitem__)
        changed = self.kept ^ kept
        born, last = dict[str, int](), dict[str, int]()
        for i, root in enumerate(order):
            nodes, reads = self._roots.get(root, ((), set[str]()))
            if not nodes or any(each in reads or (each in nodes and each != root) for each in changed):
                reads = reach(self._network, root, kept - {root})[1]
            last.update(dict.fromkeys(reads, i))
            if root in kept:
                born[root] = last[root] = i
        going = [0] * len(order)
        for name, i in last.items():
            going[i] += self._numbers[name]
        counts, total = [], 0
        for i, root in enumerate(order):
            coming = self._numbers[root] if root in kept else 0
            total += coming
            left = going[i] - (coming if last.get(root) == i else 0)
            counts.append(total - min(left, coming))
            total -= going[i]
        return _Held(counts, born, last)


@dataclass(frozen=True)
class _Held:
    """Numbers that wait in each sweep, and the first and last sweep of each layer that does."""

    counts: list[int]
    born: Mapping[str, int]
    last: Mapping[str, int]

    def over(self, room: int) -> int:
        """Numbers for which there is no room, in all sweeps together."""
        return sum(count - room for count in self.counts if count > room)

    def living(self, room: int) -> set[str]:
        """Layers that wait where there is no room for all."""
        full = [i for i, count in enumerate(self.counts) if count > room]
        return {name for name, i in self.born.items() if any(i <= each <= self.last[name] for each in full)}


def _cost(network: Network, place: Place) -> float:
    """What a row of a node costs, as operations."""
    block = network.by_name[place.name].block
    return (block.operations(place) + _EFFORT[block.pointwise and block.cheap] * place.numbers) / place.made[0]
