"""One run over many inputs with a ledger: plan, share out, note what became of each, and leave nothing twice."""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any

from senga.atomic import sweep_once
from senga.errors import SettingsError
from senga.registry import Plugins
from senga.work import Work

from .attempt import Painter, Result, attempt, blend_of, check_files
from .facts import Facts, facts_of, state_at
from .identity import task_digest
from .inputs import Found, Search
from .invocation import Invocation
from .ledger import Ledger, Row
from .order import Order, split_template, told
from .outputs import Target, Wish, plan
from .report import Report
from .second import SecondPictures

_LOOK = 0.3
"""Seconds between two looks at what another run has in work."""

_Numbered = tuple[int, Target]
_Results = Iterator[tuple[Target, Result]]


@dataclass(frozen=True)
class Planned:
    """What is to be done, checked.

    Attributes:
        targets: each input with its output.
        search: what was found on the way.
        root: the folder of the results.
        task: the digest of the filters, settings, versions and weights.
        painter: does it.
    """

    targets: list[Target]
    search: Search
    root: Path
    task: str
    painter: Painter


def planned(order: Order, invocation: Invocation, known: Plugins, given: Sequence[Found] | None = None) -> Planned:
    """Find the inputs, and check all names and settings before any work.

    Args:
        order: what is asked for.
        invocation: the filters, and how to run them.
        known: where filters are found.
        given: the inputs, where they are known already.

    Raises:
        SengaError: for what no input could succeed with.
    """
    root, template = split_template(order.output)
    _check_root(root)
    search = Search(order.choice, root, results_in(root))
    found = search.files(order.inputs) if given is None else given
    blend = blend_of(invocation.options)
    done = Work.of(known, invocation.recipe, blend=blend)
    second = SecondPictures(done)
    names = tuple(str(each.path) for each in found)
    second.check(order.inputs)
    check_files(done)
    wish = Wish(
        template,
        invocation.name,
        invocation.options["format"],
        invocation.makes(known),
        invocation.options["overwrite"],
        read=(*invocation.reads(done), *second.paths(names)),
        written=order.written,
        root=root,
    )
    targets = plan(names, wish, [each.inside for each in found])
    invocation.check_names(known)
    painter = Painter(invocation, known, blend, second)
    ready = [_ready(target, second, order) for target in targets]
    return Planned(ready, search, root, task_digest(invocation, known, second), painter)


def results_in(root: Path) -> frozenset[str]:
    """The files in a folder that earlier runs made: no inputs, though they may lie among them."""
    if not Ledger.is_in(root):
        return frozenset()
    real = Path(os.path.realpath(root))
    with closing(Ledger(root, make=False)) as ledger:
        return frozenset(str(real / row.written) for row in ledger.rows() if row.written)


def _check_root(root: Path) -> None:
    if root.exists() and not root.is_dir():
        raise SettingsError(f"“{root}” is a file; -o takes the folder of the results.")


def _ready(target: Target, second: SecondPictures, order: Order) -> Target:
    trouble = target.trouble or second.trouble(target)
    return replace(target, trouble=trouble, noted=True, pictured=order.pictured)


