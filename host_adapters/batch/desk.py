"""The machine that leads: it sends pictures away, and gives what comes back its place."""

from __future__ import annotations

import os
import pickle
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from filecmp import cmp
from functools import partial
from pathlib import Path
from typing import Any

from senga.atomic import Adopted, Replacement, Staging
from senga.errors import ReadError, WriteError
from senga.files.numbered import Numbered, placed
from senga.files.write_trouble import border
from senga.job import Job
from senga.language import wanted

from .attempt import Painter, Result, first_of, guarded, make_folder
from .belongings import needs_of
from .facts import NOTHING, Facts, content_of, settled_state, state_at
from .far import MOST_SENT, Far, Parcel, Piece, View
from .outputs import Target
from .report import Report
from .taken import settle
from .versions import libraries, versions

_LEFT_OUT = ("inputs", "output", "save_recipe", "selection", "recipe", "as_json", "report", "filter")
"""Options that say nothing of how a picture is made."""


@dataclass
class Desk:
    """Makes pieces of inputs, and results of answers.

    Attributes:
        painter: what is to be done.
        report: is told what happens.
        stopped: True when the user wants to stop.
        folder: where results are laid aside; None where they are sent.
    """

    painter: Painter
    report: Report
    stopped: Callable[[], bool]
    folder: Path | None = None
    _known: dict[Target, Facts] = field(default_factory=dict)

    def assignment(self, sample: Path | None) -> Far:
        """What is to be done with every picture.

        Raises:
            SengaError: something that is needed is not there.
        """
        invocation, known, second = self.painter.invocation, self.painter.known, self.painter.second
        recipe, needs, supplies = needs_of(
            invocation.recipe, known, Job(precision=invocation.options["precision"]), send=self.folder is None
        )
        options = {name: value for name, value in invocation.options.items() if name not in _LEFT_OUT}
        return Far(
            key=secrets.token_hex(8),
            invocation=replace(invocation, recipe=recipe, options=options),
            blend=self.painter.blend,
            content_of_pipe=second.content,
            language=(wanted() or ("en",))[0],
            versions=versions(invocation.recipe, known),
            libraries=libraries(),
            needs=needs,
            view=self._view(sample),
            supplies=supplies,
        )

    def _view(self, sample: Path | None) -> View | None:
        if self.folder is None:
            return None
        token = secrets.token_hex(8)
        (self.folder / "here").write_text(token)
        try:
            shown = (sample.absolute(), sample.stat().st_size) if sample else None
        except OSError:
            shown = None
        return View(self.folder.absolute(), token, shown)

    def piece(self, number: int, target: Target, count: int) -> bytes | Result:
        """An input as it travels; a result if there is nothing to do."""
        pieces: list[bytes] = []

        def act(job: Job) -> Result:
            del job
            found = self._piece(target)
            if isinstance(found, Result):
                return found
            pieces.append(pickle.dumps(found))
            return Result("done")

        self.report.start(target.label, number, count)
        result = guarded(target, self.report, self.stopped, act, self.painter.invocation)
        return pieces[0] if pieces else result

    def _piece(self, target: Target) -> Piece | Result:
        if target.trouble:
            raise WriteError(target.trouble)
        is_free = target.unsure or target.made is not None
        overwrite = self.painter.invocation.options["overwrite"]
        if target.first is not None and not is_free and not settle(target.first, overwrite):
            self.report.skipped(target.label, str(target.output))
            return Result("skipped")
        assert target.source is not None  # noqa: S101 - a batch reads from no pipe
        path, own = target.source.absolute(), self.painter.second.own(target)
        if self.folder is not None:
            self._known[target] = Facts("", settled_state(path))
            second = {os.path.abspath(value): place.absolute() for value, place in own.items()}  # noqa: PTH100 - templates
            return Piece(target, path, None, self.folder.absolute(), second)
        content, self._known[target] = _sent(path, target.label)
        pictures = {os.path.abspath(value): _sent(at, str(at))[0] for value, at in own.items()}  # noqa: PTH100 - as above
        return Piece(target, path, content, None, pictures)

    def result(self, target: Target, answer: bytes) -> Result:
        """What came back, once it is in its place."""
        known = self._known.pop(target, NOTHING)
        parcel: Parcel = pickle.loads(answer)  # noqa: S301 - of a worker, as dask itself unpickles its answers
        act = partial(self._settled, target, parcel, known)
        return guarded(target, self.report, self.stopped, act, self.painter.invocation)

    def _settled(self, target: Target, parcel: Parcel, known: Facts, _job: Job) -> Result:
        result = parcel.result
        if result.outcome == "cancelled":
            return result
        output = self._placed(target, parcel) if parcel.files else None
        if result.outcome == "failed":
            self.report.failed(target.label, result.reason)
            part = first_of(output) if output else None
            written = Facts(result.written.content, state_at(part)) if part else NOTHING
            return replace(result, output=part, full=result.full and self.folder is not None, written=written)
        if output is None:
            self.report.skipped(target.label, str(target.output))
            return Result("skipped")
        self.report.done(target.label, str(output), result.seconds)
        first = first_of(output)
        return replace(
            result,
            output=first,
            content=known.content or result.content,
            facts=_still(known, target) if self.folder is not None else known.state,
            written=Facts(result.written.content, state_at(first)),
        )

    def _placed(self, target: Target, parcel: Parcel) -> Path | None:
        """Where the files are now; None if they are to be skipped by then."""
        assert target.output is not None  # noqa: S101 - a batch writes to no pipe
        if any(Path(name).name != name for name in (parcel.name, *(each for each, _ in parcel.files))):
            raise WriteError(f"{target.label}: a worker gave its result the name of a path, which is refused.")
        folder, planned = target.output.parent, target.numbered.path if target.numbered else target.output
        overwrite = self.painter.invocation.options["overwrite"]
        overwrite = target.may(overwrite, folder / parcel.files[0][0], checked=parcel.name == planned.name)
        if target.folder:
            make_folder(target, folder)
        if target.unsure and all(_is_same(folder / name, file) for name, file in parcel.files):
            return folder / parcel.name
        try:
            return _written(folder, parcel, overwrite)
        except WriteError as error:
            if overwrite == "skip" and isinstance(error.__cause__, FileExistsError):
                return None
            raise


