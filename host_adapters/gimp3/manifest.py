"""What the plug-in knows of Senga without importing it: filters, settings, and which Python holds them."""

from __future__ import annotations

import importlib.metadata
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from senga.filter import Filter, describe
from senga.registry import Plugins, plugins
from senga.strokes.brush import BUILTIN_BRUSHES

FORMAT = 1


def make_manifest(known: Plugins | None = None) -> dict[str, Any]:
    """The manifest of every loaded filter, third-party ones too; a broken plug-in is left out and named."""
    known = known or plugins()
    return {
        "format": FORMAT,
        "senga": importlib.metadata.version("senga"),
        "python": sys.executable,
        "filters": [_filter_facts(kind, known) for kind in known.filters.values()],
        "broken": [f"{plugin.name}: {plugin.problem}" for plugin in known.known.values() if plugin.state == "broken"],
    }


def _filter_facts(kind: type[Filter], known: Plugins) -> dict[str, Any]:
    return {
        "name": kind.name,
        "title": kind.title,
        "summary": kind.summary,
        "origin": known.known[known.owner(kind.name)].origin,
        "neural": kind.models is not None,
        "settings": [asdict(info) | {"suggestions": _suggestions(kind, info.name, known)} for info in describe(kind)],
    }


def _suggestions(kind: type[Filter], setting: str, known: Plugins) -> list[tuple[str, str]]:
    """Values worth a menu where any text is allowed, each with its label: usable styles, and brushes."""
    if setting == "style" and kind.models is not None:
        return [(entry.name, entry.title or entry.name) for entry in known.store().entries() if entry.file is not None]
    if setting == "brush":
        return [(brush.name, brush.title) for brush in (*BUILTIN_BRUSHES, *known.brushes())]
    return []


def source_folder() -> Path:
    """Where the files that run inside GIMP lie."""
    return Path(__file__).parent
