"""Pictures that are made by another process, perhaps on another machine: what goes there, and what it does there.

Only data travels: the settings, the digests of what is needed, pictures. Results are laid aside, in a folder that all
see or in the answer, and get their places from the machine that keeps the ledger; so a picture that is made twice,
because a process died or a network fell silent, is there once.
"""

from __future__ import annotations

import pickle
import secrets
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from senga import backends
from senga.compose import Blend
from senga.errors import FileError, ReadError, SengaError
from senga.face import still
from senga.image import Image
from senga.job import Job
from senga.language import speaking
from senga.registry import Plugins, plugins
from senga.settings import SettingInfo
from senga.work import Work

from .attempt import Result, aside, guarded, write_result
from .belongings import Need, Sent, kept, lacking_of, take
from .endings import PIPE
from .facts import Facts, facts_of
from .films import begun
from .invocation import Invocation
from .outputs import Target
from .report import Quiet
from .small import small_of
from .versions import differences, libraries, versions

MOST_SENT = 256_000_000
"""Bytes of a file that goes over the network as one message."""


@dataclass(frozen=True)
class Piece:
    """One input, as it travels.

    Attributes:
        target: it and what its output is to be called.
        path: where it lies.
        content: its bytes, where they are sent.
        folder: where results are laid aside; None where they are sent.
        second: the second pictures that belong to it alone, by their templates: paths or bytes.
    """

    target: Target
    path: Path
    content: bytes | None
    folder: Path | None
    second: Mapping[str, Path | bytes]


@dataclass(frozen=True)
class Parcel:
    """What came of it.

    Attributes:
        result: as far as it is known there.
        name: of the output, or the pattern of its numbered files.
        files: in order, each with where it lies or its bytes.
    """

    result: Result
    name: str = ""
    files: tuple[tuple[str, Path | bytes], ...] = ()


@dataclass(frozen=True)
class View:
    """How a process can tell that it sees the same folders.

    Attributes:
        folder: where results are laid aside.
        token: the content of the file ``here`` in it.
        sample: one of the inputs, with its size.
    """

    folder: Path
    token: str
    sample: tuple[Path, int] | None = None

    def trouble(self) -> str:
        """What is not seen, or nothing."""
        mend = "share it under the same name, or send the pictures with --send"
        try:
            seen = (self.folder / "here").read_text()
            (self.folder / secrets.token_hex(8)).mkdir()
        except OSError:
            seen = ""
        if seen != self.token:
            return f"does not see the folder “{self.folder.parent.parent}”, or may not write there: {mend}"
        if self.sample is None:
            return ""
        try:
            size = self.sample[0].stat().st_size
        except OSError:
            size = -1
        return "" if size == self.sample[1] else f"does not see the picture “{self.sample[0]}”: {mend}"


@dataclass(frozen=True, eq=False)
class Far(backends.Assignment):
    """What is to be done with every picture.

    Attributes:
        key: tells it apart.
        invocation: with paths that are whole, or stand for what is sent.
        blend: how results meet their originals.
        content: what came through standard input for a second picture.
        language: of sentences.
        versions: of all that decides about pixels, as they must be.
        libraries: of what may decide about their last bits.
        needs: weights and files that must be there.
        view: None where pictures are sent.
        supplies: gives what is needed; on the first machine only.
    """

    key: str
    invocation: Invocation
    blend: Blend
    content_of_pipe: bytes | None
    language: str
    versions: Mapping[str, str]
    libraries: Mapping[str, str]
    needs: tuple[Need, ...]
    view: View | None
    supplies: Mapping[str, Callable[[], bytes]] = field(default_factory=dict, repr=False)

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "supplies": {}}

    def trouble(self) -> str:
        try:
            found = differences(self.versions, versions(self.invocation.recipe, plugins()))
        except SengaError as error:
            return f"cannot do it: {str(error).removesuffix('.')}"
        return found or (self.view.trouble() if self.view else "")

    def doubt(self) -> str:
        return differences(self.libraries, libraries())

    def lacking(self) -> tuple[str, ...]:
        return lacking_of(self.needs)

    def keep(self, digest: str, content: bytes) -> None:
        take(next(need for need in self.needs if need.digest == digest), content)

    def content(self, digest: str) -> bytes:
        return self.supplies[digest]()

    def sharing(self, *, threads: int, memory: int) -> Self:
        options = dict(self.invocation.options)
        options["threads"] = options["threads"] or threads
        options["memory"] = options["memory"] or memory
        return replace(self, invocation=replace(self.invocation, options=options))

    def do(self, piece: bytes) -> bytes:
        return pickle.dumps(_member(self).made(pickle.loads(piece)))  # noqa: S301 - of the machine that leads

    def stop(self) -> None:
        _member(self).stopped.set()


