"""What stands in the way of outputs, as far as it shows before any work starts."""

from __future__ import annotations

import contextlib
import itertools
import os
import secrets
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from senga.atomic import LinkError, followed
from senga.devices import is_special
from senga.errors import SettingsError, WriteError

if TYPE_CHECKING:
    from senga.files.numbered import Numbered

    from .outputs import Target, Wish

_USUAL_LIMIT, _LONGEST = 255, 4095
"""Bytes of a name on nearly every file system, and of a whole path."""


def wrong_format(format: str, moves: bool | None, path: Path | None) -> str:  # noqa: A002 - as the attribute is called
    """Why that format is none for a still (``moves`` False) or an animation; an empty text if it is one."""
    from senga.files.writing import check_kind

    try:
        check_kind(format, moves, path)
    except WriteError as error:
        return str(error)
    return ""


def is_too_long(path: Path) -> bool:
    """Whether no usual file system takes such a path."""
    return any(len(os.fsencode(part)) > _USUAL_LIMIT for part in path.parts) or len(os.fsencode(path)) > _LONGEST


def wrong_place(target: Target, wish: Wish) -> str:
    """Why nothing can be written there, as far as that shows before; an empty text if it can."""
    place = target.first
    if place is not None and os.path.isdir(place):  # noqa: PTH112 - Path raises where names are too long
        return f"“{place}” is a folder; name a file in it."
    if place is None or is_special(place) or (wish.overwrite in ("skip", "error") and os.path.lexists(place)):
        return ""
    if wish.output is None and target.source and not os.path.lexists(target.source):
        return ""  # it is the input that is missing
    try:
        followed(place)
    except LinkError as error:
        return "" if wish.overwrite == "rename" else f"“{place}” is {error.strerror}; remove it or choose another name."
    return _wrong_folder(place.parent, may_be_made=target.folder)


def _wrong_folder(folder: Path, *, may_be_made: bool) -> str:
    near = _nearest(folder)
    if not os.path.isdir(near):  # noqa: PTH112 - as above
        return f"There can be no folder “{folder}”, because “{near}” is a file; choose another."
    if near != folder and not may_be_made:
        return f"There is no folder “{folder}”; make it first or choose another."
    if not os.access(near, os.W_OK | os.X_OK):
        return f"Nothing may be written into the folder “{near}”; choose another or ask its owner."
    return ""


def _nearest(folder: Path) -> Path:
    """The folder, or what there is on the way to it."""
    return next((each for each in (folder, *folder.parents) if os.path.lexists(each)), Path())


# ---- what is wrong with all of them together


def refuse_collisions(targets: list[Target], wish: Wish) -> None:
    """Compare all outputs with all inputs and with each other.

    Raises:
        SettingsError: a source would be overwritten, or two results would be one file.
    """
    written = [(target.label, target.place) for target in targets if target.place is not None]
    written += wish.written
    read = [target.source for target in targets if target.source is not None]
    _refuse_sources(written, [*read, *wish.read], keeps=wish.overwrite in ("skip", "rename"))
    _refuse_meetings(written)


def _refuse_sources(written: list[tuple[str, Path | Numbered]], read: list[Path], *, keeps: bool) -> None:
    """Sources are never overwritten, whatever they are called and wherever links lead."""
    names = {os.path.realpath(path) for path in read}
    files = {_identity(path) for path in read} - {None}
    there = _There(names)
    for _, place in written:
        for path in [place] if isinstance(place, Path) else there.frames(place):
            is_source = os.path.realpath(path) in names or _identity(path) in files
            if is_source and not (keeps and os.path.lexists(path)):
                raise SettingsError(
                    f"The output {path} is also an input: sources are never overwritten, choose another name."
                )


