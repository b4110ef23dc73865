"""What the plug-in itself says, in the painter's language; the worker speaks it by itself."""

from __future__ import annotations

import re

_PLACE = re.compile(r"\{\d+\}")
_known: dict[str, str] = {}
_languages: list[str] = []


def learn(words: dict[str, str], languages: list[str]) -> None:
    """Use these translations from now on; the worker is asked to speak the first of these languages that it can."""
    _known.update(words)
    _languages[:] = languages


def languages() -> str:
    """The painter's languages as the worker takes them, best first."""
    return ":".join(_languages)[:200]


def say(word: str) -> str:
    """A word in the painter's language, or as it is."""
    return _known.get(word, word)


def sentence(text: str) -> str:
    """A sentence with names or numbers in it; the longest pattern that fits, such as “{0} is gone.”, tells how."""
    patterns = sorted((word for word in _known if _PLACE.search(word)), key=len, reverse=True)
    for pattern in patterns:
        found = re.fullmatch("(.*?)".join(map(re.escape, _PLACE.split(pattern))), text, re.DOTALL)
        if found:
            parts = [say(part) for part in found.groups()]
            return _PLACE.sub(lambda place: parts[int(place[0][1:-1])], _known[pattern])  # noqa: B023 - used at once
    return say(text)
