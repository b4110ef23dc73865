"""By what the ledger knows inputs and settings again: their content, never their names."""

from __future__ import annotations

import hashlib
import inspect
import json
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

from senga.errors import SettingsError
from senga.filter import Filter
from senga.job import Job
from senga.registry import Plugins
from senga.settings import KINDS, SettingInfo, kinds_of
from senga.store.model_file import content_digest

from .facts import facts_of
from .films import codec_of
from .invocation import Invocation
from .second import SecondPictures

_OF_PIXELS = ("format", "quality", "metadata", "alternatives", "device", "engine", "precision")
"""The options on which the bytes of a result depend, besides how it is blended."""
_OF_FILMS = ("preview", "steady", "boil")
"""The same of films; as long as they are not used, results of older versions count."""


def task_digest(invocation: Invocation, known: Plugins, second: SecondPictures) -> str:
    """Equal for equal results: filters with their settings, versions and weights, and how results are written."""
    options, blend = invocation.options, second.work.blend
    job = known.equip(Job(precision=options["precision"]))
    told = {
        "senga": version("senga"),
        "steps": [
            {"strength": step.strength, "keep_colors": step.keep_colors, **_told(act, known, second, job)}
            for step, act in invocation.recipe.made(known)
        ],
        "blend": [blend.feather, blend.strength, blend.keep_colors],
        "selection": _content(options["selection"]) if options["selection"] else "",
        "options": {name: options[name] for name in _OF_PIXELS},
        **{name: options[name] for name in _OF_FILMS if options.get(name)},
        **({} if codec_of(options) == "auto" else {"codec": codec_of(options)}),
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()


def _told(act: Filter, known: Plugins, second: SecondPictures, job: Job) -> dict[str, Any]:
    origin = origin_of(act.name, known)
    job = known.offered(type(act), job)
    settings = {info.name: _value(getattr(act, info.name), info, job, second) for info in kinds_of(type(act)).values()}
    return {"filter": act.name, "origin": origin, "code": code_of(type(act)), "settings": settings}


def _value(value: Any, info: SettingInfo, job: Job, second: SecondPictures) -> Any:
    if not value:
        return value
    if info.kind == "model":
        weights = job.weights(value)
        return [value, content_digest(weights.arrays, weights.card)]
    if KINDS[info.kind].argument in ("file", "picture") and isinstance(value, str):
        shared = second.shared(value)
        return value if shared is None else shared or _content(value)
    return value


def origin_of(name: str, known: Plugins) -> str:
    """The package of a filter, with its version."""
    owner = known.owner(name)
    return known.known[owner].origin if owner in known.known else ""


def code_of(kind: type[Filter]) -> str:
    """The digest of the file in which a filter is written: not every change comes with another version."""
    with suppress(OSError, TypeError):
        return facts_of(Path(inspect.getfile(kind))).content
    return ""


def _content(path: str) -> str:
    found = facts_of(Path(path)).content
    if not found:
        raise SettingsError(f"There is no file “{path}” that can be read.")
    return found
