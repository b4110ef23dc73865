"""What a worker of dask does for a batch. It is told by functions of this module, so nothing but data travels.

The scheduler imports this module, too, and so it must be light.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from senga.backends import Assignment

_MOST, _SHARE = 4, 0.7
"""Assignments that are remembered, and the part of a worker's memory that pictures may take: at 0.95, dask ends it."""
_known: dict[str, Assignment] = {}


@dataclass(frozen=True)
class Greeting:
    """What a worker says of an assignment.

    Attributes:
        trouble: why it cannot do it.
        doubt: why its pictures may differ a little.
        lacking: the digests of what it needs first.
        threads: how many tasks dask gives it at the same time.
    """

    trouble: str = ""
    doubt: str = ""
    lacking: tuple[str, ...] = ()
    threads: int = 1


@dataclass(frozen=True)
class Answer:
    """What a worker says of a piece.

    Attributes:
        worker: its address.
        content: the answer of the assignment; None if the worker does not know it.
    """

    worker: str
    content: Any = None


def greet(assignment: bytes, neighbours: Mapping[str, int], dask_worker: Any) -> Greeting:
    """Take an assignment.

    Args:
        assignment: pickled.
        neighbours: how many workers share the machine of each worker.
        dask_worker: the worker, given by dask.
    """
    given: Assignment = pickle.loads(assignment)  # noqa: S301 - dask itself unpickles all that a client sends
    trouble = given.trouble()
    if trouble:
        return Greeting(trouble)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    threads = max(cores // max(neighbours.get(dask_worker.address, 1), 1), 1)
    limit = getattr(getattr(dask_worker, "memory_manager", None), "memory_limit", None) or 0
    _known[given.key] = given.sharing(threads=threads, memory=int(_SHARE * limit))
    while len(_known) > _MOST:
        del _known[next(iter(_known))]
    return Greeting("", given.doubt(), given.lacking(), dask_worker.state.nthreads)


def keep(key: str, digest: str, content: bytes) -> str:
    """Take what was lacking.

    Returns:
        Why that is not possible, or nothing.
    """
    from senga.errors import SengaError

    try:
        _known[key].keep(digest, content)
    except SengaError as error:
        return str(error)
    return ""


def work(key: str, piece: Any) -> Answer:
    """Make a picture."""
    from distributed import get_worker

    address, assignment = str(get_worker().address), _known.get(key)
    return Answer(address) if assignment is None else Answer(address, assignment.do(piece))


def stop(key: str) -> None:
    """Make no more of them, and end what is in work."""
    if key in _known:
        _known[key].stop()


def leave(key: str) -> None:
    """Forget an assignment."""
    _known.pop(key, None)
