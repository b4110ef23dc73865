"""Names that are taken already, and what the user wants then."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from senga.errors import SettingsError

if TYPE_CHECKING:
    from senga.files.numbered import Numbered


_Place = TypeVar("_Place", "Path", "Numbered")


def settle(place: _Place, overwrite: str) -> Iterable[_Place]:
    """The names under which a result may be written, best first; none to skip it.

    Raises:
        SettingsError: there is a file and the choice is ``error``.
    """
    if overwrite == "replace" or not _is_taken(place):
        first = [place]
    elif overwrite == "error":
        path = place if isinstance(place, Path) else place.frame(1)
        raise SettingsError(f"{path} exists: --overwrite replace, skip or rename says what to do.")
    else:
        first = []
    return _free(place) if overwrite == "rename" else first


def _free(place: _Place) -> Iterator[_Place]:
    names = (place if not number else _renamed(place, number) for number in range(1_000_000))
    return (name for name in names if not _is_taken(name))


def _renamed(place: Any, number: int) -> Any:
    if isinstance(place, Path):
        return place.with_name(f"{place.stem}-{number}{place.suffix}")
    stem, dot, ending = place.tail.rpartition(".")
    return replace(place, tail=f"{stem}-{number}{dot}{ending}")


def _is_taken(place: Any) -> bool:
    return os.path.lexists(place if isinstance(place, Path) else place.frame(1))
