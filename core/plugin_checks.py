"""Whether hosts can show and call what a plug-in brings."""

from __future__ import annotations

import difflib
import inspect
import json
import re
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from .backends import Backend
from .errors import PluginError
from .exemplars.gallery import Exemplar
from .families import COMMON, Family
from .filter import Filter, about, describe
from .names import is_safe_name
from .plain import plain
from .strangers import reason

_REFERENCE = re.compile(r"|[A-Za-z_][\w.]*:[A-Za-z_]\w*")
_RESERVED = ("export",)
_TAKEN = {
    *("photos", "style", "out", "vgg", "preset", "preset_name", "start_from", "set", "changes", "seed", "help"),
    *("checkpoint_every", "sample_every", "keep", "minutes", "resume", "threads"),
}
"""Options that every training has."""
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def check_class(kind: Any, plugin: str) -> None:
    """Whether it is a filter with a name, a title and all its methods.

    Raises:
        PluginError: it is not.
    """
    if not (isinstance(kind, type) and issubclass(kind, Filter)):
        raise PluginError(f"senga_filters gave {kind!r}, which is not a Filter class", plugin)
    if not (isinstance(getattr(kind, "name", None), str) and _NAME.fullmatch(kind.name) and hasattr(kind, "title")):
        raise PluginError(f"{kind.__name__} needs a title and a name in lower case with dashes", plugin)
    if inspect.isabstract(kind):
        raise PluginError(f"{kind.__name__} lacks {', '.join(sorted(kind.__abstractmethods__))}", plugin)


def check_brushes(brushes: Iterable[Any]) -> None:
    """Whether all are brushes.

    Raises:
        TypeError: one is not.
    """
    for brush in brushes:
        if not isinstance(getattr(brush, "name", None), str):
            raise TypeError(f"it gave {type(brush).__name__}, which is no Brush")


def check_exemplars(exemplars: Iterable[Any]) -> None:
    """Whether all are exemplars that can be named.

    Raises:
        TypeError: one is not.
    """
    for exemplar in exemplars:
        if not isinstance(exemplar, Exemplar):
            raise TypeError(f"it gave {type(exemplar).__name__}, which is no Exemplar")
        if not (isinstance(exemplar.name, str) and _NAME.fullmatch(exemplar.name) and isinstance(exemplar.file, Path)):
            raise TypeError(f"its exemplar {exemplar.name!r} needs a name in lower case with dashes, and a Path")


def check_backends(given: Iterable[Any], others: Iterable[tuple[Backend, str]]) -> None:
    """Whether all are back ends with names that nobody has taken.

    Raises:
        PluginError: one is not.
    """
    taken = {backend.name: plugin for backend, plugin in others}
    for backend in given:
        if not isinstance(backend, Backend):
            raise PluginError(f"it gave {type(backend).__name__}, which is no Backend")
        if not (isinstance(backend.name, str) and _NAME.fullmatch(backend.name) and isinstance(backend.title, str)):
            raise PluginError(f"its back end {backend.name!r} needs a title and a name in lower case with dashes")
        if backend.name in taken:
            raise PluginError(f"its back end “{backend.name}” is also one of “{taken[backend.name] or 'its own'}”")
        if not (isinstance(backend.opener, str) and backend.opener and _REFERENCE.fullmatch(backend.opener)):
            raise PluginError(f"the back end “{backend.name}” needs package.module:NAME as its opener")
        taken[backend.name] = ""


def check_families(given: Iterable[Any], others: Iterable[tuple[Family, str]]) -> None:
    """Whether all are families of networks that can be listed, with names that nobody has taken.

    Raises:
        PluginError: one is not.
    """
    taken = {family.name: plugin for family, plugin in others}
    for family in given:
        if not isinstance(family, Family):
            raise PluginError(f"it gave {type(family).__name__}, which is no Family")
        if not (isinstance(family.name, str) and _NAME.fullmatch(family.name) and is_safe_name(family.name)):
            raise PluginError(f"its family {family.name!r} needs a name in lower case with dashes")
        if family.name in taken:
            raise PluginError(f"its family “{family.name}” is also a family of “{taken[family.name] or 'its own'}”")
        _check_family(family)
        taken[family.name] = ""


def _check_family(family: Family) -> None:
    if family.name in _RESERVED:
        raise PluginError(f"its family needs another name than “{family.name}”")
    texts = (family.title, family.converter, family.network, family.presets, family.trainer)
    if not all(isinstance(text, str) for text in (*texts, *family.architectures, *family.folders.values())):
        raise PluginError(f"the family “{family.name}” has something else where a text belongs")
    wrong = [text for text in texts[1:] if not _REFERENCE.fullmatch(text)]
    if wrong:
        raise PluginError(f"the family “{family.name}” says “{wrong[0]}” where package.module:NAME belongs")
    if not (family.models is None or isinstance(family.models, Path)):
        raise PluginError(f"the list of models of the family “{family.name}” must be a Path")
    if not (family.facts is None or (isinstance(family.facts, type) and issubclass(family.facts, BaseModel))):
        raise PluginError(f"the facts of the family “{family.name}” must be a pydantic class")
    if family.facts is not None and (common := COMMON & family.facts.model_fields.keys()):
        raise PluginError(f"the facts of the family “{family.name}” have “{min(common)}”, which every card can have")
    if not all(name.isidentifier() and name not in _TAKEN for name in family.folders):
        raise PluginError(f"the family “{family.name}” has a folder whose name is none")


def check_texts(kind: type[Filter], plugin: str) -> None:
    """Whether hosts can show the filter and its settings: each asks all filters, so one that fails would spoil all."""
    try:
        if not (isinstance(kind.title, str) and isinstance(kind.summary, str)):
            raise TypeError("its title and summary must be text")
        if not (kind.locale is None or isinstance(kind.locale, Path)):
            raise TypeError("its locale must be a Path")
        if not (isinstance(kind.families, tuple) and all(isinstance(name, str) for name in kind.families)):
            raise TypeError("its families must be a tuple of names")
        about(kind)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of defaults that JSON cannot hold: they are shown as automatic
            describe(kind)
            json.dumps(kind.model_json_schema())
    except Exception as error:
        raise PluginError(f"the settings of {kind.__name__} cannot be described ({reason(error)})", plugin) from error


def wrong_settings(error: ValidationError, kind: type[Filter]) -> str:
    """What is wrong with the settings of a filter, as half a sentence."""
    first = error.errors()[0]
    said = (first["msg"][0].lower() + first["msg"][1:]).removeprefix("value error, ")
    if not first["loc"]:  # the filter itself compared several
        return f"{said.removesuffix('.')}."
    name, *rest = first["loc"]
    if first["type"] == "extra_forbidden":
        near = difflib.get_close_matches(str(name), kind.model_fields, 1)
        hint = f", did you mean “{near[0]}”?" if near else "."
        return f"there is no setting “{name}”{hint}"
    item = next((part + 1 for part in rest if isinstance(part, int)), None)
    if first["type"] == "missing" and item:
        return f"the setting “{name}” lacks item {item}."
    given = plain(repr(first["input"]), 100)
    if item:
        return f"item {item} of the setting “{name}” is {given}, but {said}."
    return f"the setting “{name}” is {given}, but {said}."
