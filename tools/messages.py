"""Collect the texts to translate, bring the catalogues up to date and compile them.

``python tools/messages.py`` writes core/locale/senga.pot, carries the translations of every ``senga.po`` over, compiles
it to ``senga.mo``, and says what is not translated yet. Needs Babel.
"""

from __future__ import annotations

import ast
import io
import itertools
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from senga.host_adapters.standalone import app
from senga.host_adapters.standalone.help_pages import KEPT, paragraphs
from senga.language import speaking
from senga.registry import Plugins
from senga.store import default_store
from senga.strokes.brush import BUILTIN_BRUSHES
from senga.translatable import texts_of

ROOT = Path(__file__).resolve().parent.parent
LOCALE = ROOT / "core" / "locale"
ROOMS = ("core", "plugins", "host_adapters")
SILENT = (
    "core/neural/training", "core/neural/evaluation", "core/neural/checkpoints", "core/testing",
    "plugins/animegan/training", "plugins/animegan/convert.py", "core/store/matching.py",
)  # fmt: skip
"""Whose texts stay English: they are for people who make filters or styles, or name the inside of a damaged file."""

SENTENCE = "sentence"
"""The category of what is recognised by its pattern; all others are looked up as they are."""
SPOKEN = re.compile(r"(Error|\bFinding|\bfailure|Unavailable|NotReachable|Trouble|\bsentence|\b_say)$")
"""The calls whose arguments are sentences for a painter."""
PROGRAMMING = {"ValueError", "TypeError", "AttributeError", "OSError", "FileExistsError", "MemoryError", "ProfileError"}

CLICK = (
    "Usage:", "Options", "Commands", "Show this message and exit.", "Show the version and exit.", "Error: {message}",
    "Try '{command} {option}' for help.", "Missing command.", "Missing argument", "Missing option",
    "No such command {name!r}.", "No such option {name!r}.", "Option {name!r} does not take a value.",
    "Invalid value: {message}", "Invalid value for {param_hint}: {message}", "default: {default}", "Aborted!",
    "Choose from:\n\t{choices}", "{value!r} is not a valid {number_type}.", "{value} is not in the range {range}.",
    "{name} {filename!r} does not exist.", "{name} {filename!r} is a file.", "{name} {filename!r} is a directory.",
    "{name} {filename!r} is not readable.", "file", "directory", "path",
)  # fmt: skip
"""What a user of the runner sees of click's own texts; click asks gettext for them."""

PYDANTIC = (
    "input should be greater than or equal to {0}", "input should be less than or equal to {0}",
    "input should be greater than {0}", "input should be less than {0}", "input should be {0}",
    "input should be a valid integer, unable to parse string as an integer", "input should be a valid integer",
    "input should be a valid integer, got a number with a fractional part", "input should be a valid string",
    "input should be a valid number, unable to parse string as a number", "input should be a valid number",
    "input should be a valid boolean, unable to interpret input", "input should be a valid boolean",
)  # fmt: skip
"""How pydantic words a wrong setting, as the registry repeats it."""


@dataclass(frozen=True)
class Message:
    """A text to translate.

    Attributes:
        text: English.
        category: what it is, for translators and tests.
        place: the file or thing it comes from.
        context: tells apart what is equal in English only.
    """

    text: str
    category: str
    place: str
    context: str = ""

    @property
    def key(self) -> tuple[str, str]:
        return self.context, self.text


def collect() -> list[Message]:
    """All texts, each once."""
    found: dict[tuple[str, str], Message] = {}
    with speaking("en"):
        for message in [*_filters(), *_styles(), *_commands(), *_sources(), *_borrowed()]:
            found.setdefault(message.key, message)
    return list(found.values())


def _filters() -> Iterator[Message]:
    for name, kind in Plugins(third_party=False, disabled=(), strict=True).filters.items():
        for text in texts_of(kind):
            yield Message(text.text, text.about, f"filter {name}", text.context)


def _styles() -> Iterator[Message]:
    for brush in BUILTIN_BRUSHES:
        yield Message(brush.title, "brush", "core/strokes/brush.py")
    known = Plugins(third_party=False, disabled=(), strict=True)
    with tempfile.TemporaryDirectory() as home:
        for entry in default_store(known.families.values(), root=Path(home)).entries():
            yield from (Message(text, "style", entry.name) for text in (entry.title, entry.note) if text)


