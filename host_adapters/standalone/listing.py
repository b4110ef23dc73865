"""``senga list`` and ``senga info``."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from senga.errors import SettingsError
from senga.filter import About, Filter, about
from senga.language import sentence, tr, wanted
from senga.plain import tell
from senga.registry import Plugins, plugins
from senga.settings import SettingInfo, describe


@click.command("list")
@click.argument("words", nargs=-1, metavar="[WORD]...")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
def list_command(words: tuple[str, ...], as_json: bool) -> None:
    """List the filters; with words, only those that have to do with all of them.

    \b
    senga list
    senga list pencil colour
    """  # noqa: D301 - \b is click's mark for lines to keep
    known = plugins()
    told = {name: about(kind) for name, kind in known.filters.items()}
    found = {name: facts for name, facts in told.items() if _fits(name, facts, words)}
    if as_json:
        for name, facts in found.items():
            click.echo(json.dumps({"name": name, **asdict(facts), "plugin": known.owner(name)}))
    else:
        groups = dict.fromkeys(sorted((facts.group for facts in found.values()), key=lambda name: not name))
        for group in groups:
            tell(group or tr("Others"))
            for name, facts in found.items():
                if facts.group == group:
                    tell(f"  {name:<17} {facts.summary}")
    mention_broken(known)
    if words and not found:
        raise SettingsError(f"No filter has to do with “{' '.join(words)}”: senga list shows all.")


def _fits(name: str, facts: About, words: tuple[str, ...]) -> bool:
    text = " ".join([name, facts.title, facts.summary, facts.group, *facts.keywords]).casefold()
    return all(word.casefold() in text for word in words)


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
    told, origin = about(kind), tr("{title} ({name}), from the plug-in {plugin}")
    tell(origin.format(title=told.title, name=name, plugin=known.owner(name)), told.summary, "")
    for info in describe(kind):
        tell(f"  {info.name} = {shown(info)}   {limits(info)}".rstrip())
        tell(f"      {info.text}")
    _tell_models(kind, known)


def _tell_models(kind: type[Filter], known: Plugins) -> None:
    if families := known.families_of(kind):
        names = ", ".join(known.styles_of(families))
        tell("", tr("Styles: {names} (senga models list tells more)").format(names=names))


def shown(info: SettingInfo) -> str:
    """The default of a setting as a painter writes it."""
    if info.kind == "bool":
        return tr("yes") if info.default else tr("no")
    if info.default is None:
        return tr("none") if info.is_picture or info.kind == "file" else tr("automatic")
    return info.typed or tr("none")


def limits(info: SettingInfo) -> str:
    """The range, unit or choices of a setting in brackets, or nothing."""
    if info.choices:
        shown = [f"{choice} ({label})" for choice, label in zip(info.choices, info.labels, strict=True)]
        return "[" + " | ".join(shown if wanted() else info.choices) + "]"  # what is typed is English
    low = "" if info.minimum is None else f"{info.minimum:g}"
    high = "" if info.maximum is None else f"{info.maximum:g}"
    pattern = (
        tr("{low} to {high}") if low and high else tr("at least {low}") if low else tr("at most {high}") if high else ""
    )
    text = " ".join(part for part in (pattern.format(low=low, high=high), info.unit) if part)
    return f"[{text}]" if text else ""


def mention_broken(known: Plugins) -> None:
    """One line on stderr for each broken plug-in."""
    for plugin in known.known.values():
        if plugin.state == "broken":
            text = tr("the plug-in “{name}” ({origin}) is broken: {problem}")
            problem = sentence(plugin.problem)
            tell(f"senga: {text.format(name=plugin.name, origin=plugin.origin, problem=problem)}", err=True)
