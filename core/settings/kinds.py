"""How settings of each kind are typed and carried."""

from __future__ import annotations

import json
import math
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from .colours import colour_of

MOST_ITEMS = 100_000
"""Points or items of a list: more is no longer typed by anybody, and would make pydantic slow."""


class Kind(ABC):
    """How settings of one kind are typed and carried.

    Attributes:
        name: in ``KINDS``.
        noun: what stands for a value in a usage line.
        argument: see ``SettingInfo``.
    """

    name: ClassVar[str]
    noun: ClassVar[str] = "TEXT"
    argument: ClassVar[str] = "text"

    @abstractmethod
    def read(self, text: str, items: str = "") -> Any:
        """What was typed, as JSON has it; ``items`` is the kind of the items of a list.

        Raises:
            ValueError: with half a sentence that says what it should be.
        """

    def typed(self, value: Any) -> str:
        """A value as it is typed; empty for None."""
        return "" if value is None else str(value)


class _Text(Kind):
    def __init__(self, name: str, noun: str = "TEXT", argument: str = "text") -> None:
        self.name, self.noun, self.argument = name, noun, argument  # type: ignore[misc]

    def read(self, text: str, items: str = "") -> str:
        return text


class _Whole(Kind):
    noun = "NUMBER"
    argument = "int"

    def __init__(self, name: str) -> None:
        self.name = name  # type: ignore[misc]

    def read(self, text: str, items: str = "") -> int:
        try:
            return int(text)
        except ValueError:
            raise ValueError(f"{text.strip()!r} is no whole number") from None


class _Real(Kind):
    name, noun, argument = "float", "NUMBER", "float"

    def read(self, text: str, items: str = "") -> float:
        try:
            value = float(text)
        except ValueError:
            raise ValueError(f"{text.strip()!r} is no number") from None
        if not math.isfinite(value):
            raise ValueError(f"{text.strip()!r} is no number")
        return value

    def typed(self, value: Any) -> str:
        return "" if value is None else repr(float(value)).removesuffix(".0")


class _Switch(Kind):
    name, noun, argument = "bool", "yes|no", "bool"
    _WORDS: ClassVar[Mapping[str, bool]] = dict.fromkeys(("yes", "true", "on", "1"), True) | dict.fromkeys(
        ("no", "false", "off", "0"), False
    )

    def read(self, text: str, items: str = "") -> bool:
        try:
            return self._WORDS[text.strip().lower()]
        except KeyError:
            raise ValueError(f"{text.strip()!r} is neither yes nor no") from None

    def typed(self, value: Any) -> str:
        return "" if value is None else "yes" if value else "no"


class _Colour(Kind):
    name, noun, argument = "colour", "#RRGGBB", "colour"

    def read(self, text: str, items: str = "") -> str:
        return colour_of(text)

    def typed(self, value: Any) -> str:
        """Always with digits: names of colours differ between programs."""
        return "" if value is None else colour_of(value)


class _List(Kind):
    """Items separated by commas; a JSON array is understood too, for texts with commas in them."""

    name, noun = "list", "A,B,…"

    def read(self, text: str, items: str = "") -> list[Any]:
        word = text.strip()
        if not word:
            return []
        if word.startswith("["):
            return _array(word)
        return _each(KINDS[items or "text"].read, [part.strip() for part in _few(word.split(","))])

    def typed(self, value: Any) -> str:
        if any(isinstance(item, str) and re.search(r"[,\[\"]|^\s|\s$|^$", item) for item in value or ()):
            return json.dumps(list(value), ensure_ascii=False)
        return ", ".join(KINDS["float"].typed(item) if isinstance(item, float) else str(item) for item in value or ())


class _Points(Kind):
    """Pairs of numbers; a JSON array of pairs is understood too."""

    name, noun = "points", "X,Y; X,Y; …"

    def read(self, text: str, items: str = "") -> list[Any]:
        word = text.strip()
        if word.startswith("["):
            return _array(word)
        return _each(self._pair, [part for part in _few(word.rstrip("; ").split(";")) if part.strip()])

    def _pair(self, text: str) -> list[float]:
        parts = [part for part in re.split(r"[,\s]+", text.strip()) if part]
        if len(parts) != 2:
            raise ValueError(f"{text.strip()!r} is no point: two numbers from 0 to 1, such as 0.25,0.5")
        return [KINDS["float"].read(part) for part in parts]

    def typed(self, value: Any) -> str:
        return "; ".join(",".join(KINDS["float"].typed(part) for part in pair) for pair in value or ())


def _each(read: Callable[[str], Any], parts: list[str]) -> list[Any]:
    """Every part read; a wrong one is counted."""
    found = []
    for number, part in enumerate(parts, start=1):
        try:
            found.append(read(part))
        except ValueError as error:
            raise ValueError(f"in item {number}, {error}") from error
    return found


def _few(parts: list[str]) -> list[str]:
    if len(parts) > MOST_ITEMS:
        raise ValueError(f"there are more than {MOST_ITEMS} items")
    return parts


def _array(text: str) -> list[Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list):
        raise ValueError("input should be items separated by commas")
    return found


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        _Whole("int"),
        _Whole("seed"),
        _Real(),
        _Switch(),
        _Text("choice", "NAME", "choice"),
        _Text("text"),
        _Text("model", "NAME"),
        _Colour(),
        _Points(),
        _List(),
        _Text("file", "FILE", "file"),
        _Text("picture", "PICTURE", "picture"),
        _Text("mask", "PICTURE", "picture"),
    )
}
"""Every kind by its name."""
