"""Names of frames that are written as single pictures."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from senga.atomic import Replacement

_PATTERN = re.compile(r"%0?\d{0,3}d")


@dataclass(frozen=True)
class Numbered:
    """The names of an animation's frames, counted from 1, such as ``frame-%04d.png``.

    Attributes:
        folder: of all of them.
        head: what stands before the number.
        number: how it is written: ``%d`` or ``%04d``.
        tail: what stands after it.
    """

    folder: Path
    head: str
    number: str
    tail: str

    @classmethod
    def of(cls, path: Path) -> Numbered | None:
        """The names that a pattern in the name of a path stands for; None if there is none in it."""
        found = _PATTERN.search(path.name)
        if found is None:
            return None
        return cls(path.parent, path.name[: found.start()], found[0], path.name[found.end() :])

    @property
    def path(self) -> Path:
        """The pattern itself."""
        return self.folder / f"{self.head}{self.number}{self.tail}"

    def frame(self, number: int) -> Path:
        """The path of one frame."""
        return self.folder / f"{self.head}{self.number % number}{self.tail}"


_Name = TypeVar("_Name", Path, Numbered)


def next_free(names: Iterator[_Name], overwrite: bool) -> tuple[_Name, bool]:
    """The first name that may be used, as it looks before the work is done; else the last one, and False."""
    for name in names:
        if overwrite or not os.path.lexists(name if isinstance(name, Path) else name.frame(1)):
            return name, True
    return name, False


def placed(ready: list[Replacement], choices: Iterable[tuple[_Name, list[Path]]]) -> _Name:
    """Give contents that are ready the first names that are all free, all of them or none.

    Raises:
        FileExistsError: none of the choices is free.
    """
    taken: OSError = FileExistsError()
    for name, paths in choices:
        try:
            for each, path in zip(ready, paths, strict=True):
                each.claim(path)
        except FileExistsError as error:
            taken = error
            for each in ready:
                each.release()
        else:
            for each in ready:
                each.commit()
            return name
    raise taken
