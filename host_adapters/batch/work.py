"""Do what ``senga run`` was asked: every input, failures one by one, Ctrl-C at once."""

from __future__ import annotations

import math
import os
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any, NoReturn

from senga.atomic import discard_unfinished, sweep_once
from senga.backends import Site
from senga.errors import SettingsError
from senga.growing import Kept
from senga.language import tr
from senga.plain import tell
from senga.registry import Plugins

from .attempt import Outcome, Paint, Painter, attempt, blend_of, check_files
from .films import codec_of, in_pieces, sweep_pieces, tell_kept
from .identity import task_digest
from .invocation import Invocation
from .outputs import Target, Wish, plan
from .report import Report, choose
from .second import SecondPictures
from .signals import interrupted_by

GRACE = 0.7
"""Seconds that a filter has to notice Ctrl-C before the process ends itself."""

INTERRUPTED = 130
_MOST_WORKERS, _MOST_THREADS = 16, 256
"""What is allowed on any machine; large ones may have more."""


def work(invocation: Invocation, known: Plugins) -> int:
    """Process all inputs.

    Returns:
        0 when all are done, 1 when some failed, 130 when interrupted.

    Raises:
        SengaError: before any work, for what no input could succeed with.
    """
    options = invocation.options
    check_numbers(options)
    _check_growth(options)
    blend = blend_of(options)
    done = invocation.work(known, blend)
    second = SecondPictures(done)
    second.check(options["inputs"])
    check_files(done)
    targets = [_with_second(target, second) for target in plan(options["inputs"], _wish(invocation, known, second))]
    _check_standard_output(as_json=options["as_json"], piped=any(target.output is None for target in targets))
    invocation.check_names(known)
    painter = Painter(invocation, known, blend, second)
    targets = _in_pieces(targets, painter)
    invocation.save_recipe()
    for folder in {target.output.parent for target in targets if target.output}:
        sweep_once(folder)
        sweep_pieces(folder)
    with choose(options["as_json"]) as report, interruptible() as stop:
        counts = Counter(_outcomes(targets, invocation, painter, report, stop))
        report.end(counts["done"], counts["failed"], counts["skipped"], stop.is_set())
        tell_kept(targets)
        if counts["done"]:
            _tell_unseen(options.get("growth") or "")
        return INTERRUPTED if stop.is_set() else 1 if counts["failed"] else 0


def _in_pieces(targets: list[Target], painter: Painter) -> list[Target]:
    """Films keep what is finished of them, so that whoever was interrupted goes on."""
    task = cache(lambda: task_digest(painter.invocation, painter.known, painter.second))
    return [in_pieces(each, partial(_made_by, task, painter, each)) for each in targets]


def _made_by(task: Callable[[], str], painter: Painter, target: Target) -> str:
    return f"{task()} {painter.second.digest(target)}"


def _check_standard_output(*, as_json: bool, piped: bool) -> None:
    if as_json and piped:
        raise SettingsError("--json and a result in a pipe both need standard output: give -o a file.")
    if (as_json or piped) and sys.stdout is None:
        raise SettingsError("Standard output is closed: give -o a file, and leave out --json.")


def _with_second(target: Target, second: SecondPictures) -> Target:
    return target if target.trouble else replace(target, trouble=second.trouble(target))


def _wish(invocation: Invocation, known: Plugins, second: SecondPictures) -> Wish:
    options = invocation.options
    beside = (tr("the recipe"), options["save_recipe"]), (tr("the picture in progress"), options.get("growth"))
    return Wish(
        options["output"],
        invocation.name,
        options["format"],
        invocation.makes(known),
        options["overwrite"],
        read=(*invocation.reads(second.work), *second.paths(options["inputs"])),
        written=tuple((name, Path(path)) for name, path in beside if path),
        preview=options.get("preview"),
        codec=codec_of(options),
    )


def _check_growth(options: Mapping[str, Any]) -> None:
    """There is one picture that grows, and a place for it."""
    if options.get("growth") and len(options["inputs"]) > 1:
        raise SettingsError("--growth shows one picture while it grows: give one input.")
    Kept.of(options.get("growth") or "")


def _tell_unseen(file: str) -> None:
    """Say that nothing grew: most filters paint at once, and films are many pictures."""
    if file and not Path(file).expanduser().exists():
        text = tr("“{name}” was not made: films show nothing while they grow, nor do filters that paint at once.")
        tell(f"senga: {text.format(name=file)}", err=True)


def check_numbers(options: Mapping[str, Any]) -> None:
    """More processes or threads than a machine can use only bring it to its knees."""
    preview = options.get("preview")
    if preview is not None and not 0 < preview < math.inf:
        raise SettingsError(f"--preview {preview:g} is no length of a film: give a number of seconds above 0.")
    cores = os.cpu_count() or 1
    for name, most in (("workers", max(_MOST_WORKERS, 2 * cores)), ("threads", max(_MOST_THREADS, 8 * cores))):
        if (options[name] or 1) > most:
            raise SettingsError(f"--{name} {options[name]} is too many: at most {most} make sense on {cores} cores.")


def _outcomes(
    targets: list[Target], invocation: Invocation, painter: Painter, report: Report, stop: threading.Event
) -> Iterator[Outcome]:
    """One input after the other, or several at the same time; a single film is shared out by its frames."""
    size = invocation.options["workers"]
    piped = any(target.source is None for target in targets)
    if size == 1 or (piped and len(targets) > 1):
        yield from _in_turn(targets, invocation, painter, report, stop)
        return
    from .assignments import Near
    from .crew import Crew
    from .sharing import Sharing

    near = Near(invocation, painter.blend, painter.second)
    with Crew(near, Site(jobs=size, stopped=stop.is_set, report=report)) as crew:
        if len(targets) > 1:
            results = Sharing(crew, near, report, stop.is_set).attempts(enumerate(targets, 1), len(targets))
            yield from (result.outcome for _, result in results)
        else:
            yield from _in_turn(targets, invocation, crew.sharing(painter), report, stop)


def _in_turn(
    targets: list[Target], invocation: Invocation, paint: Paint, report: Report, stop: threading.Event
) -> Iterator[Outcome]:
    for number, target in enumerate(targets, 1):
        if stop.is_set():
            return
        report.start(target.label, number, len(targets))
        yield attempt(target, invocation, paint, report, stop.is_set).outcome


@contextmanager
def interruptible(grace: float = GRACE) -> Iterator[threading.Event]:
    """An event that Ctrl-C, SIGTERM and SIGHUP set; who does not notice in time is ended, temporary files included."""
    stop = threading.Event()

    def ask(*_: object) -> None:
        if not stop.is_set():
            stop.set()
            timer = threading.Timer(grace, _end)
            timer.daemon = True
            timer.start()

    with interrupted_by(ask):
        yield stop


def _end() -> NoReturn:
    discard_unfinished()
    os._exit(INTERRUPTED)
