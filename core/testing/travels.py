"""Questions about settings: what a host types, saves or sends must come back as the same filter."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from senga.filter import Filter
from senga.recipe import Recipe, Step
from senga.settings import KINDS, SettingInfo, kinds_of

from .bench import Bench
from .promises import Check

_PATH = "picture.png"
"""Stands for second pictures, which travel as paths."""


def _travels(bench: Bench) -> None:
    """Typed in an option or a dialog, as JSON to the worker and to GIMP, as TOML in a recipe."""
    act, kind = _on_paper(bench.act), type(bench.act)
    settings = json.loads(act.model_dump_json())
    _same(act, settings, "JSON")
    step = Step(filter=getattr(kind, "name", "filter"), settings=act.model_dump(mode="json"))
    _same(act, Recipe.parse(Recipe(steps=(step,)).toml()).steps[0].settings, "a recipe")
    for name, info in kinds_of(kind).items():
        if settings[name] is not None:
            _same(act, settings | {name: _typed(info, settings[name])}, f"typed text, in the setting “{name}”")


def _typed(info: SettingInfo, value: Any) -> Any:
    text = KINDS[info.kind].typed(value)
    try:
        return KINDS[info.kind].read(text, info.items)
    except ValueError as error:
        raise AssertionError(f"the setting “{info.name}” cannot be typed: {error}") from error


def _same(act: Filter, settings: Mapping[str, Any], way: str) -> None:
    try:
        again = type(act)(**settings)
    except ValueError as error:
        raise AssertionError(f"settings are refused after their way through {way}: {error}") from error
    assert again.model_dump() == act.model_dump(), f"settings change on their way through {way}"


def _on_paper(act: Filter) -> Filter:
    """The filter with paths in place of pictures."""
    given = {name for name, info in kinds_of(type(act)).items() if info.is_picture and getattr(act, name) is not None}
    return act.model_copy(update=dict.fromkeys(given, _PATH))


TRAVELS: dict[str, Check] = {"travels": _travels}
