"""One input of ``senga run``: read, painted, written."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from senga.compose import Blend
from senga.errors import Cancelled, SengaError, WriteError
from senga.face import mask_of, still
from senga.image import Animation, Image
from senga.job import Job
from senga.language import sentence, tr
from senga.registry import Plugins
from senga.work import Work

from .order import Order
from .outputs import Target, settle
from .report import Report

Picture = Image | Animation
Paint = Callable[[Picture, Job], Picture]
Outcome = Literal["done", "skipped", "failed", "cancelled"]


@dataclass(frozen=True)
class Painter:
    """Paints in this process."""

    order: Order
    known: Plugins
    blend: Blend

    def __call__(self, source: Picture, job: Job) -> Picture:
        """The whole chain on one picture, or on each frame while it is consumed."""
        return Work.of(self.known, self.order.recipe, blend=self.blend).run(self.known, source, job)


def job_of(options: Mapping[str, Any], cancelled: Callable[[], bool], on_progress: Callable[[float, str], None]) -> Job:
    """What the options ask of every run of a filter."""
    threads = {"threads": options["threads"]} if options["threads"] else {}
    return Job(
        on_progress=on_progress,
        cancelled=cancelled,
        memory=options["memory"],
        device=options["device"],
        engine=options["engine"],
        **threads,
    )


def attempt(target: Target, order: Order, paint: Paint, report: Report, cancelled: Callable[[], bool]) -> Outcome:
    """Read, paint and write one input; what goes wrong is reported."""

    def progress(share: float, note: str) -> None:
        report.progress(target.label, share, sentence(note))

    try:
        return _one(target, order, paint, job_of(order.options, cancelled, progress), report)
    except Cancelled:
        return "cancelled"
    except SengaError as error:
        report.failed(target.label, _naming(sentence(str(error)), target))
    except MemoryError:
        text = tr("the memory is used up; --memory with a smaller size may help.")
        report.failed(target.label, f"{target.label}: {text}")
    return "failed"


def _one(target: Target, order: Order, paint: Paint, job: Job, report: Report) -> Outcome:
    from senga import files

    started = time.monotonic()
    options = order.options
    if target.output is not None and settle(target.output, options["overwrite"]) is None:
        report.skipped(target.label, str(target.output))
        return "skipped"
    source = files.read(sys.stdin.buffer.read() if target.source is None else target.source)
    result = paint(source, job)
    output = _write(result, target, options, source)
    if output is not None:
        report.done(target.label, str(output), time.monotonic() - started)
    return "done"


def _write(
    result: Image | Animation, target: Target, options: Mapping[str, Any], source: Image | Animation
) -> Path | None:
    from senga import files

    how = {"quality": options["quality"], "metadata": options["metadata"]}
    if target.output is None:
        kind = options["format"] or _ending(source.info.format or "png", result, source)
        sys.stdout.buffer.write(files.encode(result, kind, **how))
        sys.stdout.buffer.flush()
        files.check_whole(result)
        return None
    wish = _fitting(target.output, result, source) if target.free else target.output
    path = settle(wish, options["overwrite"])
    if path is None:
        return None
    if target.folder:
        _make_folder(path.parent)
    return files.write(result, path, **how)


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WriteError(f"The folder {path} cannot be made: {error.strerror}.", path) from error


def _fitting(path: Path, result: Image | Animation, source: Image | Animation) -> Path:
    """An output path whose ending was our choice: it gives way where it cannot hold the result."""
    return path.with_suffix(_ending(path.suffix, result, source))


def _ending(wish: str, result: Image | Animation, source: Image | Animation) -> str:
    """The wished file ending if it can hold the result; layers become OpenRaster, an animation of a still WebP."""
    from senga.files.formats import format_of

    found, moves = format_of(wish), isinstance(result, Animation)
    if isinstance(result, Image) and result.layers:
        return wish if found and found.writes and found.layers else ".ora"
    is_film = isinstance(source, Animation) and source.film is not None
    if moves and is_film:  # other kinds of films are written where they are named
        return wish if found and found.moves and (found.still or found.name == "MP4") else ".mp4"
    if moves and not (isinstance(source, Animation) and found and found.writes and found.moves):
        return ".webp"
    return wish if moves or (found and found.writes and found.still) else ".png"


def blend_of(options: Mapping[str, Any]) -> Blend:
    """Selection, feather, strength and colours, as the options say."""
    selection = mask_of(still(options["selection"], "selection")) if options["selection"] else None
    return Blend(selection, options["feather"], options["strength"], options["keep_colors"])


def _naming(message: str, target: Target) -> str:
    """The message with the input's name in it."""
    return message if target.source and str(target.source) in message else f"{target.label}: {message}"
