"""Texts in the painter's language, from gettext catalogues.

Code speaks English, and a host translates where it shows: labels and help by ``tr``, and whatever filters say while
they run (notes of their progress, sentences of their errors) by ``sentence``. So logs and reports of failures stay
English, and one worker serves clients of several languages.

>>> tr("Pencil sketch", language="ja")
'鉛筆スケッチ'
>>> sentence("There is no filter “sketsh”: did you mean “sketch”?", language="zh_CN")
'没有名为“sketsh”的滤镜：您是不是要找“sketch”？'
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path

DOMAIN = "senga"
FOLDER = Path(__file__).with_name("locale")
VARIABLES = ("SENGA_LANGUAGE", "LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
"""The first of these that is set names the language; ``LANGUAGE`` may list several, separated by colons."""

CONTEXT = "\x04"
"""What catalogues write between the context of a text and the text."""

_ENGLISH = {"C", "POSIX", "en"}
_TRADITIONAL = {"Hant", "TW", "HK", "MO"}
_LONGEST = 1000
_DEEPEST = 4
_PLACE = re.compile(r"\{\d+\}")
_chosen: ContextVar[str] = ContextVar("language", default="")
_folders: dict[str, Path] = {DOMAIN: FOLDER}


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Everything inside, in this thread, is in ``language``; an empty one leaves it to the environment."""
    before = _chosen.set(language)
    try:
        yield
    finally:
        _chosen.reset(before)


def wanted(language: str = "") -> tuple[str, ...]:
    """The names under which to look for catalogues, best first; none for English.

    Args:
        language: ``ja``, ``zh_CN.UTF-8``, ``zh-Hans``, ``de:ja`` …; empty for the one that was chosen by ``speaking``
            or by the environment.
    """
    return _names(language or _chosen.get() or next(filter(None, map(os.environ.get, VARIABLES)), ""))


@lru_cache(64)
def _names(wish: str) -> tuple[str, ...]:
    found: list[str] = []
    for name in filter(None, wish.split(":")):
        parts = re.split(r"[-_]", re.split(r"[.@]", name)[0])
        if parts[0] in _ENGLISH:
            break
        found += _spellings(parts[0].lower(), [part.upper() if len(part) == 2 else part.title() for part in parts[1:]])
    return tuple(dict.fromkeys(found))


def _spellings(language: str, rest: list[str]) -> list[str]:
    """How catalogues may call a language of a script and a region."""
    exact = "_".join([language, *rest])
    if language != "zh":
        return [exact, language]
    return [exact, "zh_TW"] if _TRADITIONAL & set(rest) else [exact, "zh_CN", "zh"]


def available() -> tuple[str, ...]:
    """The languages that Senga itself speaks."""
    return ("en", *sorted(path.parts[-3] for path in FOLDER.glob(f"*/LC_MESSAGES/{DOMAIN}.mo")))


def bind(domain: str, folder: Path) -> None:
    """Make the catalogues ``folder/<language>/LC_MESSAGES/<domain>.mo`` known."""
    if _folders.get(domain) != folder:
        _folders[domain] = folder
        for cached in (_catalogue, _patterns, _said):
            cached.cache_clear()


def tr(text: str, *, domain: str = DOMAIN, context: str = "", language: str = "") -> str:
    """A text in the painter's language, or as it is where no catalogue has it.

    Args:
        text: English.
        domain: whose catalogues are asked first; Senga's own come second.
        context: tells apart texts that are equal in English only.
        language: as ``wanted`` takes it.
    """
    languages = wanted(language)
    if not languages or not text:
        return text
    key = f"{context}{CONTEXT}{text}" if context else text
    for name in dict.fromkeys((domain, DOMAIN)):
        found = _catalogue(name, languages).get(key)
        if found:
            return found
    return text


def sentence(text: str, *, language: str = "") -> str:
    """What a filter said while it ran, in the painter's language.

    A sentence with a name or number in it is recognised by the pattern in a catalogue (``{0} is empty; copy it
    again.``), and what stands in the places is translated in the same way if it is a sentence too. The catalogues of
    all plug-ins are asked.
    """
    languages = wanted(language)
    if not languages or len(text) > _LONGEST:
        return text
    return _said(text, languages, _DEEPEST) or text


@lru_cache(256)
def _said(text: str, languages: tuple[str, ...], depth: int) -> str:
    """A sentence, and to a depth what it quotes, in one of these languages; nothing if no catalogue knows it."""
    if not text or not depth:
        return ""
    for domain in _folders:
        found = _catalogue(domain, languages).get(text)
        if found:
            return found
        for pattern, translation in _patterns(domain, languages):
            match = pattern.fullmatch(text)
            if match:
                parts = [_said(part, languages, depth - 1) or part if " " in part else part for part in match.groups()]
                return _PLACE.sub(lambda place: parts[int(place[0][1:-1])], translation)  # noqa: B023 - used at once
    head, colon, tail = text.partition(": ")  # what a sentence is about is often put before it
    told = _said(tail, languages, depth - 1) if colon else ""
    return f"{_said(head, languages, depth - 1) or head}: {told}" if told else ""


@lru_cache(64)
def _patterns(domain: str, languages: tuple[str, ...]) -> tuple[tuple[re.Pattern[str], str], ...]:
    """The sentences with places, those with most words first."""
    catalogue = _catalogue(domain, languages)
    found = [text for text in catalogue if _PLACE.search(text) and CONTEXT not in text and _fits(text, catalogue[text])]
    found.sort(key=lambda text: len(_PLACE.sub("", text)), reverse=True)
    return tuple((pattern_of(text), catalogue[text]) for text in found)


def pattern_of(text: str) -> re.Pattern[str]:
    """The expression that a text with the places ``{0}``, ``{1}`` … stands for."""
    return re.compile("(.*?)".join(map(re.escape, _PLACE.split(text))), re.DOTALL)


def _fits(text: str, translation: str) -> bool:
    """Whether a translation has the places of its text; a stranger's may not."""
    return sorted(_PLACE.findall(text)) == sorted(_PLACE.findall(translation))


@lru_cache(64)
def _catalogue(domain: str, languages: tuple[str, ...]) -> Mapping[str, str]:
    """The first catalogue of a domain in one of these languages; none if it is damaged."""
    for language in languages:
        path = _folders[domain] / language / "LC_MESSAGES" / f"{domain}.mo" if domain in _folders else None
        if path and path.is_file():
            try:
                return read_catalogue(path.read_bytes())
            except (OSError, ValueError, struct.error):
                return {}
    return {}


def read_catalogue(data: bytes) -> dict[str, str]:
    """The texts of a compiled catalogue (``.mo``), each with its translation, of plurals the first form.

    The gettext of the standard library reads them too, but it does not hand out the texts, which ``sentence`` needs.

    Raises:
        ValueError: it is none, or not in UTF-8.
        struct.error: it is cut off.
    """
    order = {b"\xde\x12\x04\x95": "<", b"\x95\x04\x12\xde": ">"}.get(data[:4])
    if order is None:
        raise ValueError("this is no compiled catalogue")
    count, texts, translations = struct.unpack_from(f"{order}3I", data, 8)

    def read(table: int, index: int) -> str:
        length, start = struct.unpack_from(f"{order}2I", data, table + 8 * index)
        if start + length > len(data):
            raise ValueError("the catalogue is cut off")
        return data[start : start + length].split(b"\0")[0].decode("utf-8")

    return {read(texts, index): read(translations, index) for index in range(count)}
