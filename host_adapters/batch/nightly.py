"""Do what ``senga batch`` was asked, and say how it ended."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from senga.neural import memory
from senga.registry import Plugins

from .inputs import Found, Search
from .invocation import Invocation
from .ledger import Ledger, State
from .order import Order, retold
from .outlook import tell_outlook
from .page import Heading, check_place, write_page
from .ready import made_ready, results_in
from .report import choose
from .session import Session
from .work import check_numbers, interruptible

_GRACE = 5.0
"""Seconds that the workers have to end."""
_SHARE = 1_500_000_000
"""Bytes of memory that a process should have."""


def default_jobs(memory_limit: int | None) -> int:
    """As many processes as there are cores and memory for."""
    return max(1, min(os.cpu_count() or 1, memory.budget(memory_limit) // _SHARE))


def work_through(
    order: Order,
    invocation: Invocation,
    known: Plugins,
    *,
    dry: bool = False,
    page: Path | None = None,
    given: Sequence[Found] | None = None,
) -> int:
    """Process all inputs that are not done yet.

    Returns:
        0 when all are done, 1 when some failed, 130 when interrupted.

    Raises:
        SengaError: before any work, for what no input could succeed with; or when the ledger cannot be written.
    """
    check_numbers(invocation.options)
    as_json, overwrite = invocation.options["as_json"], invocation.options["overwrite"]
    ready = made_ready(replace(order, pictured=page is not None), invocation, known)
    search = Search(order.choice, ready.root, lambda: results_in(ready.root))
    targets = ready.targets(search.files(order.inputs) if given is None else given)
    if dry:
        return tell_outlook(ready, targets, search, as_json=as_json)
    if page is not None:
        check_place(page, overwrite=overwrite == "replace")
    invocation.save_recipe()
    started = time.monotonic()
    with closing(Ledger(ready.root)) as ledger, choose(as_json) as report, interruptible(_GRACE) as stop:
        session = Session(ready, ledger, report, stop)
        try:
            exhaust(session.results([targets]))
        finally:
            for folder, why in search.troubles:
                report.failed(str(folder), why)
            session.counts["failed"] += len(search.troubles)
            session.end()
            if page is not None and ledger.run:
                heading = Heading(
                    invocation.name, invocation.recipe.toml(), time.monotonic() - started, search.troubles
                )
                write_page(page, ledger, ready.task, heading)
        return session.outcome()


def exhaust(results: Iterable[object]) -> None:
    """Take all of them and keep none."""
    deque(results, maxlen=0)


def begun(folder: Path) -> tuple[Invocation, Order]:
    """The batch that was begun in a folder, as its ledger tells; a list of inputs is that of then.

    Raises:
        SettingsError: there is none.
    """
    with closing(Ledger(folder, make=False)) as ledger:
        _, told = ledger.task()
    return retold(told, folder)


def noted(folder: Path, *states: State) -> list[Found]:
    """The inputs whose results are of these states."""
    with closing(Ledger(folder, make=False)) as ledger:
        return [Found(row.source, row.inside) for row in ledger.rows(*states)]
