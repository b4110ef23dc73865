"""Files that are either there completely or not at all, and names that are given away only once."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import secrets
import shutil
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TypeVar

from .devices import is_special, through

_FLAGS = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
_LEFT, _OVER = ".senga-", ".tmp"
"""How the name of a temporary file begins and ends."""
_PRIVATE, _PUBLIC = 0o600, 0o666
_LONGEST_CHAIN = 40
_ANYBODY = stat.S_IWOTH | stat.S_ISVTX
"""A folder such as /tmp."""

_unfinished: set[Replacement | Staging] = set()
_swept: set[Path] = set()
_Made = TypeVar("_Made", BinaryIO, int)
_NONE = -1


class LinkError(OSError):
    """A link that must not be written through: to nothing, or somebody else's in a folder that anybody may write to."""


class Replacement:
    """The content that a file is going to have, in a temporary file beside it, which only its owner can read.

    A link is followed: what it points to is replaced and the link stays. The permissions of an existing file are kept,
    a new one gets those that the umask leaves. Until it is in place, the content is locked, so that others can tell it
    from what a killed process left.

    Attributes:
        target: the file itself, links followed.
        stream: write the content here.

    Raises:
        LinkError: the path is a link that must not be followed.
    """

    def __init__(self, path: Path, staging: Staging | None = None) -> None:
        self.target = followed(path)
        self._mode = _PUBLIC if not self.target.exists() else _PRIVATE
        self._claimed = self._linked = self._locked = False
        if staging is None:
            sweep_once(self.target.parent)
            self._temporary, self.stream, self._locked = _made_locked(self.target.parent, self._create)
        else:
            self._temporary = _fresh(staging.folder)
            self.stream = self._create(self._temporary)
        _unfinished.add(self)

    def _create(self, path: Path) -> BinaryIO:
        stream: BinaryIO = open(path, "w+b", opener=lambda name, _: os.open(name, _FLAGS, self._mode))  # noqa: SIM115
        self._mode = stat.S_IMODE(os.fstat(stream.fileno()).st_mode)
        _set_mode(path, _PRIVATE)
        return stream

    def seal(self) -> None:
        """Bring the content to the disk; this is where a full disk shows."""
        self.stream.flush()
        os.fsync(self.stream.fileno())
        if not self._locked:
            self.stream.close()

    def claim(self, path: Path | None = None) -> None:
        """Take the name ``path``, by default the target's, for the sealed content; ``discard`` gives it back.

        Raises:
            FileExistsError: it is taken by now. The content stays, and another name can be tried.
        """
        target = self.target if path is None else path
        _set_mode(self._temporary, self._mode)
        try:
            target.hardlink_to(self._temporary)
            self._linked = True
        except FileExistsError:
            raise
        except OSError:  # a file system without hard links: an empty file keeps the place
            os.close(os.open(target, _FLAGS, _PRIVATE))
        self.target, self._claimed = target, True

    def commit(self) -> None:
        """Put the sealed content in place: under the name that was claimed, else instead of the target."""
        if self._linked:
            self._temporary.unlink()
        else:
            _set_mode(self._temporary, self._final_mode())
            self._temporary.replace(self.target)
        self._claimed = False
        _sync_folder(self.target.parent)

    def _final_mode(self) -> int:
        there = not self._claimed and self.target.exists()
        return stat.S_IMODE(self.target.stat().st_mode) if there else self._mode

    def release(self) -> None:
        """Give back a name that was claimed."""
        if self._claimed:
            self.target.unlink(missing_ok=True)
            self._claimed = self._linked = False

    def discard(self) -> None:
        """Leave nothing behind; harmless after ``commit``."""
        self.release()
        self._temporary.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self.stream.close()
        _unfinished.discard(self)


class Adopted(Replacement):
    """The same for a file that was written elsewhere: it moves, or is copied if it lies on another disk.

    Args:
        file: is gone afterwards.
        path: what it becomes.
    """

    def __init__(self, file: Path, path: Path) -> None:
        if file.stat().st_dev == path.parent.stat().st_dev:
            self.target = followed(path)
            self._mode = stat.S_IMODE(file.stat().st_mode)
            self._claimed = self._linked = self._locked = False
            self._temporary, self.stream = file, io.BytesIO()
            _unfinished.add(self)
        else:
            super().__init__(path)
            with file.open("rb") as content:
                shutil.copyfileobj(content, self.stream)
            self.seal()
            file.unlink()


class Staging:
    """A folder in ``parent`` for the contents of many files that are to appear together."""

    def __init__(self, parent: Path) -> None:
        sweep_once(parent)
        self.folder, self._descriptor, _ = _made_locked(parent, _make_folder)
        _unfinished.add(self)

    def discard(self) -> None:
        """Remove it with all that is still in it."""
        shutil.rmtree(self.folder, ignore_errors=True)
        if self._descriptor != _NONE:
            os.close(self._descriptor)
            self._descriptor = _NONE
        _unfinished.discard(self)


