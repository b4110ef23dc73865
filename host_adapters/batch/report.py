"""What the user hears while pictures are made: bars on a terminal, nothing in a pipe, or JSON lines."""

from __future__ import annotations

import json
import sys
import time
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from senga.language import tr
from senga.output import ours
from senga.plain import plain, tell

if TYPE_CHECKING:
    from rich.progress import TaskID


class Report(AbstractContextManager["Report"]):
    """Errors, what was skipped, and the total of a batch, on stderr: what a pipe gets. The others build on it."""

    count = 0
    """How many inputs there are."""

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Take bars off the screen."""

    def start(self, label: str, number: int, count: int) -> None:
        """An input is begun."""
        self.count = count

    def progress(self, label: str, share: float, note: str) -> None:
        """A share (0..1) of an input is done."""

    def done(self, label: str, output: str, seconds: float) -> None:
        """The result was written."""

    def skipped(self, label: str, output: str) -> None:
        """The output existed and is kept."""
        tell(f"senga: {_kept(label, output)}", err=True)

    def kept(self, label: str, output: str) -> None:
        """An earlier run made this result, and nothing has changed since."""

    def failed(self, label: str, message: str) -> None:
        """The input failed; the others go on."""
        tell(f"senga: {message}", err=True)

    def end(self, done: int, failed: int, skipped: int, interrupted: bool) -> None:
        """Nothing is left to do."""
        if self.count > 1:
            tell(f"senga: {total(done, failed, skipped, self.count)}", err=True)


def _kept(label: str, output: str) -> str:
    return f"{label}: {tr('{output} exists and is kept').format(output=output)}"


def total(done: int, failed: int, skipped: int, count: int) -> str:
    """How a batch ended; what did not happen is not mentioned."""
    said = [tr("{number} of {count} done").format(number=done, count=count)]
    said += [tr("{number} skipped").format(number=skipped)] if skipped else []
    said += [tr("{number} failed").format(number=failed)] if failed else []
    return ", ".join(said)


class JsonReport(Report):
    """One JSON object per line on stdout."""

    def __init__(self) -> None:
        self._last: dict[str, float] = {}

    def _say(self, event: str, **facts: Any) -> None:
        with ours():  # a filter may be at work, whose own prints go elsewhere
            sys.stdout.write(json.dumps({"event": event, **facts}) + "\n")
            sys.stdout.flush()

    def start(self, label: str, number: int, count: int) -> None:
        self._say("start", input=label, number=number, count=count)

    def progress(self, label: str, share: float, note: str) -> None:
        now = time.monotonic()
        if now - self._last.get(label, 0.0) >= 0.1:
            self._last[label] = now
            self._say("progress", input=label, share=round(share, 4), note=note)

    def done(self, label: str, output: str, seconds: float) -> None:
        self._last.pop(label, None)  # or it would grow with the number of inputs
        self._say("done", input=label, output=output, seconds=round(seconds, 3))

    def skipped(self, label: str, output: str) -> None:
        self._say("skipped", input=label, output=output)

    def kept(self, label: str, output: str) -> None:
        self._say("skipped", input=label, output=output)

    def failed(self, label: str, message: str) -> None:
        self._last.pop(label, None)
        self._say("failed", input=label, message=message)

    def end(self, done: int, failed: int, skipped: int, interrupted: bool) -> None:
        self._say("end", done=done, failed=failed, skipped=skipped, interrupted=interrupted)


class BarReport(Report):
    """A progress bar with the time left for every input that is worked on, on stderr."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        self._console = Console(stderr=True, highlight=False, markup=False, emoji=False)
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[note]}", markup=False, style="dim"),
        )
        self._bars = Progress(
            *columns, TimeRemainingColumn(), TimeElapsedColumn(), console=self._console, transient=True
        )
        self._bars.start()
        self._tasks: dict[str, TaskID] = {}

    def close(self) -> None:
        self._bars.stop()

    def start(self, label: str, number: int, count: int) -> None:
        super().start(label, number, count)
        name = f"{label} ({number}/{count})" if count > 1 else label
        self._end(label)
        self._tasks[label] = self._bars.add_task(plain(name), total=1.0, note="")

    def progress(self, label: str, share: float, note: str) -> None:
        if label in self._tasks:
            self._bars.update(self._tasks[label], completed=share, note=plain(note))

    def done(self, label: str, output: str, seconds: float) -> None:
        self._end(label)
        self._console.print(plain(f"{label} -> {output} ({seconds:.1f} s)"))

    def skipped(self, label: str, output: str) -> None:
        self._end(label)
        self._console.print(plain(_kept(label, output)))

    def failed(self, label: str, message: str) -> None:
        self._end(label)
        self._console.print(plain(f"senga: {message}"), style="red")

    def end(self, done: int, failed: int, skipped: int, interrupted: bool) -> None:
        if self.count > 1:
            self._console.print(plain(total(done, failed, skipped, self.count)))

    def _end(self, label: str) -> None:
        if label in self._tasks:
            self._bars.remove_task(self._tasks.pop(label))


class Quiet(Report):
    """Says nothing: the results tell."""

    def skipped(self, label: str, output: str) -> None:
        """Said by the result."""

    def failed(self, label: str, message: str) -> None:
        """Said by the result."""

    def end(self, done: int, failed: int, skipped: int, interrupted: bool) -> None:
        """Said by the last result."""


def choose(as_json: bool) -> Report:
    """JSON when asked for, bars on a terminal, else silence."""
    return JsonReport() if as_json else BarReport() if sys.stderr.isatty() else Report()
