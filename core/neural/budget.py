"""What work costs in operations and bytes, how high strips are, and how a memory budget is shared out."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import ceil

from senga.errors import MemoryBudgetError

from . import memory
from .blocks import Conv, Place, Size
from .executor import Executor
from .network import Network
from .sweeps import all_places, spans

STRIP_OPERATIONS = 32e9
"""At most so much between two looks at the cancel button."""
STRIPS = 8
"""At least so many where they are computed side by side, so that no thread waits long for the last one."""
LOW = 24
"""Strips are not made lower than so many rows to have more of them."""
ROWS = 16
"""So many rows of a dense convolution with margins, however wide they are, where memory allows it."""
SHARE = 6
"""A strip takes at most this part of the free memory."""
_LEAST = 24 * memory.MB
_ABOVE = 4
"""Strips take so many times the memory of the rows beside their own, where there is so much."""
_PROBE = 16
"""Rows of a strip that tells how many more rows of other layers a strip needs."""


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


@dataclass(frozen=True)
class Heights:
    """How high strips are; see ``Executor`` and ``Share`` for the fields."""

    strip_bytes: int
    most: int
    columns: int | None
    concurrent: bool

    @classmethod
    def of(cls, executor: Executor, share: Share) -> Heights:
        """For an executor and a share of the memory."""
        return cls(executor.strip_bytes, share.strip, executor.columns, executor.concurrent)

    def rows(self, network: Network, places: Mapping[str, Place], nodes: tuple[str, ...]) -> int:
        """Rows of each strip of the last of ``nodes``, when all are computed on the way.

        Args:
            network: the network.
            places: its nodes.
            nodes: of a sweep, in order.
        """
        blocks, height = network.by_name, places[nodes[-1]].made[0]
        bytes_of = {name: blocks[name].block.working(places[name], self.columns) for name in nodes}
        working = sum(bytes_of.values())
        beside = self._beside(network, places, nodes, bytes_of)
        tall = working * ROWS / height if beside or has_margins(network, nodes) else 0
        strip = min(max(tall + beside, self.strip_bytes, _ABOVE * beside), self.most)
        strip = max(strip - beside, strip / _ABOVE)
        least = min(STRIPS, max(height // LOW, 2)) if self.concurrent else 1
        operated = sum(blocks[name].block.operations(places[name]) for name in nodes)
        return rows_per_strip(height, max(working / strip, operated / STRIP_OPERATIONS, least))

    def _beside(
        self, network: Network, places: Mapping[str, Place], nodes: tuple[str, ...], bytes_of: Mapping[str, int]
    ) -> float:
        """Bytes of the rows that strips compute beside their own."""
        height = places[nodes[-1]].made[0]
        rows = min(_PROBE, height)
        middle = (height - rows) // 2
        found = spans(network, places, nodes, middle, middle + rows)
        beside = 0.0
        for name, (low, high) in found.items():
            own = places[name].made[0]
            beside += bytes_of[name] * max(high - low - rows * own / height, 0) / own
        return beside


@dataclass(frozen=True)
class Share:
    """A budget, shared out.

    Attributes:
        strip: bytes for the work on one strip.
        waiting: bytes for layers that wait.
        at_once: strips that are worked on at the same time.
        ceiling: bytes that the process may hold while there is none.
    """

    strip: int
    waiting: int
    at_once: int
    ceiling: int = sys.maxsize


def allot(
    network: Network, sizes: Mapping[str, Size], asked: int | None, result: int, executor: Executor, at_once: int
) -> Share:
    """Share a budget out; the height of strips does not depend on how many are worked on at once.

    Args:
        network: the network.
        sizes: of its nodes.
        asked: peak bytes for the process, or None.
        result: bytes of the result.
        executor: what it will run on.
        at_once: strips that it could work on at once.

    Raises:
        MemoryBudgetError: not even a strip of two rows fits.
    """
    budget, occupied = memory.budget(asked), memory.retained.occupied() + result
    free = budget - occupied
    places = all_places(network, sizes)
    row = max(
        network.by_name[name].block.working(place, executor.columns) / place.made[0] for name, place in places.items()
    )
    strip = min(max(executor.strip_bytes, int(ROWS * row)), free // SHARE)
    least = max(min(_LEAST, executor.strip_bytes), int(2 * row))
    if free // SHARE < least:
        need = (occupied + SHARE * least) // memory.MB + 1
        raise MemoryBudgetError(
            f"A memory budget of {budget // memory.MB} MB is too small for this picture; allow at least {need} MB, or "
            "make the picture smaller."
        )
    held = executor.held * max(strip, least)
    at_once = int(min(max(free / 2 // held, 1), at_once))
    return Share(strip, int(free - held * at_once), at_once, int(budget - held * at_once))


def rows_per_strip(height: int, strips: float) -> int:
    """Rows of each of so many strips: an even number, and one of eight where that is no more than asked for."""
    rows = max(2 * ceil(height / strips / 2), 2)
    return rows - rows % 8 if rows > 8 else rows  # runtimes compute some rows at a time