def _set_mode(path: Path, mode: int) -> None:
    with contextlib.suppress(OSError):  # memory cards and the like have no permissions
        path.chmod(mode)


def _make_folder(path: Path) -> int:
    path.mkdir(0o700)
    return _NONE if sys.platform == "win32" else os.open(path, os.O_RDONLY)


def _fresh(folder: Path) -> Path:
    return folder / f"{_LEFT}{secrets.token_hex(8)}{_OVER}"


def _made_locked(folder: Path, make: Callable[[Path], _Made]) -> tuple[Path, _Made, bool]:
    """Make something temporary and lock it, where that can be done; anew if it was swept away in between."""
    while True:
        path = _fresh(folder)
        made = make(path)
        locked = _lock(made if isinstance(made, int) else made.fileno(), wait=True)
        if os.path.lexists(path):
            return path, made, locked
        os.close(made) if isinstance(made, int) else made.close()


def _lock(descriptor: int, *, wait: bool) -> bool:
    """Whether it is ours now; a lock ends with the process that holds it."""
    if sys.platform == "win32":
        return False
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:  # somebody else's, or no locks on this file system
        return False
    return True


def sweep_once(folder: Path) -> None:
    """``sweep``, unless this process did it before."""
    if folder not in _swept:
        _swept.add(folder)
        sweep(folder)


def sweep(folder: Path) -> None:
    """Remove what killed processes of this user left in a folder."""
    if sys.platform == "win32":  # there the system itself refuses to remove what is in use, but not everywhere
        return
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in [each for each in entries if each.name.startswith(_LEFT) and each.name.endswith(_OVER)]:
            with contextlib.suppress(OSError):
                _remove_if_left(Path(entry.path), entry.stat(follow_symlinks=False))


def _remove_if_left(path: Path, facts: os.stat_result) -> None:
    is_folder = stat.S_ISDIR(facts.st_mode)
    if facts.st_uid != os.geteuid() or not (is_folder or stat.S_ISREG(facts.st_mode)):
        return
    descriptor = os.open(path, (os.O_RDONLY if is_folder else os.O_RDWR) | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        if _lock(descriptor, wait=False):
            shutil.rmtree(path, ignore_errors=True) if is_folder else path.unlink()
    finally:
        os.close(descriptor)


def followed(path: Path) -> Path:
    """Where a file lies, links followed that may be followed.

    Raises:
        LinkError: the path is a link to nothing, or leads through a link of somebody else in a folder like /tmp.
    """
    place = path
    for _ in range(_LONGEST_CHAIN):
        if not place.is_symlink():
            break
        if _is_foreign(place):
            raise LinkError(errno.EACCES, "a link of somebody else in a shared folder", str(path))
        place = place.parent / place.readlink()
    if path.is_symlink() and not place.exists():
        raise LinkError(errno.ENOENT, "a link to nothing", str(path))
    return Path(os.path.realpath(place.parent)) / place.name


def _is_foreign(link: Path) -> bool:
    """What Linux calls a link that is not to be followed (``fs.protected_symlinks``)."""
    folder, owner = link.parent.stat(), link.lstat().st_uid
    return folder.st_mode & _ANYBODY == _ANYBODY and owner not in (folder.st_uid, os.geteuid())


@contextmanager
def replacing(path: Path, *, overwrite: bool = True) -> Iterator[BinaryIO]:
    """A stream whose content becomes ``path`` when the block ends well, and vanishes otherwise.

    A device or a pipe cannot be replaced: it is written to.

    Raises:
        FileExistsError: there is a file by now, and it must not be overwritten.
        OSError: the disk is full, the folder is missing or read-only …
    """
    if is_special(path):
        with through(path) as stream:
            yield stream
        return
    replacement = Replacement(path)
    try:
        yield replacement.stream
        replacement.seal()
        if not overwrite:
            replacement.claim()
        replacement.commit()
    finally:
        replacement.discard()


def place(content: bytes, names: Iterable[Path], *, overwrite: bool) -> Path:
    """Write a file under the first of these names that is free, or that may be replaced.

    Raises:
        FileExistsError: all are taken.
        OSError: as ``replacing``.
    """
    for name in names:
        try:
            with replacing(name, overwrite=overwrite) as stream:
                stream.write(content)
        except FileExistsError:  # by now
            continue
        return name
    raise FileExistsError(errno.EEXIST, "File exists")


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
    for unfinished in list(_unfinished):
        unfinished.discard()
