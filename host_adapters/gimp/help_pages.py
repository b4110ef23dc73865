"""The pages that GIMP's Help buttons open: what each filter does, and its settings, in every language there is."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

from senga.language import tr

Facts = dict[str, Any]
SUFFIXES = ("", "-all")
"""Of procedures of one filter: GIMP 2.10 has a second one with all settings."""
_PAGE = """<!DOCTYPE html>
<html lang="{language}"><head><meta charset="utf-8"><title>Senga</title>
<style>body {{ font: 16px/1.5 sans-serif; max-width: 48em; margin: 2em auto; padding: 0 1em }}
td, th {{ text-align: left; vertical-align: top; padding: .2em 1em .2em 0 }} h2 {{ margin-top: 2em }}</style>
</head><body><h1>Senga</h1>
{body}
</body></html>
"""


def help_files(manifest: Facts, prefix: str) -> dict[str, bytes]:
    """Name below the folder of the help -> contents: for each language a page, and what leads GIMP to its parts.

    Args:
        manifest: of the plug-in.
        prefix: of the names of procedures.
    """
    files: dict[str, bytes] = {}
    for language in ["en", *manifest["words"]]:
        filters = [one | one["translated"].get(language, {}) for one in manifest["filters"]]
        files[f"{language}/index.html"] = _page(filters, language).encode()
        files[f"{language}/gimp-help.xml"] = _map(filters, prefix).encode()
    return files


def _page(filters: list[Facts], language: str) -> str:
    parts = [part for one in filters for part in _filter(one)]
    for title, text in _common():
        parts.append(f"<p><b>{escape(tr(title, language=language))}</b>: {escape(tr(text, language=language))}</p>")
    return _PAGE.format(language=language, body="\n".join(parts))


def _common() -> list[tuple[str, str]]:
    """What every dialog has below the settings."""
    recipe = "Applies the filters of a recipe one after the other: a TOML file as “senga run --recipe” takes it."
    place = "Where the result goes; animations and other sizes become a new image, separate layers a group above."
    return [
        ("Strength", "0 keeps the picture, 1 is the filter's result."),
        ("Keep the original colours", "Only the lightness changes."),
        ("Result", place),
        ("Run recipe", recipe),
    ]


def _filter(one: Facts) -> Iterator[str]:
    yield f'<h2 id="{escape(one["name"])}">{escape(one["title"])}</h2>'
    yield f"<p>{escape(one['summary'])}</p>"
    settings = one["settings"].values() if isinstance(one["settings"], dict) else one["settings"]
    rows = [f"<tr><th>{escape(each['label'])}</th><td>{escape(each['text'])}</td></tr>" for each in settings]
    yield f"<table>{''.join(rows)}</table>"


def _map(filters: list[Facts], prefix: str) -> str:
    """Which part of the page belongs to which procedure."""
    items = [
        f'<help-item id="{escape(prefix + one["name"] + suffix)}" title="{escape(one["title"])}" '
        f'ref="index.html#{escape(one["name"])}"/>'
        for one in filters
        for suffix in SUFFIXES
    ]
    items += [
        f'<help-item id="{prefix}run-recipe" title="Senga" ref="index.html"/>',
        '<help-missing ref="index.html"/>',
    ]
    lines = "\n".join(f" {item}" for item in items)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<gimp-help>\n{lines}\n</gimp-help>\n'
