"""What there is to do: folders, patterns and lists become files, each with its place below what was named."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from senga.errors import SettingsError

from .endings import PIPE
from .ledger import FOLDER
from .outputs import piped
from .patterns import Patterns, exact, fixed_part, is_pattern


@dataclass(frozen=True, slots=True)
class Found:
    """One file.

    Attributes:
        path: of the file.
        inside: its folder, from the one that was named; empty for a file that was named itself.
    """

    path: Path
    inside: Path = Path()


@dataclass(frozen=True)
class Choice:
    """Which files are taken.

    Attributes:
        include: patterns of which one must fit, if there are any.
        exclude: patterns of which none may fit.
        since: seconds since 1970; what was changed before is left out.
        base: the folder from which the structure of named and listed files is kept.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    since: float | None = None
    base: Path | None = None


@dataclass
class Search:
    """Looks for files.

    Attributes:
        choice: which are taken.
        output: the folder of the results, in which nothing is looked for.
        results: gives the results of earlier runs, which are no inputs; asked when a file in ``output`` is found.
        troubles: what could not be looked at, and why.
        left_out: how many files in folders are no pictures by their names.
    """

    choice: Choice
    output: Path
    results: Callable[[], frozenset[str]] = frozenset
    troubles: list[tuple[Path, str]] = field(default_factory=list)
    left_out: int = 0
    _places: dict[Path, str] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self._include, self._exclude = Patterns(self.choice.include), Patterns(self.choice.exclude)
        self._results_folder = identity(self.output)
        self._beginning = f"{os.path.realpath(self.output).rstrip(os.sep)}{os.sep}"

    def files(self, inputs: Sequence[str]) -> list[Found]:
        """All files that the inputs stand for, each once, in a lasting order.

        Raises:
            SettingsError: an input is not there, or stands for nothing.
        """
        found: dict[str, Found] = {}
        for name in inputs:
            for each in self._of(name):
                found.setdefault(os.path.abspath(each.path), each)  # noqa: PTH100 - links stay what they are
        return list(found.values())

    def _of(self, name: str) -> Iterator[Found]:
        if name == PIPE:
            for listed in _listed():
                yield from self._named(listed)
        elif is_pattern(name) and not os.path.lexists(name):
            root, rest = fixed_part(name)
            shape, fits = exact(rest), False
            for each in self._walk(Path(root), hidden=rest.startswith(".")):
                place = each.inside / each.path.name
                if shape.fullmatch(place.as_posix()):
                    fits = True
                    yield from [each] if self._is_taken(place, each.path) else []
            if not fits and not self.troubles:
                raise SettingsError(f"Nothing fits the pattern “{name}”.")
        else:
            yield from self._named(name)

    def _named(self, name: str) -> Iterator[Found]:
        """A folder with all in it, or one file; what is not there is taken too, so that the others go on."""
        path = Path(name)
        if os.path.isdir(name):  # noqa: PTH112 - Path raises where names are too long
            yield from self._pictures(path)
            return
        inside = self._from_base(path)
        if self._is_taken(inside / path.name, path):
            yield Found(path, inside)

    def _from_base(self, path: Path) -> Path:
        if self.choice.base is None:
            return Path()
        base, folder = (Path(os.path.abspath(each)) for each in (self.choice.base, path.parent))  # noqa: PTH100 - links stay
        return folder.relative_to(base) if folder.is_relative_to(base) else Path()

    def _pictures(self, root: Path) -> Iterator[Found]:
        from senga.files.kinds import ending_of

        for each in self._walk(root):
            if not ending_of(each.path.name):
                self.left_out += 1
            elif self._is_taken(each.inside / each.path.name, each.path):
                yield each

    def _walk(self, root: Path, *, hidden: bool = False) -> Iterator[Found]:
        """Files below a folder, sorted; links are followed where they lead out of it, each place once."""
        seen = {identity(root)}
        waiting = [(root, Path())]
        while waiting:
            folder, inside = waiting.pop()
            folders = []
            for entry in self._entries(folder):
                place = inside / entry.name
                if (entry.name.startswith(".") and not hidden) or entry.name == FOLDER:
                    continue
                if not _is_folder(entry):
                    yield Found(Path(entry.path), inside)
                elif not self._exclude.fit(place):
                    folders.append((Path(entry.path), place, entry.is_symlink()))
            waiting += [
                (path, place) for path, place, link in reversed(folders) if self._is_new(path, root, seen, link)
            ]

    def _is_new(self, path: Path, root: Path, seen: set[tuple[int, int] | None], link: bool) -> bool:
        if link and Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root)):
            return False
        own = identity(path)
        if own in seen or (own is not None and own == self._results_folder):
            return False
        seen.add(own)
        return True

    def _entries(self, folder: Path) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as entries:
                return sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            self.troubles.append((folder, f"The folder “{folder}” cannot be looked at: {error.strerror}."))
            return []

    def _is_result(self, path: Path) -> bool:
        real = os.path.realpath(path) if os.path.islink(path) else f"{self._real(path.parent)}{os.sep}{path.name}"  # noqa: PTH114 - Path raises where it may not look
        return real.startswith(self._beginning) and real in self._results

    def _real(self, folder: Path) -> str:
        """Links followed; looked up once for all files in it."""
        if folder not in self._places:
            self._places[folder] = os.path.realpath(folder).rstrip(os.sep)
        return self._places[folder]

    @cached_property
    def _results(self) -> frozenset[str]:
        return self.results()

    def _is_taken(self, place: Path, path: Path) -> bool:
        if (self._include and not self._include.fit(place)) or self._exclude.fit(place):
            return False
        if self._is_result(path):
            return False
        if self.choice.since is None:
            return True
        try:
            return path.stat().st_mtime >= self.choice.since
        except (OSError, ValueError):
            return True  # whoever reads it will tell


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def identity(path: Path) -> tuple[int, int] | None:
    """What tells a folder from others, whatever it is called."""
    try:
        facts = path.stat()
    except (OSError, ValueError):
        return None
    return facts.st_dev, facts.st_ino


def _listed() -> list[str]:
    """The names that come through standard input, each ended by a zero byte or else by the end of a line."""
    content = piped()
    end = b"\0" if b"\0" in content else b"\n"
    names = [os.fsdecode(name if end == b"\0" else name.removesuffix(b"\r")) for name in content.split(end)]
    if not any(names):
        raise SettingsError("Standard input names no files: pipe a list of them into it, or name a folder.")
    return [name for name in names if name]
