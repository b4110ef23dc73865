"""``senga.batch``: many files from Python, with the same ledger as on the command line."""

from __future__ import annotations

import os
import threading
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from senga.errors import SettingsError
from senga.filter import Filter
from senga.recipe import Recipe, Step
from senga.registry import plugins

from .attempt import Outcome, Result
from .inputs import Choice, Search
from .invocation import Invocation
from .ledger import Ledger
from .order import Order
from .outputs import Target
from .ready import made_ready, results_in
from .report import Quiet
from .session import Session
from .signals import interrupted_by
from .work import check_numbers

OPTIONS: dict[str, Any] = {
    "overwrite": "error",
    "selection": None,
    "feather": 0.0,
    "strength": 1.0,
    "keep_colors": False,
    "memory": None,
    "device": "auto",
    "engine": "auto",
    "precision": "full",
    "threads": None,
    "format": None,
    "alternatives": "files",
    "quality": None,
    "codec": "auto",
    "metadata": "keep",
    "preview": None,
    "steady": False,
    "boil": False,
}
"""What may be given as ``options``, with the defaults of the command line."""


@dataclass(frozen=True)
class BatchResult:
    """What became of one input.

    Attributes:
        source: the input.
        output: its result; None where there is none.
        outcome: ``done``, ``skipped`` (it was done before, or the output exists), ``failed`` or ``cancelled``.
        seconds: that it took.
        reason: why it failed.
    """

    source: Path
    output: Path | None
    outcome: Outcome
    seconds: float
    reason: str


def batch(
    inputs: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    filter: str | Filter | Recipe,  # noqa: A002 - the word of the field
    output: str | os.PathLike[str],
    *,
    include: Iterable[str] = (),
    exclude: Iterable[str] = (),
    since: datetime | None = None,
    jobs: int = 1,
    resume: bool = False,
    fail_fast: bool = False,
    limit: int | None = None,
    options: dict[str, Any] | None = None,
    backend: str = "local",
    scheduler: str = "",
    send: bool = False,
    **settings: Any,
) -> Iterator[BatchResult]:
    """Apply a filter or a recipe to folders full of pictures; what its ledger knows as done is not done again.

    Args:
        inputs: folders, files and patterns.
        filter: a name (then ``settings`` are its settings), a filter, or a recipe.
        output: the folder of the results, or a template that begins with it.
        include: patterns of which a file must fit one.
        exclude: patterns of which it may fit none.
        since: only what was changed since then.
        jobs: pictures at the same time. With more than one, processes are started, which import the main script:
            there, the call stands below ``if __name__ == "__main__":``.
        resume: with ``overwrite="replace"``, keep what earlier runs made.
        fail_fast: stop at the first input that fails.
        limit: work on so many inputs at most.
        options: as of ``senga batch``, with underscores: ``overwrite``, ``strength``, ``format``, ``memory`` …
        backend: who does it: ``local``, ``dask``, or one that a plug-in brings.
        scheduler: where that is found, such as ``tcp://10.0.0.1:8786``.
        send: pictures and results go over the network, rather than lying in folders that all machines see.
        **settings: of the filter, when it is given by name.

    Returns:
        The results, as they are ready: the work goes on while they are taken.

    Raises:
        SengaError: before any work, for what no input could succeed with.
    """
    given = [inputs] if isinstance(inputs, (str, os.PathLike)) else list(inputs)
    unknown = sorted(set(options or {}) - set(OPTIONS))
    if unknown:
        raise SettingsError(f"There is no option “{unknown[0]}” of a batch: there are {', '.join(OPTIONS)}.")
    whole = {**OPTIONS, **(options or {}), "workers": jobs, "inputs": (), "save_recipe": None, "as_json": False}
    check_numbers(whole)
    choice = Choice(tuple(include), tuple(exclude), since.timestamp() if since else None)
    order = Order(
        tuple(os.fspath(each) for each in given),
        os.fspath(output),
        choice,
        resume=resume,
        fail_fast=fail_fast,
        limit=limit,
        alone=jobs == 1 and backend == "local",
        backend=backend,
        scheduler=scheduler,
        send=send,
        jobs=0 if jobs == 1 else jobs,
    )
    return _results(order, _invocation(filter, settings, whole))


def _invocation(act: str | Filter | Recipe, settings: dict[str, Any], options: dict[str, Any]) -> Invocation:
    if isinstance(act, str):
        return Invocation.of_filter(plugins(), act, settings, options)
    if settings:
        raise SettingsError("A filter or recipe holds its own settings: give them there.")
    if isinstance(act, Recipe):
        act.check(plugins())
        return Invocation(act, act.name or act.steps[-1].filter, options)
    return Invocation(Recipe(steps=(Step(filter=act.name, settings=act.model_dump()),)), act.name, options)


def _results(order: Order, invocation: Invocation) -> Iterator[BatchResult]:
    ready = made_ready(order, invocation, plugins())
    search = Search(order.choice, ready.root, lambda: results_in(ready.root))
    targets = ready.targets(search.files(order.inputs))
    stop = threading.Event()

    def work() -> Iterator[BatchResult]:
        for folder, why in search.troubles:
            yield BatchResult(folder, None, "failed", 0.0, why)
        with closing(Ledger(ready.root)) as ledger:
            yield from _interruptible(Session(ready, ledger, Quiet(), stop).results([targets]), stop)

    return work()


def _interruptible(results: Generator[tuple[Target, Result]], stop: threading.Event) -> Iterator[BatchResult]:
    """Each result; Ctrl-C stops the work while it goes on, and not in the middle of a file."""
    is_main = threading.current_thread() is threading.main_thread()
    with closing(results):
        while True:
            with interrupted_by(lambda *_: stop.set()) if is_main else nullcontext():
                found = next(results, None)
            if stop.is_set():
                raise KeyboardInterrupt
            if found is None:
                return
            yield _told(*found)


def _told(target: Target, result: Result) -> BatchResult:
    return BatchResult(target.source or Path(), result.output, result.outcome, result.seconds, result.reason)
