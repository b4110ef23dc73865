"""``senga run``: one sub-command per filter, built from its schema, and one hidden command for recipes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from typing import Any, get_args

import click

from senga.errors import SettingsError
from senga.files.video_codecs import Codec
from senga.filter import Filter, about
from senga.host_adapters.batch.alternatives import Form
from senga.host_adapters.batch.invocation import Invocation
from senga.host_adapters.batch.work import work
from senga.job import Device, Engine, Precision
from senga.language import tr
from senga.registry import plugins
from senga.settings import KINDS, SettingInfo, describe

from .help_pages import translated
from .listing import limits, mention_broken, shown

RECIPE = "recipe"
_OWN = "set_"
_UNITS = {"": 1, "b": 1, "k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12, "ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}


class MemorySize(click.ParamType[int]):
    """A number of bytes such as 2GB, 1.5 GiB or 800M."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        match = re.fullmatch(r"\s*([0-9]{0,15}\.?[0-9]{1,15})\s*([kmgt]i?)?b?\s*", str(value).lower())
        if not match:
            text = tr("{value} is no memory size; write for example 2GB or 800MB.")
            self.fail(text.format(value=repr(value)), param, ctx)
        return int(float(match[1]) * _UNITS[match[2] or ""])


class PlainOption(click.Option):
    """An option whose help says all there is to say; click adds no range of its own."""

    def get_help_extra(self, ctx: click.Context) -> Any:
        return {key: value for key, value in super().get_help_extra(ctx).items() if key != "range"}


FILE = click.Path(readable=False, allow_dash=True)
"""Any path: shells complete it, and whoever opens it says what is wrong with it."""

COMMON: tuple[click.Parameter, ...] = (
    PlainOption(
        ["-o", "--output"],
        type=FILE,
        metavar="OUT",
        help="File, folder, '-' for a pipe, or a template with {stem}, {ext} and {filter}.  "
        "[default: {stem}-{filter}{ext} beside the input]",
    ),
    PlainOption(
        ["--overwrite"],
        type=click.Choice(["error", "skip", "replace", "rename"]),
        default="error",
        show_default=True,
        help="When the output exists.",
    ),
    PlainOption(
        ["--selection"],
        type=FILE,
        metavar="MASK",
        help="Picture of the same size: white is changed, black is kept.",
    ),
    PlainOption(
        ["--feather"],
        type=click.FloatRange(min=0),
        default=0.0,
        metavar="PX",
        help="Fade the selection's border over so many pixels.  [px, default: 0]",
    ),
    PlainOption(
        ["--strength"],
        type=click.FloatRange(0, 1),
        default=1.0,
        metavar="SHARE",
        help="0 keeps the picture, 1 is the full effect.  [0 to 1, default: 1]",
    ),
    PlainOption(["--keep-colors"], is_flag=True, help="Take only the lightness of the result."),
    PlainOption(
        ["--memory"], type=MemorySize(), help="Peak memory to stay below, such as 2GB.  [default: from the free memory]"
    ),
    PlainOption(
        ["--device"],
        type=click.Choice(get_args(Device)),
        default="auto",
        show_default=True,
        help="Where networks run.",
    ),
    PlainOption(
        ["--engine"],
        type=click.Choice(get_args(Engine)),
        default="auto",
        show_default=True,
        help="What networks run on; auto is the fastest one that is installed.",
    ),
    PlainOption(
        ["--precision"],
        type=click.Choice(get_args(Precision)),
        default="full",
        show_default=True,
        help="How exactly networks compute; draft is quicker: the draft form of a style that has one, and bfloat16.",
    ),
    PlainOption(
        ["--threads"],
        type=click.IntRange(min=1),
        metavar="NUMBER",
        help="Threads to use at most.  [default: all cores]",
    ),
    PlainOption(
        ["--workers"],
        type=click.IntRange(min=1),
        default=1,
        metavar="NUMBER",
        help="Pictures, or frames of a film, at the same time; the threads and the memory are divided.  [default: 1]",
    ),
    PlainOption(
        ["--format"], metavar="EXT", help="File format, for pipes and folders: png, jpg, tif, webp, avif, gif, mp4 …"
    ),
    PlainOption(
        ["--alternatives"],
        type=click.Choice(get_args(Form)),
        default="files",
        show_default=True,
        help="Of filters that give several pictures: numbered files, one sheet, or the first picture.",
    ),
    PlainOption(["--quality"], type=click.IntRange(1, 100), metavar="NUMBER", help="Of lossy formats.  [1 to 100]"),
    PlainOption(
        ["--codec"],
        type=click.Choice(get_args(Codec)),
        default="auto",
        show_default=True,
        help="Of films; auto is H.264, or H.265 for those of 10 bits (WebM: VP9); prores-4444, ffv1 keep transparency.",
    ),
    PlainOption(
        ["--metadata"],
        type=click.Choice(["keep", "strip", "strip-gps"]),
        default="keep",
        show_default=True,
        help="What to do with EXIF and XMP.",
    ),
    PlainOption(
        ["--preview"],
        type=click.FloatRange(min=0, min_open=True),
        metavar="SECONDS",
        help="Of films, paint the first seconds only; the name of the result says so.  [s]",
    ),
    PlainOption(["--steady"], is_flag=True, help="Films flicker less: what was painted goes along with what moves."),
    PlainOption(["--boil"], is_flag=True, help="Strokes of films are drawn elsewhere in every frame."),
    PlainOption(
        ["--growth"],
        type=FILE,
        metavar="FILE.png",
        help="Show a picture in this new file while it grows, of filters that work step by step; it stays if you stop.",
    ),
    PlainOption(
        ["--save-recipe"], type=FILE, metavar="FILE", help="Also write the filter and its settings as a recipe."
    ),
    PlainOption(["--json", "as_json"], is_flag=True, help="One JSON line per event instead of progress bars."),
    click.Argument(["inputs"], type=FILE, nargs=-1, required=True, metavar="INPUT..."),
)
"""What every filter takes, on the command line."""

