"""``senga plugins``: works even when a plug-in is broken; disabling loads nothing."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from senga.errors import SettingsError
from senga.language import sentence, tr
from senga.plain import plain, tell
from senga.registry import Plugins, installed
from senga.switches import enable, read_disabled, write_disabled

from .help_pages import padded
from .trial import tried


@click.group("plugins")
def plugins_command() -> None:
    """List, disable and enable plug-ins."""


@plugins_command.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
def list_plugins(as_json: bool) -> None:
    """List all plug-ins with their state."""
    for plugin in tried():
        if as_json:
            click.echo(json.dumps(asdict(plugin)))
            continue
        brings = sentence(plugin.problem) or ", ".join(plugin.filters)
        columns = (
            padded(plain(plugin.name), 18),
            padded(_shown(plugin.state), 10),
            padded(plain(tr(plugin.origin)), 20),
            brings,
        )
        tell(" ".join(columns).rstrip())


def _shown(state: str) -> str:
    words = {"loaded": tr("loaded"), "disabled": tr("disabled"), "broken": tr("broken")}
    return words.get(state) or tr("not chosen")


@plugins_command.command("texts")
@click.argument("name")
def texts(name: str) -> None:
    """Print the texts of a plug-in's filters as a catalogue to translate."""
    from senga.translatable import template

    known = Plugins(strict=False, only={name})
    if name not in known.known:
        raise SettingsError(f"There is no plug-in “{name}”: senga plugins list shows them.")
    click.echo(template(known.filters[found] for found in known.known[name].filters), nl=False)


@plugins_command.command("disable")
@click.argument("name")
def disable(name: str) -> None:
    """Do not load a plug-in from now on."""
    if name not in installed():
        raise SettingsError(f"There is no plug-in “{name}”: senga plugins list shows them.")
    write_disabled(read_disabled() | {name})
    tell(tr("{name} is disabled; senga plugins enable {name} brings it back.").format(name=name))


@plugins_command.command("enable")
@click.argument("name")
def enable_command(name: str) -> None:
    """Load a disabled plug-in again, or one that was left out because Senga ended while it was being loaded."""
    if not enable(name):
        raise SettingsError(f"The plug-in “{name}” is not disabled: senga plugins list shows them.")
    tell(tr("{name} is enabled.").format(name=name))
