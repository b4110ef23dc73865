"""What a worker tells a painter: whatever a plug-in or a message says, it becomes one plain and short line."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from typing import Any

from senga.language import sentence
from senga.plain import plain

Message = dict[str, Any]
LONGEST = 1000
"""Characters of a sentence: a plug-in may quote a whole recipe."""
_DEEPEST = 4


def failure(message: str, language: str = "en") -> Message:
    """The message that tells a client what went wrong, in its language."""
    return {"event": "error", "message": line(message, language)}


def line(text: object, language: str) -> str:
    """One line in a language, of at most ``LONGEST`` letters."""
    return plain(sentence(plain(text, 2 * LONGEST).strip(), language=language), LONGEST)


def words_of(error: BaseException) -> str:
    """What an exception says; one of a plug-in may raise another when it is asked, or say far too much."""
    try:
        return str.__str__(str(error))[: 4 * LONGEST]
    except BaseException:  # whatever it raises instead
        return "it cannot say why"


def name_of(error: BaseException) -> str:
    """The kind of an exception, and what it says."""
    return f"{type(error).__name__[:100]}: {words_of(error)}"


def trace(error: BaseException) -> str:
    """An exception and those that led to it, for the log."""
    return "".join(reversed([*_traces(error)]))[-20 * LONGEST :]


def _traces(error: BaseException | None) -> Iterator[str]:
    for _ in range(_DEEPEST):
        if error is not None:
            yield "".join(traceback.format_tb(error.__traceback__, -20)) + name_of(error)[:LONGEST] + "\n"
            error = error.__cause__ or error.__context__
