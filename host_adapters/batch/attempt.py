"""One input: read, painted, written."""

from __future__ import annotations

import errno
import os
import re
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from filecmp import cmp
from pathlib import Path
from typing import Any, Literal

from senga.atomic import Staging
from senga.compose import Blend
from senga.errors import Cancelled, PartError, ReadError, SengaError, SettingsError, WriteError
from senga.face import mask_of, still
from senga.filter import Makes
from senga.growing import Kept
from senga.image import Animation, Image
from senga.job import Job
from senga.language import sentence, tr
from senga.output import ours
from senga.registry import Plugins
from senga.strangers import reason
from senga.work import Work

from .alternatives import Form, as_frames, sheet
from .endings import fitting_ending
from .facts import NOTHING, Facts, facts_of
from .films import begun, codec_for, codec_of, kept_in, kept_until_done
from .invocation import Invocation
from .ledger import FOLDER
from .outputs import Target, counted
from .report import Report
from .second import SecondPictures
from .small import small_of
from .taken import settle

Picture = Image | Animation
Paint = Callable[[Picture, Job, Target], Picture]
Outcome = Literal["done", "skipped", "failed", "cancelled"]
FULL = (errno.ENOSPC, errno.EDQUOT)
"""Numbers of errors that say that there is no room on the disk."""


@dataclass(frozen=True)
class Result:
    """What became of one input; plain data, which travels between processes.

    Attributes:
        outcome: how it ended.
        output: what was written; after a failure, of the part that could be read.
        seconds: that it took.
        reason: why it failed.
        full: the disk is.
        content: digest of the input, for the ledger.
        facts: by which the file of the input is known again.
        before: small picture of the input, for the report.
        after: small picture of the result.
        written: what is known of the file that was written, where it need not be read again.
    """

    outcome: Outcome
    output: Path | None = None
    seconds: float = 0.0
    reason: str = ""
    full: bool = False
    content: str = ""
    facts: str = ""
    before: bytes = b""
    after: bytes = b""
    written: Facts = NOTHING


@dataclass(frozen=True)
class Painter:
    """Paints in this process."""

    invocation: Invocation
    known: Plugins
    blend: Blend
    second: SecondPictures

    def __call__(self, source: Picture, job: Job, target: Target) -> Picture:
        """The whole chain on one picture, or on each frame while it is consumed."""
        return self.second.of(target).run(self.known, source, job)


def job_of(options: Mapping[str, Any], cancelled: Callable[[], bool], on_progress: Callable[[float, str], None]) -> Job:
    """What the options ask of every run of a filter.

    Raises:
        SettingsError: there is no place for a picture that grows.
    """
    threads = {"threads": options["threads"]} if options["threads"] else {}
    return Job(
        on_progress=on_progress,
        on_picture=Kept.of(options.get("growth") or "").show,
        cancelled=cancelled,
        memory=options["memory"],
        device=options["device"],
        engine=options["engine"],
        precision=options["precision"],
        **threads,
    )


def attempt(
    target: Target, invocation: Invocation, paint: Paint, report: Report, cancelled: Callable[[], bool]
) -> Result:
    """Read, paint and write one input; whatever goes wrong is reported, and no other input suffers."""
    return guarded(target, report, cancelled, lambda job: _one(target, invocation, paint, job, report), invocation)


def guarded(
    target: Target,
    report: Report,
    cancelled: Callable[[], bool],
    act: Callable[[Job], Result],
    invocation: Invocation,
) -> Result:
    """Do something about one input, so that no other suffers from what goes wrong."""

    def progress(share: float, note: str) -> None:
        report.progress(target.label, share, sentence(note))

    try:
        return act(job_of(invocation.options, cancelled, progress))
    except Cancelled:
        if cancelled():
            return Result("cancelled")
        text = tr("the filter says that it was cancelled, though nobody asked it to stop.")
        message, full, part = f"{target.label}: {text}", False, None
    except BaseException as error:
        if isinstance(error, BrokenPipeError) and target.output is None:
            raise  # nobody is there to take the result
        message, full, part = naming(sentence(told(error)), target), _is_full(error), _part(error)
    report.failed(target.label, message)
    return Result("failed", part, reason=message, full=full)


