"""``senga batch``: a filter or a recipe over folders, with a ledger that knows what is done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from senga.errors import SettingsError
from senga.filter import about
from senga.host_adapters.batch.ages import moment
from senga.host_adapters.batch.inputs import Choice
from senga.host_adapters.batch.invocation import Invocation
from senga.host_adapters.batch.nightly import begun, default_jobs, noted, work_through
from senga.host_adapters.batch.order import Order, split_template
from senga.host_adapters.batch.standing import tell_status
from senga.language import tr
from senga.registry import plugins

from .help_pages import translated
from .run import COMMON, FILE, SEED, FilterCommand, PlainOption, setting_options

_OTHERS = ("output", "workers", "inputs", "growth")
"""Of ``run``, which mean something else here."""
_WITH = "with"
"""The hidden command of a filter is called ``with-…``, that of recipes ``with``."""


class Moment(click.ParamType[float]):
    """A day, a moment or an age, such as 2026-11-30, 2026-11-30T22:00 or 12h."""

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        found = moment(str(value), datetime.now().astimezone())
        if found is None:
            text = tr("{value} is no moment; write for example 2026-11-30, 2026-11-30T22:00, 12h or 7d.")
            self.fail(text.format(value=repr(value)), param, ctx)
        return found


_FILTER = PlainOption(["--filter"], metavar="FILTER", help="The filter; its settings are options too.")
_RECIPE = PlainOption(["--recipe"], type=FILE, metavar="FILE.toml", help="The chain of filters, in place of one.")
INPUTS = click.Argument(["inputs"], type=FILE, nargs=-1, metavar="INPUT...")
JOBS = PlainOption(
    ["--jobs", "--workers", "workers"],
    type=click.IntRange(min=1),
    metavar="NUMBER",
    help="Pictures at the same time; the threads and the memory are divided.  [default: from the cores and the memory]",
)
OUTPUT = PlainOption(
    ["-o", "--output"],
    type=FILE,
    metavar="OUT",
    help="Folder of the results and their ledger, or a template with {folder}, {stem}, {ext} and {filter}.",
)
CHOICE = (
    PlainOption(["--include"], multiple=True, metavar="GLOB", help="Only what fits, such as '*.jpg' or '2024/**'."),
    PlainOption(["--exclude"], multiple=True, metavar="GLOB", help="Nothing that fits; a folder goes with all in it."),
    PlainOption(
        ["--since"],
        type=Moment(),
        metavar="MOMENT",
        help="Only what was changed since then: 2026-11-30, 2026-11-30T22:00, or 12h or 7d ago.",
    ),
    PlainOption(["--base"], type=FILE, metavar="FOLDER", help="Keep the structure of listed files from this folder."),
)
_COURSE = (
    PlainOption(
        ["--resume"],
        is_flag=True,
        help="Go on with the batch in OUT; without INPUT and filter, with those it was begun with.",
    ),
    PlainOption(["--dry-run"], is_flag=True, help="Tell what would be done, with sizes and an estimate."),
    PlainOption(["--fail-fast"], is_flag=True, help="Stop at the first input that fails."),
    PlainOption(["--limit"], type=click.IntRange(min=1), metavar="NUMBER", help="Work on so many inputs at most."),
    PlainOption(["--report"], type=FILE, metavar="FILE.html", help="Also write a page that shows what was done."),
)
PLACE = (
    PlainOption(
        ["--backend"],
        default="local",
        metavar="NAME",
        help="Who does the work: local, dask (a cluster), or one that a plug-in brings.  [default: local]",
    ),
    PlainOption(
        ["--scheduler"], default="", metavar="ADDRESS", help="Where the back end is found, such as tcp://10.0.0.1:8786."
    ),
    PlainOption(
        ["--send"],
        is_flag=True,
        help="Pictures and results go over the network; otherwise all machines must see their folders.",
    ),
)
OWN: tuple[click.Parameter, ...] = (OUTPUT, JOBS, *CHOICE, *_COURSE, *PLACE)
"""What a batch takes beside the settings and what ``run`` takes."""


def common() -> list[click.Parameter]:
    """The options of ``run`` that mean the same here."""
    return [param for param in COMMON if param.name not in _OTHERS]


class BatchGroup(click.Group):
    """Leads to the command that has the settings of the filter as options."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return ["status", "retry"]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name == _WITH or name.startswith(f"{_WITH}-"):
            return translated(self.command_of(name.removeprefix(_WITH).removeprefix("-")))
        return super().get_command(ctx, name)

    def command_of(self, name: str = "") -> click.Command:
        """The command for a filter, or for recipes."""
        return command(name, [*common(), *OWN, INPUTS], _act, self)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args[:1] and args[0] in self.list_commands(ctx):
            return super().parse_args(ctx, args)
        named = _named(args, "--filter")
        if named and _named(args, "--recipe"):
            raise SettingsError(f"Give either the filter {named} or a recipe, not both.")
        if named:
            plugins().find(named)
        return super().parse_args(ctx, [f"{_WITH}-{named}" if named else _WITH, *args])


