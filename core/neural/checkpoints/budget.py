"""What reading one weights file may cost, whatever it promises: the one home of these limits.

A reader says what it takes, with ``spend`` and ``step``, before it takes it. How much there is depends on the size of
the file: what a small file unpacks to is small.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

MAX_FILE = 1 << 30
"""Bytes of a file: twice VGG-19 with all its layers, the largest network that Senga has a use for."""

MAX_RATIO, SPARE = 16, 64 << 20
"""Bytes of arrays: so many times the file, and as much again. Numbers that were learned shrink by a third at best."""

MAX_NAMES = 20_000
"""Arrays, operations, entries of dictionaries, members of archives."""

MAX_NAME = 1024
"""Letters of a name."""

MAX_STEPS = 1_500_000
"""Fields, instructions, entries: a few seconds of work."""

MAX_HEADER = 8 << 20
"""Bytes of a description in JSON before the numbers."""

MAX_DIMENSIONS = 8

MAX_SECONDS = 120.0


class Damaged(ValueError):  # noqa: N818 - turned into a ModelError before anybody sees it
    """The bytes are not what the format promises."""


@dataclass
class Budget:
    """What is left to spend on one file."""

    bytes: int
    names: int = MAX_NAMES
    steps: int = MAX_STEPS
    deadline: float = field(default_factory=lambda: time.monotonic() + MAX_SECONDS)


_current: ContextVar[Budget | None] = ContextVar("_current", default=None)


@contextmanager
def budget_for(size: int) -> Iterator[None]:
    """What is spent inside the block is spent on a file of ``size`` bytes."""
    token = _current.set(Budget(SPARE + MAX_RATIO * size))
    try:
        yield
    finally:
        _current.reset(token)


def spend(*, size: int = 0, names: int = 0) -> None:
    """Take bytes for arrays, or names; outside a budget everything is free.

    Raises:
        Damaged: so much is not left.
    """
    budget = _current.get()
    if budget is None:
        return
    budget.bytes -= size
    budget.names -= names
    if budget.bytes < 0:
        raise Damaged("it would unpack to more than any weights need")
    if budget.names < 0:
        raise Damaged("it holds more names than any weights need")
    if time.monotonic() > budget.deadline:
        raise Damaged("it takes longer to read than any weights need")


def step(count: int = 1) -> None:
    """Take steps.

    Raises:
        Damaged: so many are not left.
    """
    budget = _current.get()
    if budget is not None:
        budget.steps -= count
        if budget.steps < 0:
            raise Damaged("it takes more steps to read than any weights need")


def spend_name(name: str) -> str:
    """The name of an array or operation, which is one of the names that may be spent.

    Raises:
        Damaged: it is too long, or there are too many.
    """
    if len(name) > MAX_NAME:
        raise Damaged(f"it has a name of {len(name)} letters")
    spend(names=1)
    return name


def element_count(shape: Sequence[int]) -> int:
    """The number of elements of a shape that a file declares.

    Raises:
        Damaged: a negative or absurd size.
    """
    if len(shape) > MAX_DIMENSIONS or not all(0 <= size <= MAX_FILE for size in shape):
        raise Damaged("an array has an absurd shape")
    count = math.prod(shape)
    if count > MAX_FILE:
        raise Damaged(f"{count} elements in one array")
    return count