def _commands() -> Iterator[Message]:
    yield from _help(app.cli, "senga")
    context = click.Context(app.cli)
    for name, (_, line) in app.COMMANDS.items():
        yield Message(line, "command", f"senga {name}")
        yield from _help(app.cli.get_command(context, name) or app.cli, f"senga {name}")
    from senga.host_adapters.standalone.batch import batch_command
    from senga.host_adapters.standalone.run import _recipe_command
    from senga.host_adapters.standalone.train import family_command
    from senga.host_adapters.standalone.watch import watch_command
    from senga.neural.training.distilling import DISTIL

    yield from _help(_recipe_command(), "senga run")
    for family in (*Plugins(third_party=False, disabled=(), strict=True).families.values(), DISTIL):
        if family.trainer:
            options = (param for param in family_command(family).params if isinstance(param, click.Option))
            yield from (Message(each.help, "help", f"senga train {family.name}") for each in options if each.help)
    yield from _help(batch_command.command_of(), "senga batch")
    yield from _help(watch_command.command_of(), "senga watch")


def _help(command: click.Command, name: str) -> Iterator[Message]:
    for part in paragraphs(command.help or ""):
        if not part.startswith(KEPT) or re.search(r"\S {4,}\w", part):
            yield Message(part.removeprefix(KEPT), "help", name)
    for param in command.params:
        if isinstance(param, click.Option) and param.help:
            yield Message(param.help, "help", name)
    for inner in command.commands.values() if isinstance(command, click.Group) else ():
        yield from _help(inner, f"{name} {inner.name}")


def _sources() -> Iterator[Message]:
    paths = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
    sources: dict[str, Source] = {}
    for path in paths:
        place = path.relative_to(ROOT).as_posix()
        if not place.startswith(SILENT):
            sources[place] = Source(ast.parse(path.read_text("utf-8")), place, sources)
    for place, source in sources.items():
        yield from (Message(text, category, place, context) for category, context, text in source.marked())
        yield from (Message(text, SENTENCE, place) for text in source.sentences())


def _borrowed() -> Iterator[Message]:
    yield from (Message(text, "click", "click") for text in CLICK)
    yield from (Message(text, SENTENCE, "pydantic") for text in PYDANTIC)


class Source:
    """What a Python file says to painters.

    Args:
        tree: the file.
        place: its path, from the root.
        others: files by their paths; half sentences may come from functions of theirs.
    """

    def __init__(self, tree: ast.Module, place: str = "", others: Mapping[str, Source] | None = None) -> None:
        self._tree, self._others = tree, {} if others is None else others
        self._imports = {
            name.asname or name.name: (_place_of(node, place), name.name)
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
            for name in node.names
        }
        self._functions = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        self._names: dict[str, list[ast.expr]] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                for target in targets:
                    if isinstance(target, ast.Name):
                        self._names.setdefault(target.id, []).append(node.value)

    def marked(self) -> Iterator[tuple[str, str, str]]:
        """Category, context and text of ``tr(…)`` and of the notes of progress."""
        for call in self._calls():
            name = _name(call)
            if name in ("tr", "_", "say") and call.args and isinstance(call.args[0], ast.Constant):
                context = [word.value.value for word in call.keywords if word.arg == "context"]
                yield "text", (context or [""])[0], call.args[0].value
            elif name == "Layer" and call.args and isinstance(call.args[0], ast.Constant | ast.JoinedStr):
                yield from (("layer", "", text) for text in self._texts(call.args[0], 0))
            elif name == "progress":
                notes = [*call.args[1:2], *(word.value for word in call.keywords if word.arg == "note")]
                yield from (("note", "", text) for note in notes for text in self._texts(note, 1))
        for function in self._functions.values():
            given = function.args
            pairs = [*zip(reversed(given.args), reversed(given.defaults), strict=False)]
            for argument, value in [*pairs, *zip(given.kwonlyargs, given.kw_defaults, strict=True)]:
                if argument.arg == "note" and isinstance(value, ast.Constant) and value.value:
                    yield "note", "", value.value

    def sentences(self) -> Iterator[str]:
        """The sentences of errors and of a worker's notes, with ``{0}`` where something is filled in."""
        for call in self._calls():
            name = _name(call)
            if SPOKEN.search(name) and name not in PROGRAMMING:
                for argument in call.args:
                    yield from (text for text in self._texts(argument, 3) if _says_something(text, name))

        for node in ast.walk(self._tree):
            if isinstance(node, ast.Dict):
                for key, value in zip(node.keys, node.values, strict=True):
                    if isinstance(key, ast.Constant) and key.value in ("note", "notes"):
                        yield from (text for text in self._texts(value, 3) if _says_something(text, "note"))

    def _calls(self) -> Iterator[ast.Call]:
        return (node for node in ast.walk(self._tree) if isinstance(node, ast.Call))

    def _texts(self, node: ast.expr, depth: int) -> Iterator[str]:
        """The texts that an expression may stand for, and those that are filled into it."""
        match node:
            case ast.Constant(value=str() as text):
                yield text
            case ast.JoinedStr(values=values):
                places = [value.value for value in values if isinstance(value, ast.FormattedValue)]
                for place in places:
                    yield from self._texts(place, depth)
                yield _pattern(values)
            case ast.IfExp(body=body, orelse=other):
                yield from self._texts(body, depth)
                yield from self._texts(other, depth)
            case ast.BoolOp(values=values) | ast.List(elts=values):
                for value in values:
                    yield from self._texts(value, depth)
            case ast.Call(func=ast.Attribute(value=ast.Constant() | ast.Name() as said, attr="format")):
                for text in self._texts(said, depth):
                    numbers = itertools.count()
                    yield re.sub(r"\{\w*\}", lambda _, numbers=numbers: f"{{{next(numbers)}}}", text)
            case ast.Name() | ast.Call() if depth:
                for source, value in self._origins(node):
                    yield from source._texts(value, depth - 1)

    def _origins(self, node: ast.Name | ast.Call) -> list[tuple[Source, ast.expr]]:
        """What a name was set to in this file, or what a function gives, each with the file where it stands."""
        if isinstance(node, ast.Name):
            return [(self, value) for value in self._names.get(node.id, [])]
        return self._given(node.func.id) if isinstance(node.func, ast.Name) else []

    def _given(self, name: str) -> list[tuple[Source, ast.expr]]:
        """What a function of this file, or one that it imports, gives."""
        if name in self._functions:
            inside = ast.walk(self._functions[name])
            return [(self, node.value) for node in inside if isinstance(node, ast.Return) and node.value is not None]
        place, known_as = self._imports.get(name, ("", ""))
        return self._others[place]._given(known_as) if place in self._others else []


