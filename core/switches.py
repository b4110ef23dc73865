"""Which plug-ins the user switched off."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from . import places
from .atomic import place
from .errors import SengaError
from .turns import forgive


def read_disabled() -> set[str]:
    """The names that the user disabled; none where that cannot be read."""
    try:
        lines = _disabled_file().read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return set()
    return {line.strip() for line in lines if line.strip()}


def write_disabled(names: Iterable[str]) -> None:
    """Remember which plug-ins not to load.

    Raises:
        SengaError: that cannot be written down.
    """
    path = _disabled_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        place("".join(f"{name}\n" for name in sorted(names)).encode(), [path], overwrite=True)
    except OSError as error:
        raise SengaError(f"{path} cannot be written: {error.strerror}. SENGA_HOME names another folder.") from error


def enable(name: str) -> bool:
    """Load a plug-in again that was disabled, or left out after a process died of it; gives whether it was."""
    disabled = read_disabled()
    if name in disabled:
        write_disabled(disabled - {name})
    try:
        return forgive(name) or name in disabled
    except OSError as error:
        raise SengaError(f"{error.filename} cannot be written: {error.strerror}.") from error


def _disabled_file() -> Path:
    return places.config_folder() / "disabled-plugins.txt"