class Command(FilterCommand):
    """Is called like the group, and used as it says."""

    def __init__(self, *args: Any, usage: list[str], **facts: Any) -> None:
        super().__init__(*args, **facts)
        self._usage = usage

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        if parent is not None:
            info_name, parent = parent.info_name, parent.parent
        return super().make_context(info_name, args, parent, **extra)

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return self._usage


def _named(args: Sequence[str], option: str) -> str:
    """The value of an option, wherever it stands."""
    for number, word in enumerate(args):
        if word == "--":
            break
        if word.startswith(f"{option}="):
            return word.partition("=")[2]
        if word == option and number + 1 < len(args):
            return args[number + 1]
    return ""


def command(name: str, shown: list[click.Parameter], act: Callable[..., int], group: click.Group) -> click.Command:
    """A command with the settings of a filter, if it is named, beside these parameters."""
    own: list[click.Parameter] = [_FILTER]
    if name:
        own += setting_options(plugins().find(name), [*shown, *own])
        text = about(plugins().find(name)).summary
    else:
        own += [_RECIPE, SEED]
        text = group.help or ""
    usage = (group.subcommand_metavar or "").split("  ")
    return Command(_WITH, params=[*own, *shown], callback=act, hidden=True, help=text, usage=usage)


def split_settings(options: dict[str, Any]) -> dict[str, Any]:
    """Take the settings of the filter that were given out of all options."""
    names = [name for name in options if name.startswith("set_")]
    given = {name.removeprefix("set_"): options.pop(name) for name in names}
    return {name: value for name, value in given.items() if value is not None}


def _act(**options: Any) -> int:
    settings = split_settings(options)
    order = placed(_order(options), options)
    folder = split_template(order.output)[0]
    options["workers"] = options["workers"] or default_jobs(options["memory"])
    invocation = invocation_of(settings, options)
    page = options["report"] and Path(options["report"])
    if invocation is None or not order.inputs:
        return _resume(folder, order, invocation, options, page)
    return work_through(order, invocation, plugins(), dry=options["dry_run"], page=page)


def placed(order: Order, options: dict[str, Any]) -> Order:
    """The order with the back end that was asked for."""
    if options["backend"] == "local" and (options["scheduler"] or options["send"]):
        raise SettingsError("--scheduler and --send are for another back end: name it, as in --backend dask.")
    place = {name: options[name] for name in ("backend", "scheduler", "send")}
    return replace(order, **place, jobs=options["workers"] or 0)


def _order(options: dict[str, Any]) -> Order:
    if not options["output"]:
        raise SettingsError("Say with -o which folder the results go to.")
    base = options["base"] and Path(options["base"])
    choice = Choice(tuple(options["include"]), tuple(options["exclude"]), options["since"], base)
    course = {name: options[name] for name in ("resume", "fail_fast", "limit")}
    page = options["report"]
    written = ((tr("the report"), Path(page)),) if page else ()
    return Order(tuple(options["inputs"]), options["output"], choice, written=written, **course)


