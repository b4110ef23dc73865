"""What the plug-in knows of Senga without importing it: filters, settings, and which Python holds them."""

from __future__ import annotations

import importlib.metadata
import sys
from dataclasses import asdict
from typing import Any

from senga.exemplars.gallery import built_in, portraits
from senga.filter import Filter, about, domain_of
from senga.language import available, tr
from senga.plain import plain
from senga.registry import Plugins, plugins
from senga.settings import SettingInfo, describe
from senga.strokes.brush import BUILTIN_BRUSHES

from .thumbnails import named, pictures_of_choices
from .words import SENTENCES, WORDS

FORMAT = 1


def make_manifest(known: Plugins | None = None) -> dict[str, Any]:
    """The manifest of every loaded filter, third-party ones too; a broken plug-in is left out and named."""
    known = known or plugins()
    kinds = list(known.filters.values())
    filters = [_filter_facts(kind, known) for kind in kinds]
    return {
        "format": FORMAT,
        "senga": importlib.metadata.version("senga"),
        "python": sys.executable,
        "pictures": named(filters),
        "filters": filters,
        "broken": [f"{plugin.name}: {plugin.problem}" for plugin in known.known.values() if plugin.state == "broken"],
        "words": {name: {word: tr(word, language=name) for word in (*WORDS, *SENTENCES)} for name in _languages(kinds)},
    }


def _languages(kinds: list[type[Filter]]) -> list[str]:
    """Every language that Senga or a filter speaks, but English."""
    folders = [kind.locale for kind in kinds if kind.locale is not None]
    found = {path.parts[-3] for folder in folders for path in folder.glob("*/LC_MESSAGES/*.mo")}
    return sorted((found | set(available())) - {"en"})


def _filter_facts(kind: type[Filter], known: Plugins) -> dict[str, Any]:
    settings = [
        asdict(info)
        | {"suggestions": _suggestions(kind, info, known), "pictures": pictures_of_choices(kind, info, known)}
        for info in describe(kind, "en")
    ]
    return {
        "name": kind.name,
        "origin": known.known[known.owner(kind.name)].origin,
        "neural": bool(known.families_of(kind)),
        "settings": settings,
        **asdict(about(kind, "en")),
        "translated": {name: _translation(kind, name, settings) for name in _languages([kind])},
    }


def _translation(kind: type[Filter], language: str, known: list[dict[str, Any]]) -> dict[str, Any]:
    """The texts of a filter in another language; ``known`` are its settings in English."""
    domain = domain_of(kind)
    titles = {
        setting["name"]: [
            (value, tr(title, domain=domain, language=language)) for value, title in setting["suggestions"]
        ]
        for setting in known
    }
    settings = {
        info.name: {
            "label": info.label,
            "text": info.text,
            "unit": info.unit,
            "labels": info.labels,
            "suggestions": titles[info.name],
        }
        for info in describe(kind, language)
    }
    return {**asdict(about(kind, language)), "settings": settings}


def _suggestions(kind: type[Filter], info: SettingInfo, known: Plugins) -> list[tuple[str, str]]:
    """Values worth a menu where any text is allowed, each with its label: usable styles, brushes, exemplars."""
    if info.kind == "model" and (families := known.families_of(kind)):
        styles = known.styles_of(families).items()
        return [(name, plain(entry.title or name)) for name, entry in styles if entry.file is not None]
    if info.resources == "brushes":
        brushes = (*BUILTIN_BRUSHES, *known.brushes())
        return [(brush.name, plain(getattr(brush, "title", brush.name))) for brush in brushes]
    if info.resources == "exemplars":
        return [(each.name, plain(each.label)) for each in (*built_in(), *known.resources("exemplars"))]
    if info.resources == "portraits":
        return [(each.name, plain(each.label)) for each in portraits(known.resources("exemplars"))]
    return []