def _part(error: BaseException) -> Path | None:
    """What was made of a source that is not whole."""
    return first_of(error.written) if isinstance(error, PartError) and error.written else None


def _is_full(error: BaseException) -> bool:
    cause = error.__cause__
    return isinstance(error, WriteError) and isinstance(cause, OSError) and cause.errno in FULL


def told(error: BaseException) -> str:
    """What an exception says; for what was not written for painters, with its kind."""
    if isinstance(error, SengaError):
        with suppress(Exception):  # a stranger's may fail at that, too
            return str(error)
    if isinstance(error, MemoryError):
        return tr("the memory is used up; --memory with a smaller size may help.")
    return tr("something went wrong ({reason}).").format(reason=reason(error))


def _one(target: Target, invocation: Invocation, paint: Paint, job: Job, report: Report) -> Result:
    from senga import files

    started = time.monotonic()
    if target.trouble:
        raise WriteError(target.trouble)
    options, is_free = invocation.options, target.unsure or target.made is not None
    if target.first is not None and not is_free and not settle(target.first, options["overwrite"]):
        report.skipped(target.label, str(target.output))
        return Result("skipped")
    read = facts_of(target.source) if target.key or target.pieces else NOTHING
    source = begun(files.read(target.source or target.content or b""), options)
    source = kept_in(target.pieces, source, target.made_by, read.content)
    result = paint(source, job, target)
    if (target.key or target.pieces) and facts_of(target.source, read) != read:
        raise ReadError(f"{target.label} changed while it was read; the next run takes it again.")
    if target.output is None:
        _pipe(result, source, options, target)
        return Result("done")
    with kept_until_done(target):
        output = _compared(result, target, options, source) if target.unsure else None
        output = output or write_result(result, target, options, source)
    if output is None:
        report.skipped(target.label, str(target.output))
        return Result("skipped")
    seconds = time.monotonic() - started
    small = (small_of(source), small_of(result)) if target.pictured else (b"", b"")
    report.done(target.label, str(output), seconds)
    return Result("done", first_of(output), seconds, "", False, read.content, read.known_by, *small)


def first_of(output: Path) -> Path:
    """The file, or the first of numbered ones."""
    from senga.files.numbered import Numbered

    numbered = None if output.is_file() else Numbered.of(output)
    return numbered.frame(1) if numbered else output


def _compared(result: Picture, target: Target, options: Mapping[str, Any], source: Picture) -> Path | None:
    """The output that is there if it is this very result; then an ended run wrote it and could not note it."""
    assert target.output is not None  # noqa: S101 - only files are compared
    if not target.output.parent.is_dir():  # it was ended before that
        return None
    staging = Staging(target.output.parent)
    try:
        written = write_result(result, aside(target, staging.folder), dict(options, overwrite="error"), source)
        place = target.output.parent / written.name if written else None
        return place if _is_same(staging.folder, target.output.parent) else None
    except PartError as error:
        if not _is_same(staging.folder, target.output.parent):
            return None  # then it is written, which tells the same
        error.written = error.written and target.output.parent / error.written.name
        raise
    finally:
        staging.discard()


def _is_same(made: Path, there: Path) -> bool:
    """Whether all files of a folder are in another one, too."""
    return all((there / path.name).is_file() and cmp(path, there / path.name, shallow=False) for path in made.iterdir())


def aside(target: Target, folder: Path) -> Target:
    """The target with its results in another folder, where nothing lies yet."""
    assert target.output is not None  # noqa: S101 - only files can be laid aside
    numbered = target.numbered and replace(target.numbered, folder=folder)
    output = folder / target.output.name
    return replace(target, output=output, numbered=numbered, folder=False, made=None, unsure=False)


def _pipe(result: Picture, source: Picture, options: Mapping[str, Any], target: Target) -> None:
    from senga import files

    result = _arranged(result, "sheet" if options["alternatives"] == "sheet" else "first", target)
    kind = options["format"] or _ending(source.info.format or "png", result, source, options)
    how = {name: options[name] for name in ("quality", "metadata")}
    content = files.encode(result, kind, **how, codec=codec_for(kind, options))
    try:
        _pour(content)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise WriteError(f"The result cannot be written to standard output: {error.strerror}.") from error
    files.check_whole(result)


