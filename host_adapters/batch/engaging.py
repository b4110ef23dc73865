"""Who does the work of a batch: this process, or the crew of a back end."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from senga.backends import Assignment, Backend, Crew, Site
from senga.families import resolve, using

from .assignments import Near
from .attempt import Painter, attempt
from .order import Order
from .report import Report
from .sharing import Numbered, Results, Sharing

Work = Callable[[Iterable[Numbered], int], Results]
"""Turns claimed inputs into results; the number is that of all inputs."""

log = logging.getLogger("senga.batch")


@contextmanager
def alone(painter: Painter, report: Report, stopped: Callable[[], bool]) -> Iterator[Work]:
    """This process, one input after another."""

    def work(inputs: Iterable[Numbered], count: int) -> Results:
        for number, target in inputs:
            report.start(target.label, number, count)
            yield target, attempt(target, painter.invocation, painter, report, stopped)

    yield work


@contextmanager
def crewed(
    painter: Painter, order: Order, home: Path, sample: Path | None, report: Report, stopped: Callable[[], bool]
) -> Iterator[Work]:
    """The crew of the back end that the order names.

    Args:
        painter: what is to be done with every input.
        order: names the back end.
        home: the folder of the ledger.
        sample: one of the inputs.
        report: is told what happens.
        stopped: True when the user wants to stop.

    Raises:
        SengaError: the back end cannot do it.
    """
    backend = painter.known.backend(order.backend)
    told: dict[str, Any] = {"stopped": stopped, "warn": lambda text: log.warning("%s", text), "report": report}
    if backend.near:
        near = Near(painter.invocation, painter.blend, painter.second)
        with _opened(backend, near, Site(jobs=painter.invocation.options["workers"], **told)) as crew:
            yield Sharing(crew, near, report, stopped).attempts
        return
    from .desk import Desk, laid_aside

    with laid_aside(home, send=order.send) as folder:
        desk = Desk(painter, report, stopped, folder)
        site = Site(order.scheduler, order.jobs, **told)
        with _opened(backend, desk.assignment(sample), site) as crew:
            yield Sharing(crew, desk, report, stopped).attempts


@contextmanager
def _opened(backend: Backend, assignment: Assignment, site: Site) -> Iterator[Crew]:
    opener = resolve(backend.opener)
    with using(backend.opener):
        crew: Crew = opener(assignment, site)
    with crew:
        yield crew
