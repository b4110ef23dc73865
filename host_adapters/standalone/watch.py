"""``senga watch``: a filter or a recipe for every picture that comes into a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from senga.errors import SettingsError
from senga.host_adapters.batch.inputs import Choice
from senga.host_adapters.batch.nightly import default_jobs
from senga.host_adapters.batch.order import Order
from senga.host_adapters.batch.watching import keep_watch
from senga.registry import plugins

from .batch import CHOICE, JOBS, OUTPUT, BatchGroup, command, common, invocation_of, split_settings
from .run import FILE, PlainOption

_FOLDERS = click.Argument(["inputs"], type=FILE, nargs=-1, required=True, metavar="FOLDER...")
_EVERY = PlainOption(
    ["--every"],
    type=click.FloatRange(0.1, 86400),
    default=2.0,
    metavar="SECONDS",
    help="How often to look; a file that stood still in between is complete.  [s, default: 2]",
)
_NOT_HERE = ("base", "save_recipe")


class WatchGroup(BatchGroup):
    """As that of ``batch``, without further commands."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return []

    def command_of(self, name: str = "") -> click.Command:
        shown = [*common(), OUTPUT, JOBS, *CHOICE, _EVERY]
        return command(name, [*(each for each in shown if each.name not in _NOT_HERE), _FOLDERS], _act, self)


def _act(**options: Any) -> int:
    settings = split_settings(options)
    if not options["output"]:
        raise SettingsError("Say with -o which folder the results go to.")
    whole = {**options, "workers": options["workers"] or default_jobs(options["memory"]), "save_recipe": None}
    invocation = invocation_of(settings, whole)
    if invocation is None:
        raise SettingsError("Say with --filter or --recipe what is to be done.")
    folders = tuple(str(Path(name)) for name in options["inputs"])
    choice = Choice(tuple(options["include"]), tuple(options["exclude"]), options["since"])
    order = Order(folders, options["output"], choice, resume=True)
    return keep_watch(order, invocation, plugins(), every=options["every"])


@click.group(
    "watch", cls=WatchGroup, subcommand_metavar="FOLDER... (--filter FILTER [SETTINGS]... | --recipe FILE) -o OUT"
)
def watch_command() -> None:
    """Apply a filter to every picture that comes into a folder, until Ctrl-C or SIGTERM.

    What is there already is taken first, unless the ledger in OUT knows it as done; --since leaves older ones out.

    \b
    senga watch inbox --filter sketch -o drawings
    senga watch --filter sketch --help    lists the settings of the filter too
    """  # noqa: D301 - \b is click's mark for lines to keep