def _sent(path: Path, label: str) -> tuple[bytes, Facts]:
    """A file to send, and what is known of it."""
    from senga.files.reading import read_trouble

    try:
        content, facts = content_of(path, MOST_SENT)
    except OSError as error:
        raise ReadError(read_trouble(error, label), path) from error
    if content is None:
        raise ReadError(f"{label} is too large to be sent; use a folder that all machines see, without --send.", path)
    return content, facts


def _still(known: Facts, target: Target) -> str:
    """The state of the input, if it is what it was before."""
    return known.state if target.source is not None and known.state == state_at(target.source.absolute()) else ""


def _is_same(there: Path, file: Path | bytes) -> bool:
    if not there.is_file():
        return False
    return there.read_bytes() == file if isinstance(file, bytes) else cmp(there, file, shallow=False)


def _written(folder: Path, parcel: Parcel, overwrite: str) -> Path | None:
    """Give the files the first name that may be used, all of them or none."""
    is_single = parcel.name in {name for name, _ in parcel.files}
    numbered = None if is_single else Numbered.of(folder / parcel.name)
    place: Any = numbered or folder / parcel.name
    names: Iterable[Any] = settle(place, overwrite)
    if not names:
        return None
    ready: list[Replacement] = []
    with border(folder / parcel.name, still=False):
        try:
            ready += (_ready(file, folder / name) for name, file in parcel.files)
            if overwrite != "replace":
                found: Path | Numbered = placed(ready, ((each, _paths(each, len(ready))) for each in names))
                return found if isinstance(found, Path) else found.path
            for each in ready:
                each.commit()
            return folder / parcel.name
        finally:
            for each in ready:
                each.discard()


def _paths(name: Path | Numbered, count: int) -> list[Path]:
    return [name] if isinstance(name, Path) else [name.frame(number) for number in range(1, count + 1)]


def _ready(file: Path | bytes, path: Path) -> Replacement:
    if isinstance(file, Path):
        return Adopted(file, path)
    replacement = Replacement(path)
    try:
        replacement.stream.write(file)
        replacement.seal()
    except BaseException:
        replacement.discard()
        raise
    return replacement


@contextmanager
def laid_aside(home: Path, *, send: bool) -> Iterator[Path | None]:
    """A folder for results beside the ledger, which goes with this process; None where they are sent."""
    if send:
        yield None
        return
    staging = Staging(home)
    try:
        yield staging.folder
    finally:
        staging.discard()
