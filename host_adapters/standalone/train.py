"""``senga train``: a style of one's own, from photographs and pictures in that style."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from senga.errors import SettingsError
from senga.host_adapters.batch.signals import interrupted_by
from senga.language import tr
from senga.plain import plain, tell

if TYPE_CHECKING:
    from senga.neural.training.loop import Pace, Progress
    from senga.neural.training.run_folder import RunFolder
    from senga.plugins.animegan.training import Training

INTERRUPTED = 130

folder_option = click.Path(file_okay=False, path_type=Path)


@click.group("train")
def train_command() -> None:
    """Train a style of one's own, and export it."""


@train_command.command("animegan")
@click.option("--photos", type=folder_option, help="Folder of photographs.")
@click.option("--style", type=folder_option, help="Folder of pictures in the style.")
@click.option("--out", type=folder_option, required=True, help="Folder of the training.")
@click.option(
    "--vgg", type=click.Path(dir_okay=False, path_type=Path), help="Perceptual network: VGG-19, or its compressed form."
)
@click.option("--preset", "preset_name", help="own (default), hayao, paprika, shinkai, lite or v1.")
@click.option("--start-from", metavar="STYLE", help="Begin with the generator of a style that is on this machine.")
@click.option("--width", type=float, help="Share of the channels: 0.5 trains and runs four times faster.")
@click.option("--crop", type=int, help="Side of the crops in pixels, a multiple of 16.")
@click.option("--batch", type=int, help="Crops in a step.")
@click.option("--start-epochs", type=float, help="Epochs of the first phase.")
@click.option("--epochs", type=float, help="Epochs of the second phase.")
@click.option("--adversarial", help="lsgan, gan, hinge, wgan-gp, wgan-lp or dragan.")
@click.option("--set", "changes", multiple=True, metavar="NAME=VALUE", help="Any other setting, as weights.style=2.")
@click.option("--seed", type=int, default=None, help="Start of all random numbers (0).")
@click.option("--checkpoint-every", type=click.IntRange(1), default=200, show_default=True, help="Steps.")
@click.option("--sample-every", type=click.IntRange(1), default=500, show_default=True, help="Steps.")
@click.option("--keep", type=click.IntRange(1), default=3, show_default=True, help="Checkpoints that stay.")
@click.option("--minutes", type=click.FloatRange(0, min_open=True), help="Stop after so long; --resume goes on.")
@click.option("--resume", is_flag=True, help="Go on with the training in --out.")
@click.option("--threads", type=click.IntRange(1), help="Threads of the processor.")
def animegan(out: Path, resume: bool, keep: int, **options: Any) -> None:
    """Train a generator of the AnimeGAN family."""
    from senga.neural.device import start

    start("auto", options["threads"])
    from senga.neural.training.loop import Pace
    from senga.neural.training.run_folder import RunFolder

    folder = RunFolder(out, keep)
    training = _resumed(folder, options) if resume else _begun(folder, options)
    pace = Pace(training.steps, options["checkpoint_every"], options["sample_every"], options["minutes"])
    done, stopped = _run(training, folder, pace, resume)
    text = tr("{done} of {steps} steps are done; samples are in “{folder}”.")
    tell(text.format(done=done, steps=training.steps, folder=out / "samples"), err=True)
    if done < training.steps:
        text = tr("Go on with: {command}")
        tell(text.format(command=f"senga train animegan --out {out} --resume"), err=True)
    click.get_current_context().exit(INTERRUPTED if stopped else 0)


@train_command.command("export")
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), required=True, help="NAME.safetensors")
@click.option("--step", type=int, help="Which generator; by default the last one.")
@click.option("--title", default="", help="What a list shows.")
@click.option("--licence", default="", help="SPDX identifier of the weights' licence.")
@click.option("--licence-url", default="", help="Where it can be read.")
@click.option(
    "--commercial",
    type=click.Choice(["yes", "no", "unknown"]),
    default="unknown",
    help="Whether commercial use is allowed.",
)
@click.option("--author", default="", help="Who made the weights.")
@click.option(
    "--data-note",
    "training_data",
    default="",
    help="What photos and style pictures they are made from, and their licences.",
)
@click.option("--note", default="", help="What the style looks like.")
def export(run: Path, output: Path, step: int | None, **facts: str) -> None:
    """Write a training's generator as a style, with its card."""
    from senga.neural.training.export import export_style
    from senga.neural.training.run_folder import RunFolder

    style, card = export_style(
        RunFolder(run), output, {"title": output.stem, **{k: v for k, v in facts.items() if v}}, step
    )
    text = tr("{style} and {card} are written; senga models import {style} brings it into the list of styles.")
    tell(text.format(style=style, card=card))


