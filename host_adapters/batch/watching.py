"""``senga watch``: new files in a folder, as soon as they are completely written."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from senga.errors import SettingsError, WriteError
from senga.language import sentence, tr
from senga.plain import tell
from senga.registry import Plugins

from .facts import state_at
from .inputs import Found, Search, identity
from .invocation import Invocation
from .kept import key_of
from .ledger import Ledger
from .nightly import exhaust
from .obstacles import meeting
from .order import Order
from .outputs import Target
from .ready import Ready, made_ready, results_in
from .report import Report, choose
from .session import Session
from .work import check_numbers, interruptible

_GRACE = 20.0
"""Seconds that the workers have to end."""


@dataclass
class Watch:
    """Looks at folders again and again.

    Attributes:
        folders: what is watched; they may go away and come back.
        search: finds the files in them.
        say: is told once what changed about the folders themselves.
    """

    folders: tuple[str, ...]
    search: Callable[[], Search]
    say: Callable[[str], None]
    _seen: dict[Path, str] = field(default_factory=dict)
    _given: dict[Path, str] = field(default_factory=dict)
    _gone: set[str] = field(default_factory=set)
    _known: dict[str, tuple[int, int] | None] = field(default_factory=dict)
    _troubles: set[str] = field(default_factory=set)

    def look(self) -> list[Found]:
        """The files that are new, or changed, and stood still since the last look."""
        search = self.search()
        found = search.files(self._there())
        self._tell_troubles(search)
        states = {each.path: state_at(each.path) for each in found}
        settled = [each for each in found if states[each.path] and self._seen.get(each.path) == states[each.path]]
        ready = [each for each in settled if self._given.get(each.path) != states[each.path] and _has_content(each)]
        self._seen = states
        self._given = {path: state for path, state in self._given.items() if path in states or self._gone}
        self._given |= {each.path: states[each.path] for each in ready}
        return ready

    def forget(self, path: Path) -> None:
        """Give this file again at the next look."""
        self._given.pop(path, None)

    def _there(self) -> list[str]:
        there = [name for name in self.folders if os.path.isdir(name)]  # noqa: PTH112 - Path raises on long names
        bare = {name for name in there if self._is_bare(name)}
        self._known |= {name: identity(Path(name)) for name in there if name not in bare}
        gone = set(self.folders).difference(there) | bare
        for name in sorted(gone - self._gone):
            text = tr("The folder “{name}” is not there; it is waited for.")
            if name in bare:
                text = tr(
                    "The folder “{name}” is empty and not the one from before; if its disk is away, it is waited for."
                )
            self.say(text.format(name=name))
        for name in sorted(self._gone - gone):
            self.say(tr("The folder “{name}” is back.").format(name=name))
        self._gone = gone
        return there

    def _is_bare(self, name: str) -> bool:
        """Whether there is only the place for a disk, as it seems: the folder is another one, with nothing in it."""
        if identity(Path(name)) == self._known.get(name, identity(Path(name))):
            return False
        with suppress(OSError), os.scandir(name) as entries:
            return not any(entries)
        return True

    def _tell_troubles(self, search: Search) -> None:
        troubles = {why for _, why in search.troubles}
        for why in sorted(troubles - self._troubles):
            self.say(why)
        self._troubles = troubles


def _has_content(found: Found) -> bool:
    """Whether there is anything in it: many programs make an empty file first."""
    try:
        return found.path.stat().st_size > 0
    except OSError:
        return False


def keep_watch(order: Order, invocation: Invocation, known: Plugins, *, every: float) -> int:
    """Work on every file that comes, until Ctrl-C or SIGTERM.

    Returns:
        0, for somebody has to end it.

    Raises:
        SengaError: before any work, for what no input could succeed with; or when no result can be written any more.
    """
    check_numbers(invocation.options)
    for name in order.inputs:
        if os.path.lexists(name) and not os.path.isdir(name):  # noqa: PTH112 - as above
            raise SettingsError(f"“{name}” is no folder: only folders can be watched.")
    ready = made_ready(order, invocation, known)
    with (
        closing(Ledger(ready.root)) as ledger,
        choose(invocation.options["as_json"]) as report,
        interruptible(_GRACE) as stop,
    ):
        watch = Watch(
            order.inputs,
            lambda: Search(order.choice, ready.root, lambda: results_in(ready.root)),
            lambda text: tell(f"senga: {text}", err=True),
        )
        session = Session(ready, ledger, report, stop)
        exhaust(session.results(_parts(watch, ready, ledger, report, stop, every)))
        if session.trouble:
            raise WriteError(session.trouble)
    return 0


def _parts(
    watch: Watch, ready: Ready, ledger: Ledger, report: Report, stop: threading.Event, every: float
) -> Iterator[list[Target]]:
    """What is ready to be worked on, whenever something is."""
    while not stop.is_set():
        ledger.check_place()
        targets: dict[Path, Target] = {}
        for each in watch.look():
            _add(each, targets, ready, ledger, report)
        if targets:
            yield list(targets.values())
        stop.wait(every)


def _add(found: Found, targets: dict[Path, Target], ready: Ready, ledger: Ledger, report: Report) -> None:
    """One file with its output; what cannot be written beside the others is told."""
    try:
        target = ready.targets([found])[0]
        other = _taken_by(target, targets, ledger)
        if other is not None and other.suffix != found.path.suffix:
            target = ready.targets([found], by_ending=True)[0]
        if (other := _taken_by(target, targets, ledger)) is not None:
            raise meeting(other, found.path, ready.root / key_of(target))
        targets[key_of(target)] = target
    except SettingsError as error:
        report.failed(str(found.path), sentence(str(error)))


def _taken_by(target: Target, targets: dict[Path, Target], ledger: Ledger) -> Path | None:
    """Another input whose result has that name."""
    key = key_of(target)
    row = ledger.look(key)
    other = targets[key].source if key in targets else row.source if row else None
    is_other = other is not None and target.source is not None and other.absolute() != target.source.absolute()
    return other if is_other and other is not None and other.exists() else None