SEED = PlainOption(
    ["--seed"], type=click.IntRange(min=0), metavar="NUMBER", help="Seed of every step that draws random numbers."
)


_CHIEF = ("filter", "recipe", "seed")
"""Options that are told before the common ones."""


class RunGroup(click.Group):
    """The filters as commands; ``--recipe`` without a filter leads to the recipe command."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(plugins().filters)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        return translated(_recipe_command() if name == RECIPE else _filter_command(plugins().find(name)))

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        asks_recipe = any(arg == "--recipe" or arg.startswith("--recipe=") for arg in args)
        named = args[:1] and args[0] in plugins().filters
        if asks_recipe and named:
            raise SettingsError(f"Give either the filter {args[0]} or a recipe, not both.")
        return super().parse_args(ctx, [RECIPE, *args] if asks_recipe and args[:1] != [RECIPE] else args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        known = plugins()
        lines = [(name, about(known.filters[name]).summary) for name in self.list_commands(ctx)]
        if lines:
            with formatter.section(tr("Filters")):
                formatter.write_dl(lines)
        mention_broken(known)


@click.group("run", cls=RunGroup, subcommand_metavar="FILTER [SETTINGS]... INPUT... -o OUT")
def run_command() -> None:
    """Apply a filter to pictures.

    \b
    senga run sketch photo.jpg -o drawing.png
    senga run anime *.jpg -o anime/ --overwrite skip
    senga run --recipe chain.toml photo.jpg -o out.png
    senga run sketch - -o - < photo.jpg > drawing.jpg
    """  # noqa: D301 - \b is click's mark for lines to keep


class FilterCommand(click.Command):
    """A command whose help shows the settings of the filter first."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        own = [param for param in self.params if (param.name or "").startswith(_OWN) or param.name in _CHIEF]
        rest = [param for param in self.get_params(ctx) if param not in own]
        for title, params in ((tr("Settings"), own), (tr("Options"), rest)):
            records = [record for param in params if (record := param.get_help_record(ctx))]
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)


def _filter_command(kind: type[Filter]) -> click.Command:
    def act(**options: Any) -> int:
        given = {name: options.pop(f"{_OWN}{name}") for name in kind.model_fields}
        settings = {name: value for name, value in given.items() if value is not None}
        return work(Invocation.of_filter(plugins(), kind.name, settings, options), plugins())

    own = setting_options(kind, COMMON)
    told = about(kind)
    return FilterCommand(kind.name, params=[*own, *COMMON], callback=act, help=f"{told.summary}\n\n{told.text}")


def setting_options(kind: type[Filter], others: Sequence[click.Parameter]) -> list[click.Parameter]:
    """The settings of a filter as options, beside these others."""
    taken = {flag for param in others for flag in param.opts}
    return [_option(info, taken, kind) for info in describe(kind)]


def _recipe_command() -> click.Command:
    def act(recipe: str, seed: int | None, **options: Any) -> int:
        return work(Invocation.of_recipe(plugins(), recipe, seed, {**options, "recipe": recipe}), plugins())

    text = "The chain of filters to apply."
    file = PlainOption(["--recipe"], type=FILE, required=True, metavar="FILE.toml", help=text)
    return FilterCommand(RECIPE, params=[file, SEED, *COMMON], callback=act, hidden=True, help="Apply a recipe.")


def _option(info: SettingInfo, taken: set[str], kind: type[Filter]) -> PlainOption:
    """One setting as an option; a setting that is called like a common option gets the prefix ``--set-``."""
    dashed = info.name.replace("_", "-")
    flag = f"--{dashed}" if f"--{dashed}" not in taken else f"--set-{dashed}"
    declared = f"{flag}/--no-{dashed}" if info.kind == "bool" else flag
    default = tr("default: {default}").format(default=shown(info))
    note = "; ".join(part for part in (limits(info).strip("[]"), default) if part)
    names, text = [declared, f"{_OWN}{info.name}"], f"{info.text}  [{note}]"
    complete = partial(_styles, kind) if info.kind == "model" else None
    return PlainOption(
        names, type=_type(info), default=None, metavar=_metavar(info), help=text, shell_complete=complete
    )


def _styles(kind: type[Filter], _ctx: click.Context, _param: click.Parameter, begun: str) -> list[str]:
    """What a shell offers for a style: those of the filter that are on this machine."""
    known = plugins()
    styles = known.styles_of(known.families_of(kind)).items()
    return [name for name, entry in styles if entry.file is not None and name.startswith(begun)]


def _type(info: SettingInfo) -> Any:
    if KINDS[info.kind].argument == "int":
        return click.IntRange(_whole(info.minimum), _whole(info.maximum))
    if info.kind == "float":
        return click.FloatRange(info.minimum, info.maximum)
    return {"bool": bool, "choice": click.Choice(info.choices)}.get(info.kind, str)


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


def _metavar(info: SettingInfo) -> str | None:
    return None if info.kind == "bool" else KINDS[info.kind].noun