def invocation_of(settings: dict[str, Any], options: dict[str, Any]) -> Invocation | None:
    """The filter or the recipe; None where neither is named."""
    if options["filter"]:
        return Invocation.of_filter(plugins(), options["filter"], settings, options)
    if options["recipe"]:
        return Invocation.of_recipe(plugins(), options["recipe"], options["seed"], options)
    return None


def _resume(
    folder: Path, order: Order, invocation: Invocation | None, options: dict[str, Any], page: Path | None
) -> int:
    """Go on with what the ledger tells, for as much as was not said."""
    if not order.resume and invocation is None:
        raise SettingsError("Say with --filter or --recipe what is to be done.")
    if not order.resume:
        raise SettingsError("Name the folders or files to work on, or “-” for a list through standard input.")
    earlier, begun_with = begun(folder)
    given = None
    if not order.inputs:
        given = noted(folder) if "-" in begun_with.inputs else None
        order = replace(order, inputs=begun_with.inputs, choice=begun_with.choice)
    if invocation is None:
        invocation = Invocation(earlier.recipe, earlier.name, {**earlier.options, **_of_now(options)})
        order = replace(order, output=begun_with.output)
    return work_through(order, invocation, plugins(), dry=options["dry_run"], page=page, given=given)


def _of_now(options: dict[str, Any]) -> dict[str, Any]:
    """What does not change results, and so may differ from run to run."""
    names = ("workers", "threads", "memory", "as_json", "save_recipe")
    return {name: options.get(name) for name in names}


def _with_place(command: Callable[..., int]) -> Callable[..., int]:
    """The command with the options that say where the work is done."""
    command.__click_params__ = [*getattr(command, "__click_params__", []), *PLACE[::-1]]  # type: ignore[attr-defined]
    return command


@click.group(
    "batch", cls=BatchGroup, subcommand_metavar="INPUT... (--filter FILTER [SETTINGS]... | --recipe FILE) -o OUT"
)
def batch_command() -> None:
    """Apply a filter to folders full of pictures; what is done already is not done again.

    \b
    senga batch photos --filter sketch -o drawings
    senga batch photos --filter sketch --stroke-width 7 -o drawings --dry-run
    find photos -name '*.jpg' -print0 | senga batch - --recipe chain.toml -o out
    senga batch --filter sketch --help    lists the settings of the filter too
    senga batch status drawings           tells how far it is, and what failed
    senga batch retry drawings --failed   tries again what failed
    """  # noqa: D301 - \b is click's mark for lines to keep


@batch_command.command("status")
@click.argument("folder", type=FILE, metavar="OUT")
@click.option("--json", "as_json", is_flag=True, help="As JSON lines.")
def _status(folder: str, as_json: bool) -> int:
    """Tell how far a batch is, and what failed."""
    return tell_status(Path(folder), as_json=as_json)


@batch_command.command("retry")
@click.argument("folder", type=FILE, metavar="OUT")
@click.option("--failed", is_flag=True, help="Only what failed; otherwise also what was not reached.")
@click.option("--jobs", type=click.IntRange(min=1), metavar="NUMBER", help="Pictures at the same time.")
@click.option("--report", type=FILE, metavar="FILE.html", help="Also write a page that shows what was done.")
@click.option("--fail-fast", is_flag=True, help="Stop at the first input that fails.")
@click.option("--json", "as_json", is_flag=True, help="As JSON lines.")
@_with_place
def _retry(
    folder: str, failed: bool, jobs: int | None, report: str | None, fail_fast: bool, as_json: bool, **place: Any
) -> int:
    """Try again what failed or was not reached, with the settings that the batch was begun with."""
    root = Path(folder).absolute()
    found = noted(root, "failed") if failed else noted(root, "failed", "waiting", "working")
    page = Path(report).absolute() if report else None
    invocation, order = begun(root)
    options = dict(invocation.options, workers=jobs or default_jobs(invocation.options["memory"]), as_json=as_json)
    written = ((tr("the report"), page),) if page else ()
    order = placed(replace(order, fail_fast=fail_fast, written=written), {**place, "workers": jobs})
    return work_through(order, replace(invocation, options=options), plugins(), page=page, given=found)