class Member:
    """What a process needs to make pictures, made once.

    It makes one at a time: filters share its memory and its threads.
    """

    def __init__(self, far: Far) -> None:
        self._far = far
        self.stopped = threading.Event()
        self._ready: tuple[Plugins, Work] | None = None
        self._pictures: dict[str, Image] = {}

    def made(self, piece: Piece) -> Parcel:
        """Make one picture."""
        with _one_at_a_time, speaking(self._far.language):
            if self.stopped.is_set():
                return Parcel(Result("cancelled"))
            try:
                with self._room(piece) as (path, folder):
                    result = self._attempt(piece, path, folder)
                    return _parcel(piece, result, folder)
            except OSError as error:  # the folder is gone, or the disk is full
                return Parcel(
                    Result("failed", reason=f"{piece.target.label}: it cannot be laid aside: {error.strerror}.")
                )

    @contextmanager
    def _room(self, piece: Piece) -> Iterator[tuple[Path, Path]]:
        """Where the input lies, and an empty folder for the results."""
        if piece.content is None and piece.folder is not None:
            folder = piece.folder / secrets.token_hex(8)
            folder.mkdir(mode=0o700)
            yield piece.path, folder
            with suppress(OSError):  # it is not empty, as a rule
                folder.rmdir()
            return
        with tempfile.TemporaryDirectory(prefix="senga-", ignore_cleanup_errors=True) as name:
            path, folder = Path(name, "in", piece.path.name), Path(name, "out")
            for each in (path.parent, folder):
                each.mkdir()
            path.write_bytes(piece.content or b"")
            yield path, folder

    def _attempt(self, piece: Piece, path: Path, folder: Path) -> Result:
        def act(job: Job) -> Result:
            with _as_asked_for(piece.target, path, folder):
                return self._one(piece, path, folder, job)

        return guarded(piece.target, Quiet(), self.stopped.is_set, act, self._far.invocation)

    def _one(self, piece: Piece, path: Path, folder: Path, job: Job) -> Result:
        from senga import files

        started, options = time.monotonic(), {**self._far.invocation.options, "overwrite": "error"}
        read = facts_of(path)
        source = begun(files.read(path), options)
        known, work = self._made_ready()
        result = work.opened(lambda value, info: self._second(value, info, piece)).run(known, source, job)
        if facts_of(path, read) != read:
            raise ReadError(f"{piece.target.label} changed while it was read; the next run takes it again.")
        output = write_result(result, aside(piece.target, folder), options, source)
        small = (small_of(source), small_of(result)) if piece.target.pictured else (b"", b"")
        return Result("done", output, time.monotonic() - started, content=read.content, before=small[0], after=small[1])

    def _made_ready(self) -> tuple[Plugins, Work]:
        if self._ready is None:
            recipe, weights = kept(self._far.needs, self._far.invocation.recipe)
            known = plugins()
            if weights:
                known = Plugins()
                known.register(Sent(weights), "weights that were sent")
            self._ready = known, replace(self._far.invocation, recipe=recipe).work(known, self._far.blend)
        return self._ready

    def _second(self, value: str, info: SettingInfo, piece: Piece) -> Image:
        if value in piece.second:
            return still(piece.second[value], info.name)
        if value not in self._pictures:
            content = self._far.content_of_pipe if value == PIPE else None
            self._pictures[value] = still(content if content is not None else value, info.name)
        return self._pictures[value]


def _parcel(piece: Piece, result: Result, folder: Path) -> Parcel:
    """The result with its files; those of a film that is damaged at its end are there, though it failed."""
    names = sorted((path.name for path in folder.iterdir() if not path.name.startswith(".senga-")), key=_counted)
    if not names:
        return Parcel(result)
    first = folder / names[0]
    target, written = piece.target, result.output
    several = target.numbered.path.name if target.numbered and len(names) > 1 else names[0]
    result = replace(result, output=None, written=Facts(facts_of(first).content))
    name = written.name if written and result.outcome == "done" else several
    if piece.folder is not None:
        return Parcel(result, name, tuple((each, folder / each) for each in names))
    if sum((folder / each).stat().st_size for each in names) > MOST_SENT:
        text = (
            f"{target.label}: its result is too large to be sent; use a folder that all machines see, without --send."
        )
        return Parcel(Result("failed", reason=text))
    return Parcel(result, name, tuple((each, (folder / each).read_bytes()) for each in names))


def _counted(name: str) -> tuple[int, str]:
    """In the order of numbers, however many digits they have."""
    return len(name), name


@contextmanager
def _as_asked_for(target: Target, path: Path, folder: Path) -> Iterator[None]:
    """Sentences name files as the user does, not as they are called here."""
    try:
        yield
    except FileError as error:
        output = target.output or folder
        text = str(error).replace(str(folder / output.name), str(output)).replace(str(folder), str(output.parent))
        error.args = (text.replace(str(path), target.label),)
        raise


_members: dict[str, Member] = {}
_MOST_MEMBERS = 2
_one_at_a_time, _joining = threading.Lock(), threading.Lock()


def _member(far: Far) -> Member:
    """What this process knows of an assignment."""
    with _joining:
        if far.key not in _members:
            _members[far.key] = Member(far)
            while len(_members) > _MOST_MEMBERS:
                del _members[next(iter(_members))]
        return _members[far.key]