def _begun(folder: RunFolder, options: dict[str, Any]) -> Training:
    from senga.plugins.animegan.training_run import TrainingPlan, begin, make_preset

    for name in ("photos", "style", "vgg"):
        if options[name] is None:
            raise SettingsError(f"A new training needs --{name}.")
    changes = {name: options[name] for name in _SHORT if options[name] is not None}
    start_from, first = options["start_from"] or "", None
    if start_from:
        from .models import open_store

        first = open_store().load(start_from)
        changes |= {} if "start_epochs" in changes else {"start_steps": 0}
    preset = make_preset(options["preset_name"] or "own", changes | _changes(options["changes"]))
    sources = (options["photos"], options["style"], options["vgg"])
    planned = TrainingPlan(*sources, preset, options["seed"] or 0, start_from)
    with _bar(tr("Reading pictures")) as report:
        return begin(planned, folder, lambda text: tell(f"senga: {text}", err=True), report, first)


def _resumed(folder: RunFolder, options: dict[str, Any]) -> Training:
    from senga.plugins.animegan.training_run import resume

    names = ("photos", "style", "vgg", "preset_name", "seed", "start_from", *_SHORT)
    given = [name for name in names if options[name] is not None]
    if given or options["changes"]:
        name = (given or ["set"])[0].removesuffix("_name").replace("_", "-")
        raise SettingsError(f"A continued training keeps its settings: leave out --{name}.")
    return resume(folder)


_SHORT = ("width", "crop", "batch", "start_epochs", "epochs", "adversarial")


def _changes(words: tuple[str, ...]) -> dict[str, str]:
    wrong = [word for word in words if "=" not in word]
    if wrong:
        raise SettingsError(f"--set takes NAME=VALUE, not “{wrong[0]}”.")
    return dict(word.split("=", 1) for word in words)


def _run(training: Training, folder: RunFolder, pace: Pace, resume: bool) -> tuple[int, bool]:
    """The steps that are done, and whether the user stopped it."""
    from senga.plugins.animegan.training_run import loop

    with _interruptible() as stop, _bar(tr("Training")) as report:
        told = loop(
            training,
            folder,
            pace,
            lambda progress: report(progress.done / progress.steps, _words(progress)),
            stop.is_set,
        )
        return told.run(told.begin(resume=resume)), stop.is_set()


def _words(progress: Progress) -> str:
    """Step, losses and the time left."""
    shown = " ".join(f"{name} {value:.3g}" for name, value in progress.losses.items() if value)
    hours, rest = divmod(round(progress.seconds_left), 3600)
    return f"{progress.phase} {progress.done}/{progress.steps} {shown} {hours}:{rest // 60:02}:{rest % 60:02} left"


@contextmanager
def _interruptible() -> Iterator[threading.Event]:
    """Ctrl-C and SIGTERM end the training after its step, with a checkpoint; a second Ctrl-C ends it at once."""
    stop = threading.Event()

    def ask(*_: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    with interrupted_by(ask):
        yield stop


@contextmanager
def _bar(title: str) -> Iterator[Callable[..., None]]:
    """A bar on a terminal, a line now and then in a file."""
    if not sys.stderr.isatty():
        yield _lines(title)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[note]}", markup=False),
    )
    with Progress(*columns, console=Console(stderr=True, highlight=False), transient=True) as bars:
        task = bars.add_task(title, total=1.0, note="")
        yield lambda share, note="": bars.update(task, completed=share, note=plain(note))


def _lines(title: str) -> Callable[..., None]:
    told = [-1]

    def report(share: float, note: str = "") -> None:
        percent = int(100 * share)
        if percent > told[0]:
            told[0] = percent
            tell(f"{title}: {percent} % {note}".rstrip(), err=True)

    return report
