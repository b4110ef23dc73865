"""Do what ``senga run`` was asked: every input in turn, failures one by one, Ctrl-C at once."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from senga.atomic import discard_unfinished
from senga.compose import Blend, compose_act
from senga.errors import Cancelled, SengaError, SettingsError, WriteError
from senga.face import mask_of
from senga.image import Animation, Image
from senga.job import Job
from senga.language import sentence, tr
from senga.recipe import Recipe, Step
from senga.registry import Plugins

from .outputs import Target, plan, settle
from .report import Report, choose

GRACE = 0.7
"""Seconds that a filter has to notice Ctrl-C before the process ends itself."""

INTERRUPTED = 130


@dataclass(frozen=True)
class Order:
    """What the user asked for.

    Attributes:
        recipe: the steps to apply; a single filter is a recipe of one step.
        name: for output names.
        options: the common options, checked by click.
    """

    recipe: Recipe
    name: str
    options: Mapping[str, Any] = field(repr=False)

    @classmethod
    def of_filter(cls, known: Plugins, name: str, settings: dict[str, Any], options: Mapping[str, Any]) -> Order:
        """One filter; wrong settings are refused here, before anything is read."""
        known.make(name, settings)
        return cls(Recipe(steps=(Step(filter=name, settings=settings),)), name, options)

    @classmethod
    def of_recipe(cls, known: Plugins, file: str, seed: int | None, options: Mapping[str, Any]) -> Order:
        """A chain from a file."""
        recipe = Recipe.read(file)
        recipe.check(known)
        return cls(recipe if seed is None else recipe.seeded(seed, known), Path(file).stem, options)

    def save_recipe(self, path: Path) -> None:
        """Write the steps as a recipe; an existing file is kept unless ``--overwrite replace`` was given."""
        settled = settle(path, self.options["overwrite"])
        if settled:
            try:
                settled.write_text(self.recipe.toml(), "utf-8")
            except OSError as error:
                raise WriteError(f"The recipe {path} cannot be written: {error.strerror}.", path) from error


def work(order: Order, known: Plugins) -> int:
    """Process all inputs.

    Returns:
        0 when all are done, 1 when some failed, 130 when interrupted.

    Raises:
        SengaError: before any work, for what no input could succeed with.
    """
    options = order.options
    targets = plan(options["inputs"], options["output"], order.name, options["format"])
    if options["as_json"] and any(target.output is None for target in targets):
        raise SettingsError("--json and a result in a pipe both need standard output: give -o a file.")
    blend = _blend(options)
    counts = {"done": 0, "failed": 0, "skipped": 0}
    with choose(options["as_json"]) as report, _interruptible() as stop:
        for number, target in enumerate(targets, 1):
            if stop.is_set():
                break
            report.start(target.label, number, len(targets))
            try:
                counts[_one(target, order, known, blend, report, stop)] += 1
            except Cancelled:
                break
            except SengaError as error:
                counts["failed"] += 1
                report.failed(target.label, _naming(sentence(str(error)), target))
            except MemoryError:
                counts["failed"] += 1
                text = tr("the memory is used up; --memory with a smaller size may help.")
                report.failed(target.label, f"{target.label}: {text}")
        report.end(**counts, interrupted=stop.is_set())
        return INTERRUPTED if stop.is_set() else 1 if counts["failed"] else 0


def _one(target: Target, order: Order, known: Plugins, blend: Blend, report: Report, stop: threading.Event) -> str:
    """Read, filter and write one input: ``done`` or ``skipped``."""
    from senga import files

    started = time.monotonic()
    options = order.options
    if target.output is not None and settle(target.output, options["overwrite"]) is None:
        report.skipped(target.label, str(target.output))
        return "skipped"
    source = files.read(sys.stdin.buffer.read() if target.source is None else target.source)
    job = known.equip(_job(options, report, stop))
    result = compose_act(lambda image, part: order.recipe.run(known, image, part), source, job, blend)
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
    if moves and not (isinstance(source, Animation) and found and found.writes and found.moves):
        return ".mp4" if isinstance(source, Animation) and source.info.format == "MP4" else ".webp"
    return wish if moves or (found and found.writes and found.still) else ".png"


def _job(options: Mapping[str, Any], report: Report, stop: threading.Event) -> Job:
    threads = {"threads": options["threads"]} if options["threads"] else {}
    return Job(
        on_progress=lambda share, note: report.progress(share, sentence(note)),
        cancelled=stop.is_set,
        memory=options["memory"],
        device=options["device"],
        **threads,
    )


def _blend(options: Mapping[str, Any]) -> Blend:
    from senga import files

    selection = None
    if options["selection"]:
        picture = files.read(options["selection"])
        if isinstance(picture, Animation):
            raise SettingsError(
                f"The selection {options['selection']} is an animation, but it must be a still picture."
            )
        selection = mask_of(picture)
    return Blend(selection, options["feather"], options["strength"], options["keep_colors"])


def _naming(message: str, target: Target) -> str:
    """The message with the input's name in it."""
    return message if target.source and str(target.source) in message else f"{target.label}: {message}"


@contextmanager
def _interruptible() -> Iterator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set; who does not notice it in time is ended, temporary files included."""
    stop = threading.Event()

    def ask(*_: object) -> None:
        if not stop.is_set():
            stop.set()
            timer = threading.Timer(GRACE, _end)
            timer.daemon = True
            timer.start()

    before = {sign: signal.signal(sign, ask) for sign in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for sign, handler in before.items():
            signal.signal(sign, handler)


def _end() -> NoReturn:
    discard_unfinished()
    os._exit(INTERRUPTED)