def _place_of(node: ast.ImportFrom, place: str) -> str:
    """The file that ``from … import`` names in the file at ``place``."""
    parts = (node.module or "").split(".")
    if node.level:
        parts = [*place.split("/")[: -node.level], *parts]
    elif parts.pop(0) != "senga":
        return ""
    elif parts[:1] not in (["plugins"], ["host_adapters"]):
        parts = ["core", *parts]
    return "/".join(parts) + ".py"


def _pattern(values: list[ast.expr]) -> str:
    """An f-string with ``{0}``, ``{1}`` … in its places."""
    numbers = itertools.count()
    return "".join(str(part.value) if isinstance(part, ast.Constant) else f"{{{next(numbers)}}}" for part in values)


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _says_something(text: str, call: str) -> bool:
    """Whether there are words to translate; a place alone, a name or a number is none."""
    words = re.findall(r"[^\W\d_]{2,}", re.sub(r"\{\d+\}", "", text))
    return len(words) >= 2 or (bool(words) and ("{0}" in text or (call == "Finding" and text[:1].isupper())))


def renewed(messages: Iterable[Message], old: Catalog | None, locale: str | None) -> Catalog:
    """A catalogue of these messages with the translations of an older one.

    Its dates stand still, so that it changes only where texts do; the history has them.
    """
    dates = datetime(2026, 1, 1, tzinfo=UTC)
    comment = "# Texts of Senga. Made by tools/messages.py: translate here, then run it again.\n"
    catalog = Catalog(
        locale, "senga", header_comment=comment, project="Senga", version="1", charset="utf-8",
        msgid_bugs_address="-",
        creation_date=dates, revision_date=dates, last_translator="The Senga authors", language_team="", fuzzy=False,
    )  # fmt: skip
    for message in messages:
        context = message.context or None
        before = old.get(message.text, context) if old is not None else None
        string = str(before.string) if before is not None and before.string else ""
        place = message.place.replace(" ", ":")
        catalog.add(message.text, string, locations=[(place, None)], auto_comments=[message.category], context=context)
    return catalog


def po(catalog: Catalog) -> bytes:
    """The text of a catalogue."""
    stream = io.BytesIO()
    write_po(stream, catalog, width=120, sort_output=False, ignore_obsolete=True)
    return stream.getvalue()


def mo(catalog: Catalog) -> bytes:
    """The compiled catalogue."""
    stream = io.BytesIO()
    write_mo(stream, catalog)
    return stream.getvalue()


def read(path: Path) -> Catalog:
    """A ``.po`` file.

    Raises:
        babel.messages.pofile.PoFileError: it does not parse.
    """
    with path.open("rb") as file:
        return read_po(file, locale=path.parts[-3], abort_invalid=True)


def main() -> int:
    """Bring everything up to date."""
    messages = collect()
    (LOCALE / "senga.pot").write_bytes(po(renewed(messages, None, None)))
    for path in sorted(LOCALE.glob("*/LC_MESSAGES/senga.po")):
        catalog = renewed(messages, read(path), path.parts[-3])
        path.write_bytes(po(catalog))
        path.with_suffix(".mo").write_bytes(mo(catalog))
        missing = [message for message in messages if not catalog.get(message.text, message.context or None).string]
        sys.stdout.write(f"{path.parts[-3]}: {len(messages) - len(missing)} of {len(messages)} texts translated\n")
        for message in missing:
            sys.stdout.write(f"    {message.category} ({message.place}): {message.text}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
