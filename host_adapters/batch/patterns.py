"""Patterns of names, as shells and version control know them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePath

_MAGIC = re.compile(r"[*?\[]")


def is_pattern(text: str) -> bool:
    """Whether it stands for names rather than being one."""
    return bool(_MAGIC.search(text))


def fixed_part(pattern: str) -> tuple[str, str]:
    """The folder before the first wildcard, and the rest."""
    parts = PurePath(pattern).parts
    number = next(i for i, part in enumerate(parts) if is_pattern(part))
    return str(PurePath(*parts[:number])), "/".join(parts[number:])


class Patterns:
    """Whether a path, seen from the folder that was named, fits one of several patterns.

    ``*.jpg`` fits a name in any folder, ``raw`` a folder with all in it, ``2024/*.jpg`` the path from the start; ``**``
    stands for any number of folders.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        self._rules = [_compiled(pattern) for pattern in patterns]

    def __bool__(self) -> bool:
        return bool(self._rules)

    def fit(self, path: PurePath) -> bool:
        """Whether one of them fits the path or a folder above it."""
        text = path.as_posix()
        return any(rule.fullmatch(text) for rule in self._rules)


def _compiled(pattern: str) -> re.Pattern[str]:
    text = pattern.replace("\\", "/") if "\\" in pattern and "/" not in pattern and not is_pattern(pattern) else pattern
    text = text.removeprefix("./").rstrip("/")
    anywhere = "" if "/" in text else "(?:.*/)?"
    return re.compile(f"{anywhere}{_expression(text)}(?:/.*)?", re.S)


def exact(pattern: str) -> re.Pattern[str]:
    """What a whole path must look like that a wildcard on the command line stands for."""
    return re.compile(_expression(pattern), re.S)


def _expression(text: str) -> str:
    found, at = "", 0
    while at < len(text):
        if text.startswith("**/", at):
            found, at = f"{found}(?:[^/]+/)*", at + 3
        elif text.startswith("**", at):
            found, at = f"{found}.*", at + 2
        elif text[at] == "*":
            found, at = f"{found}[^/]*", at + 1
        elif text[at] == "?":
            found, at = f"{found}[^/]", at + 1
        elif text[at] == "[" and (end := text.find("]", at + 2)) > 0:
            inside = text[at + 1 : end].replace("\\", "\\\\")
            inside = f"^/{inside[1:]}" if inside[0] in "!^" else inside
            found, at = f"{found}[{inside}]", end + 1
        else:
            found, at = found + re.escape(text[at]), at + 1
    return found
