"""Put the plug-in into a GIMP profile, and take exactly that out again."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from senga.errors import SengaError
from senga.language import tr

from .layouts import INTERPRETER, layout_of
from .manifest import make_manifest
from .profiles import Profile

RECORD = "installed.json"


@dataclass(frozen=True)
class Change:
    """What was done to a profile: the files that were written or removed, and what else there is to say."""

    profile: Profile
    files: tuple[Path, ...]
    notes: tuple[str, ...] = ()


def plug_in_folder(profile: Profile) -> Path:
    """Where the plug-in lies in a profile."""
    return profile.folder / layout_of(profile).folder


def install(profile: Profile, manifest: dict[str, Any] | None = None) -> Change:
    """Install or renew the plug-in; an installation that is up to date is left as it is, and no files are given.

    Raises:
        SengaError: the folder cannot be written; what was not installed before is not there by half either.
    """
    contents = layout_of(profile).contents(profile, manifest or make_manifest())
    was_there = is_installed(profile)
    _refuse_link(plug_in_folder(profile))
    try:
        written = () if _is_current(profile, contents) else _write_all(profile, contents)
        _make_executable(profile.folder / layout_of(profile).main)
    except OSError as error:
        if not was_there:
            with suppress(OSError):
                _remove_all(profile)
        raise SengaError(f"{error.filename or profile.folder} cannot be written: {error.strerror}.") from error
    note = tr("GIMP's Python is fixed to /usr/bin/python3 by {file}").format(file=profile.folder / INTERPRETER)
    return Change(profile, written, (note,) if INTERPRETER in contents else ())


def _is_current(profile: Profile, contents: dict[str, bytes]) -> bool:
    return _recorded(profile) == _digests(contents) and not changed_files(profile)


def _write_all(profile: Profile, contents: dict[str, bytes]) -> tuple[Path, ...]:
    """Write down what will be there before it is, so that even a stopped installation can be removed and renewed."""
    old = {name: digest for name, digest in _recorded(profile).items() if name not in contents}
    record = plug_in_folder(profile) / RECORD
    _write(record, _record(_digests(contents) | old))
    for name in old:
        _remove(profile.folder / name)
    _remove_empty(plug_in_folder(profile))
    for name, data in contents.items():
        _write(profile.folder / name, data)
    _write(record, _record(_digests(contents)))
    return tuple(profile.folder / name for name in contents)


def uninstall(profile: Profile) -> Change:
    """Remove what ``install`` wrote, and the folders that this empties; files of others stay and are named.

    Raises:
        SengaError: a file cannot be removed.
    """
    folder = plug_in_folder(profile)
    if not is_installed(profile):
        return Change(profile, ())
    _refuse_link(folder)
    removed = [path for name in _recorded(profile) if (path := profile.folder / name).is_file()]
    try:
        _remove_all(profile)
    except OSError as error:
        raise SengaError(f"{error.filename} cannot be removed: {error.strerror}.") from error
    left = sorted(path for path in folder.rglob("*") if not path.is_dir())
    notes = tuple(tr("{file} is not Senga's and stays").format(file=path) for path in left)
    return Change(profile, tuple(removed), notes)


def _remove_all(profile: Profile) -> None:
    """The record goes last: as long as anything is there, it says what."""
    folder = plug_in_folder(profile)
    for name in [*_recorded(profile), f"{layout_of(profile).folder}/{RECORD}"]:
        _remove(profile.folder / name)
    _remove_empty(folder)


def is_installed(profile: Profile) -> bool:
    """Whether the plug-in was installed there."""
    return (plug_in_folder(profile) / RECORD).is_file()


def changed_files(profile: Profile) -> list[str]:
    """Files of the plug-in that are missing or not as they were installed."""
    return [name for name, digest in _recorded(profile).items() if _digest(profile.folder / name) != digest]


def read_manifest(profile: Profile) -> dict[str, Any]:
    """The installed manifest, or an empty one."""
    try:
        found = json.loads((plug_in_folder(profile) / "manifest.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _recorded(profile: Profile) -> dict[str, str]:
    """Path in the profile -> digest, of every file that was installed; paths that lead elsewhere are left out."""
    try:
        names = json.loads((plug_in_folder(profile) / RECORD).read_text("utf-8"))["files"]
        return {str(name): str(digest) for name, digest in names.items() if layout_of(profile).is_ours(str(name))}
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return {}


def _digests(contents: dict[str, bytes]) -> dict[str, str]:
    return {name: hashlib.sha256(data).hexdigest() for name, data in contents.items()}


def _record(digests: dict[str, str]) -> bytes:
    return json.dumps({"files": digests}, indent=1).encode()


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def _refuse_link(folder: Path) -> None:
    """Somebody's link to a folder of theirs: what lies there is not ours to replace or remove."""
    if folder.is_symlink():
        raise SengaError(f"{folder} is a link to {folder.readlink()}: remove the link, then try again.")


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = _part(path)
    part.write_bytes(data)
    part.replace(path)


def _part(path: Path) -> Path:
    return path.with_name(path.name + ".part")


def _make_executable(path: Path) -> None:
    mode, wanted = path.stat().st_mode, stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH
    if os.name == "posix" and mode & wanted != wanted:
        path.chmod(mode | wanted)


def _remove(path: Path) -> None:
    """Remove a file, what a stopped installation left of it, and what a Python compiled from it."""
    for one in (path, _part(path), *_compiled(path)):
        if not one.is_dir():  # somebody's own
            one.unlink(missing_ok=True)


def _compiled(path: Path) -> Iterator[Path]:
    """Python 3 puts it into a folder of its own, Python 2.7 beside the file."""
    if path.suffix == ".py":
        yield from list(path.parent.glob(f"__pycache__/{path.stem}.*.pyc"))
        yield from (path.with_suffix(".pyc"), path.with_suffix(".pyo"))


def _remove_empty(folder: Path) -> None:
    folders = [folder, *(path for path in folder.rglob("*") if path.is_dir())]
    for path in sorted(folders, reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()