@dataclass
class Session:
    """A run that is under way.

    Args:
        plan: what is to be done.
        order: how.
        ledger: what was done before.
        report: is told what happens.
        stop: set when the user wants to stop.
    """

    plan: Planned
    order: Order
    ledger: Ledger
    report: Report
    stop: threading.Event
    counts: Counter[str] = field(default_factory=Counter)
    trouble: str = ""
    """Why the whole run had to stop."""
    _started: int = 0
    _over: bool = False
    _since: float = 0.0

    def results(self) -> _Results:
        """Do it; results come as they are ready."""
        invocation = self.plan.painter.invocation
        fresh = invocation.options["overwrite"] == "replace" and not self.order.resume
        self._since = self.ledger.begin(self.plan.task, told(invocation, self.order), fresh=fresh)
        self.ledger.plan(self.plan.task, self._rows())
        self.report.count = len(self.plan.targets)
        for folder in {target.output.parent for target in self.plan.targets if target.output}:
            sweep_once(folder)
        yield from self._counted(chain(self._unseen(), self._all()))

    def _unseen(self) -> _Results:
        """Folders that could not be looked at count as failed inputs."""
        from senga.files.kinds import Kind

        for path, why in self.plan.search.troubles:
            self.report.failed(str(path), why)
            yield Target(path, None, Kind()), Result("failed", reason=why)

    def _rows(self) -> Iterator[tuple[Path, Path, Path]]:
        for target in self.plan.targets:
            assert target.source is not None  # noqa: S101 - nor reads from one
            yield self._key(target), target.source.absolute(), target.inside

    def _key(self, target: Target) -> Path:
        assert target.output is not None  # noqa: S101 - a batch never writes to a pipe
        return target.output.relative_to(self.plan.root)

    def _counted(self, results: _Results) -> _Results:
        for target, result in results:
            self.counts[result.outcome] += 1
            self._over = self._over or result.full or (self.order.fail_fast and result.outcome == "failed")
            yield target, result

    def _all(self) -> _Results:
        """Everything, and at the end what other runs had in work and did not finish."""
        left = list(enumerate(self.plan.targets, 1))
        with self._worker() as work:
            while left and not self._is_over():
                elsewhere: list[_Numbered] = []
                kept: list[tuple[Target, Result]] = []
                for target, result in work(self._claimed(left, elsewhere, kept)):
                    yield from self._kept(kept)
                    yield target, self._noted(target, result)
                yield from self._kept(kept)
                left = elsewhere
                if left:
                    self.stop.wait(_LOOK)

    def _kept(self, kept: list[tuple[Target, Result]]) -> _Results:
        for target, result in kept:
            self.report.kept(target.label, str(result.output))
            yield target, result
        kept.clear()

    def _is_over(self) -> bool:
        return self._over or self.stop.is_set()

    def _worker(self) -> AbstractContextManager[Callable[[Iterable[_Numbered]], _Results]]:
        """What turns claimed inputs into results: a crew of processes, or this one."""
        make = _alone if self.order.alone else _crewed
        return make(self.plan.painter, len(self.plan.targets), self.report, self.stop.is_set)

    def _claimed(
        self,
        left: Sequence[_Numbered],
        elsewhere: list[_Numbered],
        kept: list[tuple[Target, Result]],
    ) -> Iterator[_Numbered]:
        """Those inputs that are ours to do now."""
        for number, target in left:
            if self._is_over() or (self.order.limit is not None and self._started >= self.order.limit):
                return
            found = self._claim(target)
            if found is None:
                elsewhere.append((number, target))
            elif isinstance(found, Result):
                kept.append((target, found))
            else:
                self._started += 1
                yield number, found

    def _claim(self, target: Target) -> Target | Result | None:
        """The target to be made by us, the result if nothing is to be done, or None if somebody else is at it."""
        while True:
            row = self.ledger.find(self._key(target))
            if self.ledger.is_at_work(row):
                return None
            if not target.trouble and self._is_kept(row, target):
                return Result("skipped", place_of(self.plan, row))
            if self.ledger.claim(row):
                made = place_of(self.plan, row) if is_ours(self.plan, row) else None
                return replace(target, made=made, unsure=row.state == "working" and made is None)

    def _is_kept(self, row: Row, target: Target) -> bool:
        """Whether the result is there already, and counts."""
        if (row.made or 0.0) < self._since:
            return False
        facts = is_kept(self.plan, row, target)
        if facts is None:
            return False
        if facts.known_by != row.facts:
            self.ledger.note(row.output, "done", facts=facts.known_by)
        return True

    def _noted(self, target: Target, result: Result) -> Result:
        """The result, once it stands in the ledger."""
        key = self._key(target)
        if result.full:
            self.trouble = result.reason
            self.ledger.note(key, "waiting", reason=result.reason)
        elif result.outcome == "done":
            assert result.output is not None  # noqa: S101 - it is done
            self.ledger.note(key, "done", reason="", **self._facts(target, result, result.output))
        elif result.outcome == "cancelled":
            self.ledger.note(key, "waiting", reason="")
        else:
            self.ledger.note(key, result.outcome, reason=result.reason, size=_size(target.source))
        return result

    def _facts(self, target: Target, result: Result, output: Path) -> dict[str, Any]:
        written = facts_of(output)
        return {
            "task": self.plan.task,
            "made": time.time(),
            "content": result.content,
            "facts": result.facts,
            "second": self.plan.painter.second.digest(target),
            "written": output.relative_to(self.plan.root),
            "written_content": written.content,
            "written_facts": written.state,
            "written_size": _size(output),
            "seconds": result.seconds,
            "size": _size(target.source),
            "before": result.before or None,
            "after": result.after or None,
        }


def place_of(plan: Planned, row: Row) -> Path | None:
    """Where the result of a row is."""
    return plan.root / row.written if row.written else None


def is_ours(plan: Planned, row: Row) -> bool:
    """Whether what is there was made by an earlier run and changed by nobody."""
    place = place_of(plan, row)
    if place is None or not row.written_facts:
        return False
    state = state_at(place)
    return bool(state) and (state == row.written_facts or facts_of(place).content == row.written_content)


def is_kept(plan: Planned, row: Row, target: Target) -> Facts | None:
    """What is known of the input, if the result is there already, made of the same content in the same way."""
    same = row.state == "done" and row.task == plan.task and row.second == plan.painter.second.digest(target)
    if not same or target.source is None or not is_ours(plan, row):
        return None
    state = state_at(target.source)
    if row.facts and row.facts == state:
        return Facts(row.content, state, settled=True)
    facts = facts_of(target.source)
    return facts if row.content and facts.content == row.content else None


def _size(path: Path | None) -> int:
    try:
        return path.stat().st_size if path else 0
    except (OSError, ValueError):
        return 0


@contextmanager
def _crewed(
    painter: Painter, count: int, report: Report, stopped: Callable[[], bool]
) -> Iterator[Callable[[Iterable[_Numbered]], _Results]]:
    """Several processes; one that dies takes a single input with it."""
    from .crew import Crew

    size = painter.invocation.options["workers"]
    with Crew(size, painter.invocation, painter.blend, painter.second, stopped) as crew:
        yield lambda inputs: crew.attempts(inputs, count, report)


@contextmanager
def _alone(
    painter: Painter, count: int, report: Report, stopped: Callable[[], bool]
) -> Iterator[Callable[[Iterable[_Numbered]], _Results]]:
    """This process, one input after another."""

    def work(inputs: Iterable[_Numbered]) -> _Results:
        for number, target in inputs:
            report.start(target.label, number, count)
            yield target, attempt(target, painter.invocation, painter, report, stopped)

    yield work
