"""``senga train``: a style of one's own, from photographs and pictures in that style."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from senga.errors import SettingsError
from senga.families import Family, presets_of, using
from senga.host_adapters.batch.signals import interrupted_by
from senga.language import tr
from senga.plain import plain, tell
from senga.registry import plugins

from .help_pages import translated
from .listing import mention_broken

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from senga.neural.training.loop import Pace, Progress
    from senga.neural.training.plan import AnyTraining
    from senga.neural.training.run_folder import RunFolder

INTERRUPTED = 130
_OWN = "set_"

folder_option = click.Path(file_okay=False, path_type=Path)


class FamilyGroup(click.Group):
    """The families of networks as commands, with what makes draft forms of all, beside those that are for all."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*_trained(), *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        found = super().get_command(ctx, name)
        if found is not None:
            return found
        family = _trained().get(name) or plugins().family(name)
        mention_broken(plugins())
        return translated(family_command(family))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        lines = [(name, plain(family.title)) for name, family in _trained().items()]
        if lines:
            with formatter.section(tr("Families of networks")):
                formatter.write_dl(lines)
        with formatter.section(tr("Commands")):
            formatter.write_dl([(name, each.get_short_help_str()) for name, each in self.commands.items()])
        mention_broken(plugins())


def _trained() -> dict[str, Family]:
    """The families that can be trained, and what learns from them."""
    from senga.neural.training.distilling import DISTIL

    families = {name: family for name, family in plugins().families.items() if family.trainer}
    return families | {DISTIL.name: DISTIL}


@click.group("train", cls=FamilyGroup, subcommand_metavar="FAMILY [OPTIONS]...")
def train_command() -> None:
    """Train a style of one's own, and export it."""


_SOURCES = (
    click.Option(["--photos"], type=folder_option, help="Folder of photographs."),
    click.Option(["--style"], type=folder_option, help="Folder of pictures in the style."),
    click.Option(["--out"], type=folder_option, required=True, help="Folder of the training."),
)
_VGG = click.Option(
    ["--vgg"],
    type=click.Path(dir_okay=False, path_type=Path),
    help="Perceptual network: VGG-19, or its compressed form; by default the one that comes with Senga.",
)
_START_FROM = click.Option(
    ["--start-from"], metavar="STYLE", help="Begin with the generator of a style that is on this machine."
)
_COURSE = (
    click.Option(
        ["--set", "changes"], multiple=True, metavar="NAME=VALUE", help="Any other setting, as weights.style=2."
    ),
    click.Option(["--seed"], type=int, default=None, help="Start of all random numbers (0)."),
    click.Option(["--checkpoint-every"], type=click.IntRange(1), default=200, show_default=True, help="Steps."),
    click.Option(["--sample-every"], type=click.IntRange(1), default=500, show_default=True, help="Steps."),
    click.Option(["--keep"], type=click.IntRange(1), default=3, show_default=True, help="Checkpoints that stay."),
    click.Option(["--minutes"], type=click.FloatRange(0, min_open=True), help="Stop after so long; --resume goes on."),
    click.Option(["--resume"], is_flag=True, help="Go on with the training in --out."),
    click.Option(["--threads"], type=click.IntRange(1), help="Threads of the processor."),
)


def family_command(family: Family) -> click.Command:
    """The command of a family, with the options that its presets describe."""
    presets = presets_of(family)
    default, *others = presets
    names = " or ".join(", ".join([f"{default} (default)", *others]).rsplit(", ", 1))
    common = [
        *(option for option in _SOURCES if family.takes_style or option.name != "style"),
        *(_folder(name, text) for name, text in family.folders.items()),
        *((_VGG,) if family.perceptual else ()),
        click.Option(["--preset", "preset_name"], help=f"{names}."),
        _START_FROM,
    ]
    taken = {flag for option in (*common, *_COURSE) for flag in option.opts} | {"--help"}
    fields = type(presets[default]).model_fields
    own = [_option(name, field, taken) for name, field in fields.items() if field.description]

    def act(out: Path, resume: bool, keep: int, **options: Any) -> None:
        _train(family, out, resume, keep, options)

    text = tr("Train a generator of the family {family}.").format(family=plain(family.title))
    if family.name not in plugins().families:
        text = tr("Train a draft form of a style: a small network that paints its drafts and previews.")
    return click.Command(family.name, params=[*common, *own, *_COURSE], callback=act, help=text)


def _folder(name: str, text: str) -> click.Option:
    return click.Option([f"--{name.replace('_', '-')}", name], type=folder_option, help=text)


