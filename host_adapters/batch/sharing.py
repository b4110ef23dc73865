"""The inputs of a batch, shared out to whoever does them: bounded in number, tried again where somebody died."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Future, wait
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Protocol

from senga.backends import Crew
from senga.language import sentence, tr

from .attempt import Result, naming, told
from .outputs import Target
from .report import Report

_LOOK = 0.1
"""Seconds between two looks at the cancel button."""

Numbered = tuple[int, Target]
Results = Generator[tuple[Target, Result]]


class Desk(Protocol):
    """Where inputs become pieces of work, and answers become results."""

    def piece(self, number: int, target: Target, count: int) -> Any | Result:
        """What is to be done; a result if nothing is."""

    def result(self, target: Target, answer: Any) -> Result:
        """What came of it."""


@dataclass
class Sharing:
    """Shares out inputs.

    Attributes:
        crew: does them.
        desk: knows what is to be done.
        report: is told of inputs over which processes died.
        stopped: True when the user wants to stop.
    """

    crew: Crew
    desk: Desk
    report: Report
    stopped: Callable[[], bool]
    _running: dict[Future[Any], Numbered] = field(default_factory=dict)
    _lost: list[Numbered] = field(default_factory=list)

    def attempts(self, targets: Iterable[Numbered], count: int) -> Results:
        """Work on several inputs at the same time; results come as they are ready, and inputs are taken as needed.

        When a process dies, nobody knows over which input: those in work are tried again, one by one.

        Raises:
            LostError: nobody can do them any more.
        """
        yield from self._shared_out(targets, count)
        lost, self._lost = self._lost, []
        for each in lost:
            yield from self._shared_out([each], count)
            for _, target in self._lost:
                text = tr("the process that painted it was ended, perhaps for want of memory; use fewer workers.")
                yield target, self._failed(target, text)
            self._lost.clear()

    def _failed(self, target: Target, why: str) -> Result:
        message = naming(why, target)
        self.report.failed(target.label, message)
        return Result("failed", reason=message)

    def _shared_out(self, targets: Iterable[Numbered], count: int) -> Results:
        waiting = _Ahead(targets)
        while self._running or (not self.stopped() and waiting.more):
            yield from self._fill(waiting, count)
            if not self._running:
                time.sleep(_LOOK if waiting.known else 0)  # nobody is there to take it
            done = wait(self._running, _LOOK, FIRST_COMPLETED).done
            if self.stopped():
                self.crew.stop()
            self.crew.look()
            for future in done:
                yield from self._came_of(future, self._running.pop(future))

    def _fill(self, waiting: _Ahead, count: int) -> Results:
        """Give out as many as there is room for; for some, nothing is to be done."""
        while len(self._running) < self.crew.room and not self.stopped() and waiting.more:
            number, target = waiting.take()
            piece = self.desk.piece(number, target, count)
            if isinstance(piece, Result):
                yield target, piece
            else:
                self._running[self.crew.submit(piece)] = number, target

    def _came_of(self, future: Future[Any], numbered: Numbered) -> Results:
        target = numbered[1]
        try:
            yield target, self.desk.result(target, future.result())
        except BrokenExecutor:
            self._lost.append(numbered)
        except CancelledError:
            yield target, Result("cancelled")
        except Exception as error:  # of a stranger's back end
            yield target, self._failed(target, sentence(told(error)))


class _Ahead:
    """The inputs that are still to come, of which only the next one is known."""

    def __init__(self, inputs: Iterable[Numbered]) -> None:
        self._rest: Iterator[Numbered] = iter(inputs)
        self._next: list[Numbered] = []

    @property
    def known(self) -> bool:
        """Whether it was looked for one, and found."""
        return bool(self._next)

    @property
    def more(self) -> bool:
        """Whether there is one; whoever gives them may have to look for it."""
        self._next = self._next or list(islice(self._rest, 1))
        return bool(self._next)

    def take(self) -> Numbered:
        return self._next.pop()
