"""Whose turn it is: a note beside the user's choices tells which plug-in is being loaded.

When the process dies meanwhile, or hangs and is killed, the next one finds the note and leaves that plug-in out.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from . import places

PATIENCE = 5.0
"""Seconds of loading after which the user is told whose turn it is, and an interruption is held against the plug-in."""

log = logging.getLogger("senga.plugins")

_PREFIX = "loading-"
_FALLEN = "fallen-plugins.txt"
_taken: dict[IO[str] | None, float] = {}
_made: list[Path] = []
"""Folders that were made for a note, the inmost first: without notes they are not needed."""


@contextmanager
def turn(name: str, origin: str) -> Iterator[None]:
    """Note that a plug-in is being loaded inside; the note stays when the process dies, or was interrupted late."""
    note, started = _note(f"{name}\t{origin}"), time.monotonic()
    _taken[note] = started
    slow = threading.Timer(PATIENCE, _tell_slow, (name, origin))
    slow.daemon = True
    slow.start()
    late = False
    try:
        yield
    except KeyboardInterrupt:
        late = time.monotonic() - started > PATIENCE
        raise
    finally:
        slow.cancel()
        _taken.pop(note, None)
        if not late:
            _take_away(note)


def withdraw() -> None:
    """Before this process ends on purpose: what has only just begun to load is not to blame."""
    for note, started in list(_taken.items()):
        if time.monotonic() - started < PATIENCE:
            _take_away(note)


def fallen() -> set[str]:
    """``name<TAB>origin`` of every plug-in that was being loaded when a process died."""
    folder = places.config_folder()
    known = _listed(folder)
    with suppress(OSError):
        dead = {text for path in sorted(folder.glob(f"{_PREFIX}*")) if (text := _left(path))}
        for line in sorted(dead - known):
            log.warning("Senga ended while the plug-in “%s” was being loaded: it is left out.", line.partition("\t")[0])
        if dead - known:
            known |= dead
            _write(folder, known)
    return known


def forgive(name: str) -> bool:
    """Let a plug-in be loaded again; gives whether that changes anything."""
    known = fallen()
    kept = {line for line in known if line.partition("\t")[0] != name}
    if kept != known:
        _write(places.config_folder(), kept)
    return kept != known


def _tell_slow(name: str, origin: str) -> None:
    text = "The plug-in “%s” (%s) is still being loaded; “senga plugins disable %s” leaves it out."
    log.warning(text, name, origin, name)


def _is_child() -> bool:
    """Whether this process was started by ``multiprocessing``, which takes long to import where it was not."""
    there = sys.modules.get("multiprocessing.process")
    return there is not None and there.parent_process() is not None


def _note(text: str) -> IO[str] | None:
    """A note that is locked while this process lives; None where none can be kept."""
    if _is_child():  # it has loaded the same, and may end this one at any time
        return None
    try:
        folder = places.config_folder()
        _made.extend(path for path in (folder, *folder.parents) if not path.exists() and path not in _made)
        folder.mkdir(parents=True, exist_ok=True)
        handle, path = tempfile.mkstemp(prefix=_PREFIX, dir=folder)
    except OSError:
        return None
    note = open(path, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - held until the end of the turn
    os.close(handle)
    if _locked(note):
        with suppress(OSError):  # the disk may be full
            note.write(text)
            note.flush()
            return note
    _let_go(note)
    return None


def _left(path: Path) -> str:
    """The text of a note that no living process holds, which is taken away; empty for others."""
    with path.open("r+", encoding="utf-8", errors="replace") as note:
        free = _locked(note)
        text = note.read() if free else ""
        young = time.time() - path.stat().st_mtime < PATIENCE  # its owner may be about to lock it
    if free and (text or not young):
        _remove(path)
    return text


def _locked(note: IO[str]) -> bool:
    """Whether the lock could be taken; it ends with the process, however that ends."""
    try:
        if sys.platform == "win32":
            import msvcrt

            note.seek(1 << 20)
            msvcrt.locking(note.fileno(), msvcrt.LK_NBLCK, 1)
            note.seek(0)
        else:
            import fcntl

            fcntl.flock(note, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _listed(folder: Path) -> set[str]:
    try:
        return set((folder / _FALLEN).read_text("utf-8", errors="replace").splitlines())
    except OSError:
        return set()


def _write(folder: Path, lines: set[str]) -> None:
    part = folder / f"{_FALLEN}.{os.getpid()}.part"
    part.write_text("".join(f"{line}\n" for line in sorted(lines)), "utf-8")
    part.replace(folder / _FALLEN)


def _take_away(note: IO[str] | None) -> None:
    if note is not None and not note.closed:
        _let_go(note)
        with suppress(OSError):  # the user's choices lie there by now
            for folder in _made:
                folder.rmdir()


def _let_go(note: IO[str]) -> None:
    with suppress(OSError):  # what could not be written
        note.close()
    _remove(Path(note.name))


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink()
