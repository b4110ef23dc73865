"""What pictures need beside themselves: weights, and the files of settings, known by their digests and sent once.

A process that gets them keeps them in a folder of its user, ``cluster`` among what can be made again at any time, and
believes no file there whose digest is not the one in its name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from senga import hookimpl, places
from senga.atomic import place
from senga.errors import SengaError, SettingsError
from senga.filter import Filter
from senga.job import Job, Weights
from senga.recipe import Recipe, Step
from senga.registry import Plugins, plugins
from senga.settings import KINDS, SettingInfo, kinds_of
from senga.store.model_file import content_digest, encoded, read_model

from .endings import PIPE
from .facts import facts_of

_SENT = "senga-sent:"
"""What stands in a setting for a file that is sent, before its digest and ending."""
_DIGEST = re.compile(r"[0-9a-f]{64}")
_ROOM = 4_000_000_000
"""Bytes that are kept; what was used longest ago goes."""

Supplies = dict[str, Callable[[], bytes]]


@dataclass(frozen=True)
class Need:
    """Something that must be there.

    Attributes:
        digest: of its content; for weights, as the store counts it.
        style: the name of the style whose weights it is; empty for a file.
        network: which function knows the network of the weights.
        ending: of the file.
        drafts: the weights are for drafts, where a style may have a form of its own.
    """

    digest: str
    style: str = ""
    network: str = ""
    ending: str = ".safetensors"
    drafts: bool = False

    @property
    def path(self) -> Path:
        """Where it is kept."""
        return _folder() / f"{self.digest}{self.ending}"


def _folder() -> Path:
    return places.cache_folder() / "cluster"


# ---- on the machine that leads


def needs_of(recipe: Recipe, known: Plugins, job: Job, *, send: bool) -> tuple[Recipe, tuple[Need, ...], Supplies]:
    """The recipe as it can be followed elsewhere, what that needs, and who supplies it.

    Args:
        recipe: with paths as the user wrote them.
        known: finds filters and weights.
        job: says how exactly networks compute, and so with which weights.
        send: files of settings are sent; otherwise they get whole paths.

    Raises:
        SengaError: weights or a file are not there.
    """
    needs: list[Need] = []
    supplies: Supplies = {}
    steps = [
        _step(step, act, known.offered(type(act), known.equip(job)), send, needs, supplies)
        for step, act in recipe.made(known)
    ]
    return recipe.model_copy(update={"steps": tuple(steps)}).at(None), tuple(needs), supplies


def _step(step: Step, act: Filter, job: Job, send: bool, needs: list[Need], supplies: Supplies) -> Step:
    settings = dict(step.settings)
    for info in kinds_of(type(act)).values():
        value = getattr(act, info.name)
        if value and info.kind == "model":
            weights = job.weights(value)
            digest, drafts = content_digest(weights.arrays, weights.card), job.precision == "draft"
            need = Need(digest, value, weights.network, drafts=drafts)
            needs.append(need)
            supplies[need.digest] = lambda weights=weights: encoded(weights)  # type: ignore[misc]
        elif value and isinstance(value, str) and _is_path(value, info):
            settings[info.name] = _sent(value, needs, supplies) if send and "{" not in value else os.path.abspath(value)  # noqa: PTH100 - may be a template
    return step.model_copy(update={"settings": settings})


def _is_path(value: str, info: SettingInfo) -> bool:
    return value != PIPE and KINDS[info.kind].argument in ("file", "picture")


def _sent(value: str, needs: list[Need], supplies: Supplies) -> str:
    path = Path(value)
    digest = facts_of(path).content
    if not digest:
        raise SettingsError(f"There is no file “{path}” that can be read.")
    needs.append(Need(digest, ending=path.suffix))
    supplies[digest] = path.read_bytes
    return f"{_SENT}{digest}{path.suffix}"


# ---- where pictures are made


def lacking_of(needs: Iterable[Need]) -> tuple[str, ...]:
    """The digests of what is not here."""
    return tuple(dict.fromkeys(need.digest for need in needs if not _is_own(need) and not _is_kept(need)))


def _is_own(need: Need) -> bool:
    """Whether the store of this machine has these very weights under this name."""
    if not need.style:
        return False
    try:
        weights = plugins().store().load(need.style, draft=need.drafts)
    except SengaError:
        return False
    return content_digest(weights.arrays, weights.card) == need.digest


def _is_kept(need: Need) -> bool:
    if not need.style:
        return facts_of(need.path).content == need.digest
    try:
        weights = read_model(need.path, need.network)
    except SengaError:
        return False
    return content_digest(weights.arrays, weights.card) == need.digest


def take(need: Need, content: bytes) -> None:
    """Keep something that was sent.

    Raises:
        SettingsError: it is not what it is said to be, or cannot be kept.
    """
    if not _DIGEST.fullmatch(need.digest) or not re.fullmatch(r"|\.\w{1,20}", need.ending):
        raise SettingsError(f"“{need.digest}{need.ending}” is no name for what is sent.")
    try:
        _folder().mkdir(mode=0o700, parents=True, exist_ok=True)
        place(content, [need.path], overwrite=True)
    except OSError as error:
        raise SettingsError(f"“{_folder()}” cannot be written: {error.strerror}.") from error
    if not _is_kept(need):
        need.path.unlink(missing_ok=True)
        raise SettingsError("What was sent has another digest than it should.")
    _make_room(keep=need.path)


def _make_room(keep: Path) -> None:
    with suppress(OSError):
        files = sorted((path for path in _folder().iterdir() if path != keep), key=lambda path: path.stat().st_mtime)
        total = keep.stat().st_size + sum(path.stat().st_size for path in files)
        for path in files:
            if total <= _ROOM:
                return
            total -= path.stat().st_size
            path.unlink()


def kept(needs: Iterable[Need], recipe: Recipe) -> tuple[Recipe, dict[str, Weights]]:
    """The recipe with the paths of files that were sent, and the weights that this machine does not have itself."""
    weights = {each.style: read_model(each.path, each.network) for each in needs if each.style and not _is_own(each)}
    for need in needs:
        with suppress(OSError):
            os.utime(need.path)
    steps = tuple(step.model_copy(update={"settings": dict(_located(step.settings))}) for step in recipe.steps)
    return recipe.model_copy(update={"steps": steps}).at(None), weights


def _located(settings: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in settings.items():
        is_sent = isinstance(value, str) and value.startswith(_SENT)
        yield name, str(_folder() / value.removeprefix(_SENT)) if is_sent else value


class Sent:
    """A plug-in with the weights that were sent."""

    def __init__(self, weights: Mapping[str, Weights]) -> None:
        self._weights = weights

    @hookimpl
    def senga_weights(self, model: str) -> Weights | None:
        """Those of a style."""
        return self._weights.get(model)
