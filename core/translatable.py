"""What there is to translate of a filter, for catalogues and for tests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .filter import Filter, about, describe


@dataclass(frozen=True)
class Text:
    """A text of a filter.

    Attributes:
        text: English.
        about: ``title``, ``summary``, ``description``, ``setting``, ``help``, ``choice``, ``unit``, ``group`` or
            ``keyword``.
        context: under which a catalogue holds it; empty for most.
    """

    text: str
    about: str
    context: str = ""


def texts_of(kind: type[Filter]) -> Iterator[Text]:
    """All texts of a filter that a host shows, in the order in which it shows them."""
    told = about(kind, "en")
    named = (Text(told.title, "title"), Text(told.summary, "summary"), Text(told.text, "description"))
    yield from (text for text in named if text.text)
    if told.group:
        yield Text(told.group, "group", "group")
    yield from (Text(word, "keyword", "keyword") for word in kind.keywords)
    for info in describe(kind, "en"):
        yield Text(info.label, "setting", "setting")
        yield Text(info.text, "help")
        if info.unit:
            yield Text(info.unit, "unit", "unit")
        for label in info.labels:
            yield Text(label, "choice", info.name)


def template(kinds: Iterable[type[Filter]]) -> str:
    """The texts of these filters as a catalogue to fill in (``.pot``)."""
    texts = dict.fromkeys(text for kind in kinds for text in texts_of(kind))
    head = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n'
    return "\n".join([head, *(_entry(text) for text in texts)])


def _entry(text: Text) -> str:
    context = f"msgctxt {_quoted(text.context)}\n" if text.context else ""
    return f'#. {text.about}\n{context}msgid {_quoted(text.text)}\nmsgstr ""\n'


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
