"""One run over many inputs with a ledger: plan, share out, note what became of each, and leave nothing twice."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from senga.atomic import sweep_once
from senga.errors import WriteError

from .attempt import Result
from .engaging import Work, alone, crewed
from .facts import Facts, facts_of, size_of
from .films import discard, is_held, pieces_at
from .kept import is_kept, is_ours, key_of, place_of
from .ledger import Ledger, Row
from .order import told
from .outputs import Target
from .ready import Ready
from .report import Report
from .sharing import Numbered, Results
from .work import INTERRUPTED

_LOOK = 0.3
"""Seconds between two looks at what another run has in work."""


@dataclass
class Session:
    """A run that is under way.

    Args:
        ready: what is to be done with each input.
        ledger: what was done before.
        report: is told what happens.
        stop: set when the user wants to stop.
    """

    ready: Ready
    ledger: Ledger
    report: Report
    stop: threading.Event
    counts: Counter[str] = field(default_factory=Counter)
    trouble: str = ""
    """Why the whole run had to stop."""
    _started: int = 0
    _over: bool = False
    _since: float = 0.0

    def results(self, parts: Iterable[Sequence[Target]]) -> Results:
        """Do it; results come as they are ready.

        Args:
            parts: the inputs; the next part is asked for when all of one are done.
        """
        invocation, order = self.ready.painter.invocation, self.ready.order
        fresh = invocation.options["overwrite"] == "replace" and not order.resume
        self._since = self.ledger.begin(self.ready.task, told(invocation, order), fresh=fresh)
        with self._worker(_sample(parts)) as work:
            for part in parts:
                self.ledger.plan(self.ready.task, self._rows(part))
                self.report.count = len(part)
                self._sweep(part)
                yield from self._counted(self._all(part, work))
                if self._is_over():
                    break

    def _sweep(self, part: Sequence[Target]) -> None:
        """Remove what killed runs left: where we write, and where they were at work."""
        for folder in {target.output.parent for target in part if target.output}:
            sweep_once(folder)
        for folder in {(self.ready.root / row.output).parent for row in self.ledger.rows("working")}:
            sweep_once(folder)

    def end(self) -> None:
        """Tell how it ended."""
        counts = self.counts
        self.report.count = max(self.report.count, counts.total())
        self.report.end(counts["done"], counts["failed"], counts["skipped"], self.stop.is_set())

    def outcome(self) -> int:
        """The exit code.

        Raises:
            WriteError: the disk is full.
        """
        if self.trouble:
            raise WriteError(self.trouble)
        return INTERRUPTED if self.stop.is_set() else 1 if self.counts["failed"] else 0

    def _rows(self, part: Sequence[Target]) -> Iterator[tuple[Path, Path, Path]]:
        for target in part:
            assert target.source is not None  # noqa: S101 - a batch reads from no pipe
            yield key_of(target), target.source.absolute(), target.inside

    def _counted(self, results: Results) -> Results:
        for target, result in results:
            self.counts[result.outcome] += 1
            self._over = self._over or result.full or (self.ready.order.fail_fast and result.outcome == "failed")
            yield target, result

    def _all(self, part: Sequence[Target], work: Work) -> Results:
        """A whole part, and at the end what other runs had in work and did not finish."""
        left = list(enumerate(part, 1))
        while left and not self._is_over():
            elsewhere: list[Numbered] = []
            kept: list[tuple[Target, Result]] = []
            for target, result in work(self._claimed(left, elsewhere, kept), len(part)):
                yield from self._kept(kept)
                yield target, self._noted(target, result)
            yield from self._kept(kept)
            left = elsewhere
            if left:
                self.stop.wait(_LOOK)

    def _kept(self, kept: list[tuple[Target, Result]]) -> Results:
        for target, result in kept:
            self.report.kept(target.label, str(result.output))
            yield target, result
        kept.clear()

    def _is_over(self) -> bool:
        return self._over or self.stop.is_set()

    def _worker(self, sample: Path | None) -> AbstractContextManager[Work]:
        """What turns claimed inputs into results: a crew of processes, or this one."""
        painter, order, stopped = self.ready.painter, self.ready.order, self.stop.is_set
        if order.alone:
            return alone(painter, self.report, stopped)
        return crewed(painter, order, self.ledger.home, sample, self.report, stopped)

    def _claimed(
        self,
        left: Sequence[Numbered],
        elsewhere: list[Numbered],
        kept: list[tuple[Target, Result]],
    ) -> Iterator[Numbered]:
        """Those inputs that are ours to do now."""
        for number, target in left:
            if self._is_over() or (self.ready.order.limit is not None and self._started >= self.ready.order.limit):
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
            row = self.ledger.find(key_of(target))
            if self.ledger.is_at_work(row):
                return None
            if not target.trouble and self._is_kept(row, target):
                return Result("skipped", place_of(self.ready, row))
            if self.ledger.claim(row):
                ours = is_ours(self.ready, row)
                made = place_of(self.ready, row) if ours and not self._replaces else None
                return self._in_pieces(_again(target, made, unsure=row.state == "working" and not ours))

    def _in_pieces(self, target: Target) -> Target:
        """The target with a place for finished pieces, if it is a film."""
        if not target.kind.film or target.numbered or not is_held(target.format):
            return target
        made_by = f"{self.ready.task} {self.ready.painter.second.digest(target)} {target.format}"
        return replace(target, pieces=pieces_at(self.ledger.home, key_of(target)), made_by=made_by)

    @property
    def _replaces(self) -> bool:
        """Whether what is in the place of a result is replaced, whoever made it."""
        return bool(self.ready.painter.invocation.options["overwrite"] == "replace")

    def _is_kept(self, row: Row, target: Target) -> bool:
        """Whether the result is there already, and counts."""
        if (row.made or 0.0) < self._since:
            return False
        facts = is_kept(self.ready, row, target)
        if facts is None:
            return False
        if facts.known_by != row.facts:
            self.ledger.note(row.output, "done", facts=facts.known_by)
        return True

    def _noted(self, target: Target, result: Result) -> Result:
        """The result, once it stands in the ledger."""
        if result.full:
            self.trouble = result.reason
            self.ledger.note(key_of(target), "waiting", reason=result.reason)
        elif result.outcome == "done":
            assert result.output is not None  # noqa: S101 - it is done
            self.ledger.note(key_of(target), "done", reason="", **self._facts(target, result, result.output))
            discard(target.pieces)
        elif result.outcome == "cancelled":
            self.ledger.note(key_of(target), "waiting", reason="")
        else:
            part = self._written(result.output, result.written) if result.outcome == "failed" and result.output else {}
            discard(target.pieces if part else None)
            why = {"reason": result.reason, "size": size_of(target.source)}
            self.ledger.note(key_of(target), result.outcome, **why, **part)
        return result

    def _facts(self, target: Target, result: Result, output: Path) -> dict[str, Any]:
        return {
            **self._written(output, result.written),
            "task": self.ready.task,
            "content": result.content,
            "facts": result.facts,
            "second": self.ready.painter.second.digest(target),
            "seconds": result.seconds,
            "size": size_of(target.source),
            "before": result.before or None,
            "after": result.after or None,
        }

    def _written(self, output: Path, known: Facts) -> dict[str, Any]:
        """By which a result is known as ours; it may be replaced by a better one."""
        written = known if known.content else facts_of(output)
        return {
            "made": time.time(),
            "written": output.relative_to(self.ready.root),
            "written_content": written.content,
            "written_facts": written.state,
            "written_size": size_of(output),
        }


def _sample(parts: Iterable[Sequence[Target]]) -> Path | None:
    """One of the inputs, where they are known beforehand."""
    return parts[0][0].source if isinstance(parts, list) and parts and parts[0] else None


def _again(target: Target, made: Path | None, *, unsure: bool) -> Target:
    """The target in the place of what an earlier run made, which may have had to take another name."""
    renamed = made is not None and target.output is not None and made.stem != target.output.stem
    output = made if renamed and not target.numbered else target.output
    return replace(target, output=output, made=made, unsure=unsure)
