"""Second pictures of filters: which file belongs to which input, and what it holds."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING

from senga.errors import SettingsError
from senga.face import still
from senga.image import Image
from senga.settings import SettingInfo
from senga.work import Work

from .endings import PIPE, places_of
from .facts import facts_of
from .outputs import piped

if TYPE_CHECKING:
    from .outputs import Target

_PLACE = re.compile(r"\{([^{}]*)\}")
_PLACES, _BELOW = ("stem", "ext"), "folder"
"""What may stand in a template, and what may where inputs have a place below what was named."""


@dataclass
class SecondPictures:
    """The second pictures of all inputs: those that are the same for every input are read once.

    Attributes:
        work: what is to be done; its pictures are paths, templates or ``-``.
        content: what came through standard input for one of them.
    """

    work: Work
    content: bytes | None = None
    _kept: dict[str, Image] = field(default_factory=dict, repr=False)

    def paths(self, inputs: Iterable[str], folders: Sequence[Path] = ()) -> Iterator[Path]:
        """All files that belong to these inputs, with their folders from the one that was named."""
        templates = [value for _, _, value in self.work.pictures() if isinstance(value, str) and value != PIPE]
        fixed = [value for value in templates if not _PLACE.search(value)]
        yield from map(Path, fixed)
        for name, inside in zip(inputs, folders or repeat(Path()), strict=False):
            yield from (Path(_filled(value, name, inside)) for value in templates if value not in fixed)

    def check(self, inputs: tuple[str, ...], *, structured: bool = False) -> None:
        """Look at what can be known before any picture is read.

        Args:
            inputs: what was named.
            structured: inputs have a place below what was named.

        Raises:
            SettingsError: a placeholder is unknown, or standard input would be read twice.
            SengaError: a picture that all inputs share cannot be read.
        """
        from_pipe, places = list(inputs).count(PIPE), (*_PLACES, _BELOW) if structured else _PLACES
        for key, info, value in self.work.pictures():
            if not isinstance(value, str):
                continue
            unknown = [name for name in _PLACE.findall(value) if name not in places]
            if unknown:
                known = ", ".join(f"{{{name}}}" for name in places)
                raise SettingsError(f"There is no {{{unknown[0]}}} in the picture “{key}”: there are {known}.")
            from_pipe += value == PIPE
            if from_pipe > 1:
                raise SettingsError("Standard input can be read only once.")
            if value == PIPE:
                self.content = piped()
            if not _PLACE.search(value):
                self._read(value, info)

    def shared(self, value: str) -> str | None:
        """The digest of what came through standard input, nothing for a path, None for a template."""
        if _PLACE.search(value):
            return None
        return hashlib.sha256(self.content).hexdigest() if value == PIPE and self.content is not None else ""

    def digest(self, target: Target) -> str:
        """Tells apart the second pictures that belong to this input alone."""
        found = [(key, self._filled(value, target)) for key, value in self._templates()]
        return " ".join(f"{key}:{facts_of(Path(path)).content}" for key, path in found)

    def _templates(self) -> Iterator[tuple[str, str]]:
        for key, _, value in self.work.pictures():
            if isinstance(value, str) and _PLACE.search(value):
                yield key, value

    def own(self, target: Target) -> dict[str, Path]:
        """The files that belong to this input alone, by their templates."""
        return {value: Path(self._filled(value, target)) for _, value in self._templates()}

    def trouble(self, target: Target) -> str:
        """Why an input has no second picture, or nothing."""
        for key, value in self._templates():
            path = self._filled(value, target)
            if not os.path.isfile(path):  # noqa: PTH113 - Path raises where names are too long
                return f"There is no file “{path}” for the picture “{key}”."
        return ""

    def of(self, target: Target) -> Work:
        """The work with the pictures that belong to an input.

        Raises:
            SengaError: one cannot be read.
        """

        def fetch(value: str, info: SettingInfo) -> Image:
            if _PLACE.search(value):
                return still(self._filled(value, target), info.name)
            return self._read(value, info)

        return self.work.opened(fetch)

    @staticmethod
    def _filled(template: str, target: Target) -> str:
        return _filled(template, PIPE if target.source is None else str(target.source), target.inside)

    def _read(self, value: str, info: SettingInfo) -> Image:
        if value not in self._kept:
            self._kept[value] = still(self.content if value == PIPE and self.content is not None else value, info.name)
        return self._kept[value]


def _filled(template: str, name: str, inside: Path) -> str:
    places: Mapping[str, str] = {**dict(zip(_PLACES, places_of(name), strict=True)), _BELOW: str(inside)}
    return str(Path(_PLACE.sub(lambda found: places[found[1]], template)))
