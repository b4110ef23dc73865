"""What dialogs and menus say beside the texts of filters, in the painter's language."""

from __future__ import annotations

_known: dict[str, str] = {}


def learn(words: dict[str, str]) -> None:
    """Use these translations from now on."""
    _known.update(words)


def say(word: str) -> str:
    """A word in the painter's language, or as it is."""
    return _known.get(word, word)