def _pour(content: bytes) -> None:
    """Write all of it to standard output; without a buffer, a single call may write a part."""
    with ours():
        rest = memoryview(content)
        while rest:
            rest = rest[sys.stdout.buffer.write(rest) or 0 :]
        sys.stdout.flush()


def write_result(result: Picture, target: Target, options: Mapping[str, Any], source: Picture) -> Path | None:
    """Write the result where it was planned; None if that is to be skipped by now."""
    from senga.files.writing import write_file, write_frames

    how = {"quality": options["quality"], "metadata": options["metadata"], "format": target.format}
    overwrite, output, numbered = options["overwrite"], target.output, target.numbered
    result = _arranged(result, options["alternatives"], target)
    assert output is not None  # noqa: S101 - checked by who asks
    ending = _ending(target.format, result, source, options) if target.free else target.format
    if ending != target.format:  # the filter did not say what it makes
        output, how["format"] = output.with_suffix(ending), ending
    overwrite = target.may(overwrite, numbered.frame(1) if numbered else output, checked=ending == target.format)
    how["overwrite"] = overwrite == "replace"
    if target.folder:
        make_folder(target, output.parent)
    try:
        if isinstance(result, Image) and result.alternatives and not _holds_layers(how["format"]):
            # Who did not say that it makes several: their names were not checked with the others.
            files = settle(numbered or counted(output), overwrite if numbered or overwrite != "replace" else "error")
            return write_frames(as_frames(result), files, **how).path if files else None
        if isinstance(result, Animation) and numbered:
            frames = settle(numbered, overwrite)
            return write_frames(result, frames, **how).path if frames else None
        names = settle(output, overwrite)
        return write_file(result, names, **how, codec=codec_for(how["format"], options)) if names else None
    except WriteError as error:
        if overwrite == "skip" and isinstance(error.__cause__, FileExistsError):
            return None
        raise


def _arranged(result: Picture, form: Form, target: Target) -> Picture:
    """The result as it is to be written: alternatives apart, on a sheet, or only the first."""
    if not isinstance(result, Image) or not result.alternatives or (form == "files" and target.output is not None):
        return result
    return sheet(result) if form == "sheet" else replace(result, alternatives=())


def _holds_layers(format: str) -> bool:  # noqa: A002 - as the attribute of a target is called
    from senga.files.formats import format_of

    found = format_of(format)
    return bool(found and found.layers)


def make_folder(target: Target, path: Path) -> None:
    """Make it, but not the folder of a batch, which has its ledger in it: that was there, and may come back."""
    root = target.key and target.output and target.output.parents[len(target.key.parts) - 1]
    if root is not None and not (root / FOLDER).is_dir():
        raise WriteError(f"The folder “{root}” is gone, with the ledger in it; start again when it is back.", path)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WriteError(f"The folder {path} cannot be made: {error.strerror}.", path) from error


def _ending(wish: str, result: Picture, source: Picture, options: Mapping[str, Any]) -> str:
    """The file ending for what the filter really made."""
    from senga.files.kinds import Kind

    kind = Kind(True, film=source.film is not None) if isinstance(source, Animation) else Kind()
    makes: Makes = "animation" if isinstance(result, Animation) else "layers" if result.layers else "picture"
    return fitting_ending(wish, kind, makes, codec_of(options))


def check_files(work: Work) -> None:
    """Files that settings name are there."""
    for key, path in work.files():
        if not os.path.isfile(path):  # noqa: PTH113 - Path raises where names are too long
            raise SettingsError(f"There is no file “{path}” for the setting “{key}”.")


def blend_of(options: Mapping[str, Any]) -> Blend:
    """Selection, feather, strength and colours, as the options say."""
    selection = mask_of(still(options["selection"], "selection")) if options["selection"] else None
    return Blend(selection, options["feather"], options["strength"], options["keep_colors"])


def naming(message: str, target: Target) -> str:
    """The message with the input's name in it."""
    name = re.escape(str(target.source))
    is_named = target.source is not None and re.search(rf"(?<![\w/\\]){name}(?!\w)", message)
    return message if is_named else f"{target.label}: {message}"
