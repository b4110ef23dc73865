"""Put the plug-in into a GIMP profile, and take exactly that out again."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from senga.errors import SengaError

from .manifest import make_manifest, source_folder
from .profiles import Profile

FOLDER = "senga-gimp"
"""Of the plug-in; GIMP 3 starts only a file that is named like its folder. Never “senga”: it would hide the package."""

MAIN = f"{FOLDER}.py"
RECORD = "installed.json"
INTERPRETER = "interpreters/senga.interp"
SYSTEM_PYTHON = Path("/usr/bin/python3")

_OWN_INTERPRETERS = tuple(
    f"{library}/gimp/3.0/interpreters/pygimp.interp"
    for library in ("lib", "lib/*", "lib64", "local/lib", "local/lib/*", "local/lib64")
)
_INTERPRETER_TEXT = """\
# Senga: GIMP's Python plug-ins run with the system's Python, whatever virtual environment GIMP was started from.
python=/usr/bin/python3
python3=/usr/bin/python3
/usr/bin/python3=/usr/bin/python3
:Python:E::py::python3:
"""


@dataclass(frozen=True)
class Change:
    """What was done to a profile: the files that were written or removed, and what else there is to say."""

    profile: Profile
    files: tuple[Path, ...]
    notes: tuple[str, ...] = ()


def plug_in_folder(profile: Profile) -> Path:
    """Where the plug-in lies in a profile."""
    return profile.plug_ins / FOLDER


def install(profile: Profile, manifest: dict[str, Any] | None = None) -> Change:
    """Install or renew the plug-in in a GIMP 3 profile.

    Raises:
        SengaError: the folder cannot be written.
    """
    contents = dict(_contents(profile, manifest or make_manifest()))
    old = set(_recorded(profile)) - set(contents)
    try:
        for name in sorted(old):
            _remove(profile.folder / name)
        for name, data in contents.items():
            _write(profile.folder / name, data)
        _write(plug_in_folder(profile) / RECORD, _record(contents))
        _make_executable(plug_in_folder(profile) / MAIN)
    except OSError as error:
        raise SengaError(f"{profile.folder} cannot be written: {error.strerror}.") from error
    notes = ("GIMP's Python is fixed to /usr/bin/python3",) if INTERPRETER in contents else ()
    return Change(profile, tuple(profile.folder / name for name in contents), notes)


def _contents(profile: Profile, manifest: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    """Every file with its path in the profile; the main file last, because GIMP looks at its time only."""
    inside = f"plug-ins/{FOLDER}"
    for path in sorted((source_folder() / "senga_gimp").glob("*.py")):
        yield f"{inside}/senga_gimp/{path.name}", path.read_bytes()
    yield f"{inside}/senga_client.py", (source_folder().parent / "worker" / "client.py").read_bytes()
    yield f"{inside}/manifest.json", json.dumps(manifest, indent=1, ensure_ascii=False).encode()
    if needs_interpreter(profile):
        yield INTERPRETER, _INTERPRETER_TEXT.encode()
    yield f"{inside}/{MAIN}", (source_folder() / MAIN).read_bytes()


def needs_interpreter(profile: Profile) -> bool:
    """Whether GIMP would start Python plug-ins with whatever ``python3`` comes first on PATH, and the system's can.

    Only distributions' packages on Linux lack a ``pygimp.interp`` of their own.
    """
    if not sys.platform.startswith("linux") or profile.package != "native":
        return False
    own = any(True for pattern in _OWN_INTERPRETERS for _ in Path("/usr").glob(pattern))
    return not own and python_has_gimp(SYSTEM_PYTHON)


def python_has_gimp(python: Path) -> bool:
    """Whether a Python can import GIMP's library."""
    code = "import gi; gi.require_version('Gimp', '3.0')"
    try:
        done = subprocess.run([python, "-c", code], capture_output=True, timeout=30, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def uninstall(profile: Profile) -> Change:
    """Remove what ``install`` wrote, and the folders that this empties; files of others stay and are named.

    Raises:
        SengaError: a file cannot be removed.
    """
    names = list(_recorded(profile))
    if not names:
        return Change(profile, ())
    folder = plug_in_folder(profile)
    removed = [profile.folder / name for name in names if (profile.folder / name).is_file()]
    try:
        for name in [*names, f"plug-ins/{FOLDER}/{RECORD}"]:
            _remove(profile.folder / name)
        _remove_empty(folder)
    except OSError as error:
        raise SengaError(f"{error.filename} cannot be removed: {error.strerror}.") from error
    left = [path for path in folder.rglob("*") if path.is_file()]
    notes = tuple(f"{path} is not Senga's and stays" for path in left)
    return Change(profile, tuple(removed), notes)


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
        return {str(name): str(digest) for name, digest in names.items() if _is_inside(Path(name))}
    except (OSError, ValueError, KeyError, AttributeError):
        return {}


def _is_inside(path: Path) -> bool:
    return not path.is_absolute() and not path.drive and ".." not in path.parts


def _record(contents: dict[str, bytes]) -> bytes:
    files = {name: hashlib.sha256(data).hexdigest() for name, data in contents.items()}
    return json.dumps({"files": files}, indent=1).encode()


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_bytes(data)
    part.replace(path)


def _make_executable(path: Path) -> None:
    if os.name == "posix":
        path.chmod(path.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)


def _remove(path: Path) -> None:
    """Remove a file, and what Python compiled from it."""
    path.unlink(missing_ok=True)
    for compiled in path.parent.glob(f"__pycache__/{path.stem}.*.pyc"):
        compiled.unlink()


def _remove_empty(folder: Path) -> None:
    folders = [folder, *(path for path in folder.rglob("*") if path.is_dir())]
    for path in sorted(folders, reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()