def _option(name: str, field: FieldInfo, taken: set[str]) -> click.Option:
    """One setting of a preset, which says itself what is wrong; one called like another option is ``--set-…``."""
    dashed, kind = name.replace("_", "-"), field.annotation
    flag = f"--{dashed}" if f"--{dashed}" not in taken else f"--set-{dashed}"
    if kind is bool:
        flag = f"{flag}/--no-{flag[2:]}"
    typed = kind if kind in (int, float, bool) else str
    return click.Option([flag, f"{_OWN}{name}"], type=typed, default=None, help=field.description)


def _train(family: Family, out: Path, resume: bool, keep: int, options: dict[str, Any]) -> None:
    from senga.neural.device import start
    from senga.neural.training.run_folder import RunFolder

    folder = RunFolder(out, keep)
    begun = _resumed(family, folder, options) if resume else _begun(family, folder, options)
    start("auto", options["threads"])  # takes seconds: what is wrong with the words was told before
    from senga.neural.training.loop import Pace

    training = begun()
    pace = Pace(training.steps, options["checkpoint_every"], options["sample_every"], options["minutes"])
    done, stopped = _run(family, training, folder, pace, resume)
    text = tr("{done} of {steps} steps are done; samples are in “{folder}”.")
    tell(text.format(done=done, steps=training.steps, folder=out / "samples"), err=True)
    if done < training.steps:
        text = tr("Go on with: {command}")
        tell(text.format(command=f"senga train {family.name} --out {out} --resume"), err=True)
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
def export(run: Path, output: Path, step: int | None, **facts: str | None) -> None:
    """Write a training's generator as a style, with its card."""
    from senga.neural.training.export import export_style
    from senga.neural.training.run_folder import RunFolder

    style, card = export_style(
        RunFolder(run), output, {"title": output.stem, **{k: v for k, v in facts.items() if v}}, step
    )
    text = tr("{style} and {card} are written; senga models import {style} brings it into the list of styles.")
    tell(text.format(style=style, card=card))


def _begun(family: Family, folder: RunFolder, options: dict[str, Any]) -> Callable[[], AnyTraining]:
    """What begins a new training, once the options are found to be right."""
    from senga.neural.training.presets import make_preset

    for name in ("photos", "style") if family.takes_style else ("photos",):
        if options[name] is None:
            raise SettingsError(f"A new training needs --{name}.")
    changes = _settings(options)
    start_from, first = options["start_from"] or "", None
    if start_from:
        own = (family.name,) if family.name in plugins().families else ()
        first = plugins().store().load(start_from, own)
        changes |= {} if "start_epochs" in changes else {"start_steps": 0}
    preset = make_preset(presets_of(family), options["preset_name"] or "", changes | _changes(options["changes"]))
    folders = {name: options[name] for name in family.folders if options[name] is not None}

    def begun() -> AnyTraining:
        from senga.neural.training.plan import TrainingPlan, begin

        sources = family, options["photos"], options.get("style")
        planned = TrainingPlan(*sources, preset, options.get("vgg"), options["seed"] or 0, start_from, folders)
        with _bar(tr("Reading pictures")) as report:
            return begin(planned, folder, lambda text: tell(f"senga: {text}", err=True), report, first)

    return begun


def _resumed(family: Family, folder: RunFolder, options: dict[str, Any]) -> Callable[[], AnyTraining]:
    """What goes on with a training, once the options are found to be right."""
    names = ("photos", "style", *family.folders, "vgg", "preset_name", "seed", "start_from")
    given = [name for name in names if options.get(name) is not None] + list(_settings(options))
    if given or options["changes"]:
        name = (given or ["set"])[0].removesuffix("_name").replace("_", "-")
        raise SettingsError(f"A continued training keeps its settings: leave out --{name}.")

    def resumed() -> AnyTraining:
        from senga.neural.training.plan import resume

        return resume(folder, family)

    return resumed


def _settings(options: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of the preset that have options of their own, as far as they are given."""
    given = {name.removeprefix(_OWN): value for name, value in options.items() if name.startswith(_OWN)}
    return {name: value for name, value in given.items() if value is not None}


def _changes(words: tuple[str, ...]) -> dict[str, str]:
    wrong = [word for word in words if "=" not in word]
    if wrong:
        raise SettingsError(f"--set takes NAME=VALUE, not “{wrong[0]}”.")
    return dict(word.split("=", 1) for word in words)


def _run(family: Family, training: AnyTraining, folder: RunFolder, pace: Pace, resume: bool) -> tuple[int, bool]:
    """The steps that are done, and whether the user stopped it."""
    from senga.neural.training.plan import loop

    with _interruptible() as stop, _bar(tr("Training")) as report, using(family.trainer):
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
