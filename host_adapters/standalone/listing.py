"""``senga list`` and ``senga info``."""

from __future__ import annotations

import json

import click

from senga.filter import Filter, SettingInfo, describe
from senga.registry import Plugins, plugins


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
def list_command(as_json: bool) -> None:
    """List the filters."""
    known = plugins()
    for name, kind in known.filters.items():
        if as_json:
            facts = {"name": name, "title": kind.title, "summary": kind.summary, "plugin": known.owner(name)}
            click.echo(json.dumps(facts))
        else:
            click.echo(f"{name:<17} {kind.summary}")
    mention_broken(known)


@click.command("info")
@click.argument("name", metavar="FILTER")
@click.option("--json", "as_json", is_flag=True, help="The JSON Schema of the settings.")
def info_command(name: str, as_json: bool) -> None:
    """Tell what a filter does and what can be set."""
    known = plugins()
    kind = known.find(name)
    if as_json:
        click.echo(json.dumps(kind.model_json_schema(), indent=2))
        return
    click.echo(f"{kind.title} ({name}), from the plug-in {known.owner(name)}\n{kind.summary}\n")
    for info in describe(kind):
        click.echo(f"  {info.name} = {shown(info.default)}   {limits(info)}".rstrip())
        click.echo(f"      {info.text}")
    _tell_models(kind, known)


def _tell_models(kind: type[Filter], known: Plugins) -> None:
    if kind.models is not None:
        names = ", ".join(entry.name for entry in known.store().entries())
        click.echo(f"\nStyles: {names} (senga models list tells more)")


def shown(value: object) -> str:
    """A default as a painter writes it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"{value:g}"
    return "automatic" if value is None else str(value) or "none"


def limits(info: SettingInfo) -> str:
    """The range, unit or choices of a setting in brackets, or nothing."""
    if info.choices:
        return "[" + " | ".join(info.choices) + "]"
    low = "" if info.minimum is None else f"{info.minimum:g}"
    high = "" if info.maximum is None else f"{info.maximum:g}"
    text = f"{low} to {high}" if low and high else f"at least {low}" if low else f"at most {high}" if high else ""
    text = " ".join(part for part in (text, info.unit) if part)
    return f"[{text}]" if text else ""


def mention_broken(known: Plugins) -> None:
    """One line on stderr for each broken plug-in."""
    for plugin in known.known.values():
        if plugin.state == "broken":
            click.echo(f"senga: the plug-in “{plugin.name}” ({plugin.origin}) is broken: {plugin.problem}", err=True)
