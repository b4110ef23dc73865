"""Help in the painter's language: every command translated, and wide characters counted as wide."""

from __future__ import annotations

import gettext
import inspect
import os
import re
from collections.abc import Iterable
from unicodedata import east_asian_width

import click

from senga.language import DOMAIN, FOLDER, tr, wanted
from senga.plain import plain_lines

_GLUE = "\ue000"
"""Stands beside a wide character where a line must not be broken."""
KEPT = "\b\n"
"""Click's mark before a paragraph whose lines are kept."""
_WIDE = "[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]"
_CLOSING = "、。，．：；！？）］｝」』】〉》〕ーぁぃぅぇぉっゃゅょァィゥェォッャュョ…％"
_OPENING = "（［｛「『【〈《〔"


class Formatter(click.HelpFormatter):
    """Breaks lines between Chinese and Japanese characters, which have no spaces, and counts two cells for each."""

    def write_text(self, text: str) -> None:
        super().write_text(widened(text))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        super().write_dl([(first, widened(second)) for first, second in rows], col_max, col_spacing)

    def getvalue(self) -> str:
        return "".join(f"{line}\n" for line in plain_lines(narrowed(super().getvalue())))


class HelpContext(click.Context):
    """A context whose help pages are laid out so."""

    formatter_class = Formatter


def widened(text: str) -> str:
    """The text with a second cell after each wide character: a space where a line may be broken."""

    def second(match: re.Match[str]) -> str:
        behind = text[match.end() : match.end() + 1]
        is_glued = match[0] in _OPENING or (behind and behind in _CLOSING)
        return match[0] + (_GLUE if is_glued else " ")

    return re.sub(_WIDE, second, text)


def narrowed(text: str) -> str:
    """Takes the second cells out again."""
    return re.sub(f"(?<={_WIDE}) |{_GLUE}", "", text)


def padded(text: str, cells: int) -> str:
    """The text, filled up with spaces to a width on the screen."""
    return text + " " * (cells - sum(1 + (east_asian_width(letter) in "WF") for letter in text))


def speak() -> None:
    """Let click's own texts come from our catalogue too. It asks gettext, and that asks the environment."""
    if wanted():
        os.environ["LANGUAGE"] = ":".join(wanted())
        gettext.bindtextdomain(DOMAIN, str(FOLDER))
        gettext.textdomain(DOMAIN)


def translated(command: click.Command) -> click.Command:
    """The command itself, its help and that of its options and sub-commands translated."""
    command.context_class = HelpContext
    if command.help:
        command.help = "\n\n".join(
            KEPT + tr(part.removeprefix(KEPT)) if part.startswith(KEPT) else tr(part)
            for part in paragraphs(command.help)
        )
    for param in command.params:
        if isinstance(param, click.Option) and param.help:
            param.help = tr(param.help)
    for inner in command.commands.values() if isinstance(command, click.Group) else ():
        translated(inner)
    return command


def paragraphs(text: str) -> list[str]:
    """The paragraphs of a help text, each on one line; those that begin with click's mark keep their lines."""
    parts = re.split(r"\n\s*\n", inspect.cleandoc(text).strip())
    return [part if part.startswith(KEPT) else " ".join(part.split()) for part in parts]
