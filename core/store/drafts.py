"""Draft forms: small networks that paint like a style, quickly and not quite as well, for previews and drafts.

A draft form is a model like any other. Its card says ``draft_of``: the short or full name of a style of its family.
"""

from __future__ import annotations

from collections.abc import Iterable

from .catalog import ModelEntry


def draft_form(style: ModelEntry, entries: Iterable[ModelEntry]) -> ModelEntry | None:
    """The draft form of a style that can be used now, one of the user's before one that comes with Senga.

    Args:
        style: any style.
        entries: all models.
    """
    names = {style.name, style.full_name}
    own = [each for each in entries if each.draft_of in names and each.family == style.family and each.file is not None]
    return min(own, key=lambda each: each.shipped, default=None)


def without_drafts(entries: Iterable[ModelEntry]) -> list[ModelEntry]:
    """The styles among models."""
    return [entry for entry in entries if not entry.draft_of]
