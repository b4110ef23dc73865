"""Files that are either there completely or not at all."""

from __future__ import annotations

import contextlib
import io
import os
import secrets
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

_FLAGS = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)

_unfinished: set[Replacement] = set()


class Replacement:
    """The content that a file is going to have, in a temporary file beside it.

    A link is followed: what it points to is replaced and the link stays. The permissions of an existing file are kept,
    a new one gets those that the umask leaves.

    Attributes:
        target: the file itself, links followed.
        stream: write the content here.
    """

    def __init__(self, path: Path) -> None:
        self.target = path.resolve()
        self._temporary = self.target.parent / f".senga-{secrets.token_hex(8)}.tmp"
        self.stream: BinaryIO = open(self._temporary, "w+b", opener=_open_new)  # noqa: SIM115 - Path has no opener
        _unfinished.add(self)

    def seal(self) -> None:
        """Bring the content to the disk; this is where a full disk shows."""
        self.stream.flush()
        os.fsync(self.stream.fileno())
        self.stream.close()
        if self.target.exists():
            self._temporary.chmod(stat.S_IMODE(self.target.stat().st_mode))

    def commit(self, *, overwrite: bool = True) -> None:
        """Put the sealed content in place.

        Raises:
            FileExistsError: there is a file by now, and it must not be overwritten.
        """
        if overwrite:
            self._temporary.replace(self.target)
        else:
            _rename_to_new(self._temporary, self.target)
        _sync_folder(self.target.parent)

    def discard(self) -> None:
        """Leave nothing behind; harmless after ``commit``."""
        with contextlib.suppress(OSError):
            self.stream.close()
        self._temporary.unlink(missing_ok=True)
        _unfinished.discard(self)


def _open_new(path: str, _: int) -> int:
    return os.open(path, _FLAGS, 0o666)


@contextmanager
def replacing(path: Path, *, overwrite: bool = True) -> Iterator[BinaryIO]:
    """A stream whose content becomes ``path`` when the block ends well, and vanishes otherwise.

    A device or a pipe cannot be replaced: it is written to.

    Raises:
        OSError: the disk is full, the folder is missing or read-only …
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        with _through(path) as stream:
            yield stream
        return
    replacement = Replacement(path)
    try:
        yield replacement.stream
        replacement.seal()
        replacement.commit(overwrite=overwrite)
    finally:
        replacement.discard()


@contextmanager
def _through(device: Path) -> Iterator[BinaryIO]:
    content = io.BytesIO()
    yield content
    content.seek(0)
    with device.open("wb") as stream:
        shutil.copyfileobj(content, stream)


def _rename_to_new(temporary: Path, target: Path) -> None:
    try:
        target.hardlink_to(temporary)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if target.exists():
            raise FileExistsError(str(target)) from None
        temporary.replace(target)
    else:
        temporary.unlink()


def _sync_folder(folder: Path) -> None:
    """Make the new name last; not every system can."""
    if sys.platform == "win32":
        return
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def discard_unfinished() -> None:
    """Remove the temporary files of this process: for a host that must end at once."""
    for replacement in list(_unfinished):
        replacement.discard()
