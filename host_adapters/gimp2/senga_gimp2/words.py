# -*- coding: utf-8 -*-
# Python 2.7, and types in comments: the codes below would have it rewritten into what Python 2.7 does not know.
# ruff: noqa: B904, B905, F401, PTH100, PTH118, PTH120, RUF005, RUF007, RUF046, RUF100, SIM115
# ruff: noqa: UP004, UP006, UP007, UP009, UP010, UP018, UP020, UP024, UP032, UP035
"""Text between GIMP, which on Python 2 speaks bytes in UTF-8, and the plug-in, which speaks text."""

from __future__ import absolute_import, unicode_literals

import re

MYPY = False  # a type checker takes it for True; Python 2.7 has no module typing
if MYPY:
    from typing import Dict, List, Optional, Union


_PLACE = re.compile(r"\{\d+\}")
_learned = {}  # type: Dict[str, str]
_languages = []  # type: List[str]


def learn(words, languages):
    # type: (Dict[str, str], List[str]) -> None
    """Speak another language: English words and what they are in it; the worker speaks the first that it can."""
    _learned.clear()
    _learned.update(words)
    _languages[:] = languages


def languages():
    # type: () -> str
    """The painter's languages as the worker takes them, best first."""
    return ":".join(_languages)[:200]


def say(words):
    # type: (str) -> str
    """English words in the painter's language, as far as it is known."""
    return _learned.get(words, words)


def sentence(text):
    # type: (str) -> str
    """A sentence with names or numbers in it; the longest pattern that fits, such as “{0} is gone.”, tells how."""
    patterns = sorted((word for word in _learned if _PLACE.search(word)), key=len, reverse=True)
    for pattern in patterns:
        found = re.match("(.*?)".join(re.escape(part) for part in _PLACE.split(pattern)) + r"\Z", text, re.DOTALL)
        if found:
            parts = [say(part) for part in found.groups()]
            return _PLACE.sub(lambda place: parts[int(place.group()[1:-1])], _learned[pattern])  # noqa: B023
    return say(text)


class Trouble(Exception):  # noqa: N818 - what a painter meets
    """Something a painter can mend: GIMP shows ``message`` as it is, and the picture is unchanged."""

    def __init__(self, message):
        # type: (str) -> None
        Exception.__init__(self, message)
        self.message = message


def native(text):
    # type: (str) -> str
    """Text as GIMP's modules take it: ``str`` on either Python."""
    return text if isinstance(text, str) else text.encode("utf-8")


def plain(text):
    # type: (Optional[Union[str, bytes]]) -> str
    """Text from GIMP; nothing is the empty text."""
    if text is None:
        return ""
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else text


def spoken(error):
    # type: (BaseException) -> str
    """What an error says."""
    return plain(getattr(error, "message", "") or str(error))
