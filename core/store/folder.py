"""The folder of the model store: its files are private to the user and never links, and its troubles are sentences."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from senga.errors import ModelError
from senga.names import is_safe_name, joined
from senga.regular import open_regular

SUFFIX = ".safetensors"

_MAX_MEMORY = 1 << 20
_NOT_FOLLOWED = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


class FolderError(ModelError):
    """The folder cannot be used: not a matter of the model."""


@contextmanager
def told(path: Path) -> Iterator[None]:
    """What the system refuses inside the block is said of ``path`` in one sentence.

    Raises:
        FolderError: the disk is full, the folder may not be written …
    """
    try:
        yield
    except OSError as error:
        reason = "links are not followed here" if error.errno == errno.ELOOP else error.strerror or str(error)
        mend = "mend that, or name another folder in SENGA_HOME"
        raise FolderError(f"The model folder cannot be used, “{path}”: {reason}; {mend}.") from error


def make_private(folder: Path) -> None:
    """Make the folder if it is not there, for this user alone; one that is there stays as it is.

    Raises:
        FolderError: it cannot be made.
    """
    with told(folder):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)


def make_shelf(root: Path, family: str) -> Path:
    """The folder of a family's models, made if it is not there.

    Raises:
        FolderError: it cannot be made, or it is a link.
    """
    make_private(root)
    if not family:
        return root
    with told(root / family):
        if (root / family).is_symlink():
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    make_private(root / family)
    return root / family


def open_own(path: Path, mode: str) -> BinaryIO:
    """A file of the store, opened for reading or writing, for this user alone if it is new.

    Raises:
        OSError: it is a link, a device, a pipe …
    """
    stream: BinaryIO = open(path, mode, opener=_open_private)  # type: ignore[assignment]  # noqa: SIM115
    if not path.is_file():
        stream.close()
        raise OSError(errno.EINVAL, "It is no file", str(path))
    return stream


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags | _NOT_FOLLOWED, 0o600)


def place(file: Path, content: bytes) -> None:
    """Write a new file of the store, all or nothing.

    Raises:
        FileExistsError: there is one of that name by now.
        OSError: the disk is full …
    """
    temporary = file.with_name(f".senga-{secrets.token_hex(8)}.tmp")
    try:
        with open_own(temporary, "xb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        _name_new(temporary, file)
    finally:
        temporary.unlink(missing_ok=True)


def _name_new(temporary: Path, file: Path) -> None:
    try:
        os.link(temporary, file, follow_symlinks=False)
    except FileExistsError:
        raise
    except (OSError, NotImplementedError):  # a file system without hard links
        if os.path.lexists(file):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(file)) from None
        temporary.replace(file)


def stored(root: Path) -> dict[str, Path]:
    """The models that lie in the folder, by ``family/name``, or by name where they lie beside one another as of old.

    Raises:
        FolderError: it is there and cannot be looked into.
    """
    families = [name for name, is_folder in _inside(root) if is_folder and is_safe_name(name)]
    found = {name: root / f"{name}{SUFFIX}" for name in _models(root)}
    for family in families:
        found |= {joined(family, name): root / family / f"{name}{SUFFIX}" for name in _models(root / family)}
    return found


def _models(folder: Path) -> list[str]:
    names = [name.removesuffix(SUFFIX) for name, _ in _inside(folder) if name.endswith(SUFFIX)]
    return [name for name in names if is_safe_name(name)]


def _inside(folder: Path) -> list[tuple[str, bool]]:
    """The names in a folder, and whether each is a folder and no link to one."""
    with told(folder):
        try:
            return sorted((entry.name, entry.is_dir(follow_symlinks=False)) for entry in os.scandir(folder))
        except FileNotFoundError:
            return []


def remembered(memory: Path) -> dict[str, str]:
    """Model name or address -> what was remembered of it last; what cannot be read was never remembered."""
    try:
        with open_regular(memory, follow=False) as stream:
            lines = stream.read(_MAX_MEMORY).decode("utf-8", "replace").splitlines()
    except OSError:
        return {}
    return dict(line.split(" ", 1) for line in lines if " " in line)


def remember(memory: Path, key: str, what: str) -> None:
    """Append one line: short enough for several processes to write at once.

    Raises:
        FolderError: it cannot be written.
    """
    make_private(memory.parent)
    with told(memory), open_own(memory, "ab") as stream:
        stream.write(f"{key} {what}\n".encode())