class _There:
    """The names in folders, by now or among these paths; every folder is listed once."""

    def __init__(self, paths: set[str]) -> None:
        self._read: dict[str, set[str]] = {}
        for path in paths:
            folder, _, name = path.rpartition(os.sep)
            self._read.setdefault(folder, set()).add(name)
        self._sorted: dict[str, list[str]] = {}

    def frames(self, place: Numbered) -> Iterator[Path]:
        """Those that may be frames of an animation."""
        folder = os.path.realpath(place.folder)
        if folder not in self._sorted:
            listed = os.listdir(folder) if os.path.isdir(folder) else []  # noqa: PTH112, PTH208 - Path is slow for many
            self._sorted[folder] = sorted({*self._read.get(folder.rstrip(os.sep), ()), *listed})
        for name in _beginning(self._sorted[folder], place.head):
            if _is_frame(place, name):
                yield place.folder / name


def _beginning(names: list[str], head: str) -> Iterator[str]:
    """Those of sorted names that begin so."""
    yield from itertools.takewhile(lambda name: name.startswith(head), names[bisect_left(names, head) :])


def _is_frame(place: Numbered, name: str) -> bool:
    number = name.removeprefix(place.head).removesuffix(place.tail)
    return number.isdecimal() and place.frame(int(number)).name == name


def _identity(path: Path) -> tuple[int, int] | None:
    """What tells files apart that have several names."""
    try:
        facts = path.stat()
    except (OSError, ValueError):
        return None
    return (facts.st_dev, facts.st_ino) if facts.st_ino else None


def meeting(one: object, other: object, path: Path) -> SettingsError:
    """Two results in one file, and the way out."""
    return SettingsError(f"{one} and {other} would both be written to {path}; give one another name or folder.")


def _refuse_meetings(written: list[tuple[str, Path | Numbered]]) -> None:
    """Two results in one file: by name, through links, or because the disk takes two names for one."""
    exact: dict[str, str] = {}
    folded: dict[str, tuple[str, str]] = {}
    frames: list[tuple[Numbered, str]] = []
    for label, place in written:
        path = place.path if not isinstance(place, Path) else place
        real = os.path.realpath(path)
        if real in exact:
            raise meeting(exact[real], label, path)
        exact[real] = label
        other = folded.setdefault(_fold(real), (label, real))
        if other[1] != real and not _tells_apart(_nearest(Path(real).parent)):
            raise meeting(other[0], label, path)
        frames += [] if isinstance(place, Path) else [(place, label)]
    if frames:
        _refuse_frames(frames, written)


def _refuse_frames(frames: list[tuple[Numbered, str]], written: list[tuple[str, Path | Numbered]]) -> None:
    """Frames that could be called like another output."""
    others: dict[str, dict[str, list[tuple[str, Path | Numbered]]]] = {}
    for label, place in written:
        folder = others.setdefault(os.path.realpath(_parent(place)), {})
        folder.setdefault(place.name if isinstance(place, Path) else place.head, []).append((label, place))
    beginnings = {folder: sorted(names) for folder, names in others.items()}
    for numbered, label in frames:
        folder_name = os.path.realpath(numbered.folder)
        for name in _beginning(beginnings[folder_name], numbered.head):
            for other_label, other in others[folder_name][name]:
                if other is not numbered and _meets(numbered, other):
                    raise meeting(label, other_label, numbered.path)


def _meets(numbered: Numbered, other: Path | Numbered) -> bool:
    if isinstance(other, Path):
        return _is_frame(numbered, other.name)
    return other.tail == numbered.tail and other.head.removeprefix(numbered.head).isdecimal()


def _parent(place: Path | Numbered) -> Path:
    return place.parent if isinstance(place, Path) else place.folder


def _fold(path: str) -> str:
    """Equal for names that some disks take for the same: they overlook case, or the form of accented letters."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def _tells_apart(folder: Path) -> bool:
    """Whether a folder keeps names apart that differ in case or in the form of letters only; tried out there."""
    name = f".senga-{secrets.token_hex(8)}a\u0301.tmp"
    others = [name.replace("a\u0301", other) for other in ("\u00e1", "A\u0301", "\u00c1")]
    try:
        with (folder / name).open("xb"):
            return not any(os.path.lexists(folder / other) for other in others)
    except (OSError, UnicodeError):
        return False
    finally:
        with contextlib.suppress(OSError):
            (folder / name).unlink()
