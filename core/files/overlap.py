"""What comes before and after painting, at the same time as painting: each in a thread of its own, and all in order.

At most one thing waits on either side, so memory grows by one picture each.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

_Thing = TypeVar("_Thing")


def ahead(things: Generator[_Thing, None, None]) -> Iterator[_Thing]:
    """The same things, the next one being made while this one is used; what their making raises is raised here."""
    maker = ThreadPoolExecutor(1)
    coming = maker.submit(next, things, None)
    try:
        while (thing := coming.result()) is not None:
            coming = maker.submit(next, things, None)
            yield thing
    finally:
        coming.cancel()
        maker.shutdown()
        things.close()


@contextmanager
def behind(take: Callable[[_Thing], None]) -> Iterator[Callable[[_Thing], None]]:
    """A function that hands things to ``take``, which works on one while the next is made.

    What ``take`` raises is raised when the next thing is handed over, or at the end; it gets no further one. Where the
    making raises, ``take`` finishes what it has.
    """
    last: Future[None] | None = None

    def hand_over(thing: _Thing) -> None:
        nonlocal last
        if last is not None:
            last.result()
        last = taker.submit(take, thing)

    with ThreadPoolExecutor(1) as taker:
        yield hand_over
        if last is not None:
            last.result()
