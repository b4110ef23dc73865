"""``senga models``: what can be had, from whom, under which terms; pulling, importing, exporting, removing."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from senga.errors import ModelError
from senga.host_adapters.batch.taken import settle
from senga.language import sentence, tr
from senga.plain import plain, plain_lines, tell, tell_row
from senga.registry import plugins

from .listing import mention_broken

if TYPE_CHECKING:
    from senga.store import Store
    from senga.store.catalog import ModelEntry

as_json = click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")


def open_store() -> Store:
    """The model store with the models of all loaded filters."""
    return plugins().store()


@click.group("models")
def models_command() -> None:
    """List, pull, import, export, verify and remove model weights."""


@models_command.command("list")
@click.option("--family", metavar="FAMILY", help="Only the styles of a family of networks, such as animegan.")
@as_json
def list_models(family: str | None, as_json: bool) -> None:
    """List the models: where they are, and under which terms."""
    store = open_store()
    entries = _of_family(store, family)
    names = store.shown(entries)
    if as_json:
        for entry in entries:
            click.echo(json.dumps(_facts(entry)))
    elif sys.stdout is not None and sys.stdout.isatty():
        _print_table(names, entries)
    else:
        for name, entry in zip(names, entries, strict=True):
            tell_row(name, *_row(entry))
    for problem in store.problems:
        tell(f"senga: {sentence(problem)}", err=True)
    mention_broken(plugins())


def _of_family(store: Store, family: str | None) -> list[ModelEntry]:
    """The models of a family, or all.

    Raises:
        SettingsError: there is no such family.
    """
    entries = store.entries()
    if family is None:
        return entries
    if family not in {entry.family for entry in entries}:
        plugins().family(family)
    return [entry for entry in entries if entry.family == family]


@models_command.command("show")
@click.argument("name")
@as_json
def show(name: str, as_json: bool) -> None:
    """Tell everything that is known of a model."""
    facts = _facts(open_store().find(name))
    if as_json:
        click.echo(json.dumps(facts))
        return
    for key, value in facts.items():
        for line in value if isinstance(value, list) else plain_lines(value) if value else []:
            tell(f"{key.replace('_', ' '):<14} {line}")


@models_command.command("pull")
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@click.option("--yes", is_flag=True, help="Accept the terms without being asked.")
@as_json
def pull(names: tuple[str, ...], yes: bool, as_json: bool) -> None:
    """Fetch public models, after showing their terms."""
    store = open_store()
    for name in names:
        with _reporter(name, as_json) as report:
            entry = store.pull(name, lambda entry: _accepted(entry, yes), report)
        if as_json:
            click.echo(json.dumps({"event": "done", **_facts(entry)}))
            continue
        tell(tr("{name} is ready.").format(name=name))
        if entry.urls and not entry.digest:
            digest = store.load(name).card.get("file_digest", "")
            text = tr("Nobody publishes a digest of this file, so it is unverified ({digest}).")
            tell(text.format(digest=digest), err=True)


@models_command.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--name", help="What to call the style, or FAMILY/STYLE; by default the name of the file.")
@as_json
def import_model(file: Path, name: str | None, as_json: bool) -> None:
    """Import weights: safetensors, npz, MindSpore ckpt, TensorFlow index, PyTorch pt or pth, ONNX, tflite."""
    entry = open_store().import_file(file, name)
    if as_json:
        click.echo(json.dumps(_facts(entry)))
        return
    facts = {"name": entry.name, "architecture": entry.architecture or entry.family, "width": entry.facts.get("width")}
    known = tr("{name} is ready ({architecture}, width {width}).")
    tell((known if facts["width"] else tr("{name} is ready ({architecture}).")).format(**facts))


@models_command.command("export")
@click.argument("name", metavar="STYLE")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    required=True,
    help="NAME.onnx, a network that paints by itself, or NAME.safetensors, weights with their card.",
)
@click.option(
    "--overwrite",
    type=click.Choice(["error", "skip", "replace", "rename"]),
    default="error",
    show_default=True,
    help="When the output exists.",
)
@as_json
def export(name: str, output: Path, overwrite: str, as_json: bool) -> None:
    """Write a style as a file for other programs, with its licence and all that is known of it."""
    from senga.store.export import check_ending, export_model

    check_ending(output)
    path = next(iter(settle(output, overwrite)), None)
    store, replaces = open_store(), overwrite == "replace"
    entry = store.find(name) if path is None else export_model(store, name, path, overwrite=replaces)
    if as_json:
        click.echo(json.dumps({**_facts(entry), "output": path and str(path)}))
    elif path is None:
        tell(tr("{output} exists and is kept.").format(output=output))
    else:
        tell(tr("{output} is written.").format(output=path))
        _show_licence(entry)


@models_command.command("verify")
@click.argument("name", required=False)
@as_json
@click.pass_context
def verify(ctx: click.Context, name: str | None, as_json: bool) -> None:
    """Compare one model, or all on this machine, with their digests; exit 1 if any is damaged."""
    verdicts = open_store().verify(name)
    for verdict in verdicts:
        if as_json:
            click.echo(json.dumps({"name": verdict.name, "sound": not verdict.problem, "problem": verdict.problem}))
        else:
            tell(f"{verdict.name}: {sentence(verdict.problem) or tr('sound')}")
    ctx.exit(1 if any(verdict.problem for verdict in verdicts) else 0)


@models_command.command("remove")
@click.argument("name")
def remove(name: str) -> None:
    """Delete a pulled or imported model."""
    open_store().remove(name)
    tell(tr("{name} is removed.").format(name=name))


def _state(entry: ModelEntry) -> str:
    return "built in" if entry.shipped else "here" if entry.file else "to pull"


def _size(entry: ModelEntry) -> str:
    return f"{entry.size / 1e6:.1f} MB" if entry.size else "?"


def _row(entry: ModelEntry) -> list[str]:
    state = {"built in": tr("built in"), "here": tr("here"), "to pull": tr("to pull")}[_state(entry)]
    return [state, _size(entry), entry.licence, _commercial(entry), tr(entry.note), entry.family]


def _commercial(entry: ModelEntry) -> str:
    if entry.commercial == "unknown":
        return tr("commercial use not stated")
    return tr("commercial use allowed") if entry.commercial == "yes" else tr("non-commercial only")


def _facts(entry: ModelEntry) -> dict[str, Any]:
    facts = entry.model_dump(mode="json", exclude={"shipped", "converter", "network", "facts"})
    known = {"name": entry.name, "full_name": entry.full_name, "state": _state(entry), **facts}
    return known | {name: value for name, value in entry.facts.items() if name not in known}


def _print_table(names: list[str], entries: list[ModelEntry]) -> None:
    from rich.console import Console
    from rich.table import Table

    heads = tr("Style"), tr("State"), tr("Size"), tr("Licence"), tr("Use"), tr("Look"), tr("Family")
    table = Table(*heads, box=None, header_style="bold", pad_edge=False)
    for name, entry in zip(names, entries, strict=True):
        table.add_row(*map(plain, (name, *_row(entry))))
    Console(highlight=False, markup=False, emoji=False).print(table)


def _accepted(entry: ModelEntry, yes: bool) -> bool:
    """Show the terms, and ask unless they are accepted beforehand."""
    title = tr("{title} by {author}, {size}")
    tell(title.format(title=entry.title or entry.name, author=entry.author, size=_size(entry)), err=True)
    tell(entry.source, err=True)
    tell(tr("Made from: {data}.").format(data=entry.training_data), err=True)
    _show_licence(entry)
    if not entry.digest:
        tell(
            tr("Nobody publishes a digest of this file, so nobody can verify what arrives."),
            err=True,
        )
    if yes:
        return True
    if not sys.stdin.isatty():
        raise ModelError(f"The model “{entry.name}” asks for consent to these terms: repeat with --yes to accept them.")
    return click.confirm(tr("Do you accept these terms?"), err=True)


def _show_licence(entry: ModelEntry) -> None:
    licence = tr("Licence: {licence} ({use}) {url}")
    tell(licence.format(licence=entry.licence, use=_commercial(entry), url=entry.licence_url), err=True)
    if entry.terms:
        tell(*plain_lines(entry.terms), err=True)


@contextmanager
def _reporter(name: str, as_json: bool) -> Iterator[Callable[[int, int | None], None]]:
    """Tells what has arrived: JSON lines when asked for, a bar on a terminal, else nothing."""
    if as_json:
        yield lambda done, total: click.echo(
            json.dumps({"event": "progress", "name": name, "done": done, "total": total})
        )
    elif sys.stderr.isatty():
        yield from _bar(name)
    else:
        yield lambda done, total: None  # noqa: ARG005 - a pipe hears nothing


def _bar(name: str) -> Iterator[Callable[[int, int | None], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TimeRemainingColumn()
    bars = Progress(*columns, console=Console(stderr=True), transient=True)
    task = bars.add_task(plain(name), total=None)

    def report(done: int, total: int | None) -> None:
        bars.start()  # only now: a question may have been asked before
        bars.update(task, completed=done, total=total)

    try:
        yield report
    finally:
        bars.stop()
