"""The SQLite file of a ledger: opened, checked, and what goes wrong with it told in sentences."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from senga.errors import SettingsError, WriteError

from .rows import COLUMNS

_MARK, _VERSION = 0x53454E47, 1
"""Of the file: ``SENG``, and the version of the tables below."""
_TABLES = """
CREATE TABLE tasks (digest TEXT PRIMARY KEY, told TEXT NOT NULL, planned REAL NOT NULL);
CREATE TABLE runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT, task TEXT NOT NULL, host TEXT NOT NULL, process INTEGER NOT NULL,
    begun REAL NOT NULL, beat REAL NOT NULL, ended REAL
);
CREATE TABLE results (
    output BLOB PRIMARY KEY, source BLOB NOT NULL, inside BLOB NOT NULL, wanted TEXT NOT NULL,
    state TEXT NOT NULL, run INTEGER, changed REAL NOT NULL, made REAL, reason TEXT NOT NULL DEFAULT '',
    task TEXT NOT NULL DEFAULT '', content TEXT NOT NULL DEFAULT '', facts TEXT NOT NULL DEFAULT '',
    second TEXT NOT NULL DEFAULT '', written BLOB, written_content TEXT NOT NULL DEFAULT '',
    written_facts TEXT NOT NULL DEFAULT '', seconds REAL NOT NULL DEFAULT 0, size INTEGER NOT NULL DEFAULT 0,
    written_size INTEGER NOT NULL DEFAULT 0, before BLOB, after BLOB
) WITHOUT ROWID;
CREATE INDEX by_state ON results (state);
"""
PATIENCE = 60.0
"""Seconds to wait for another run that writes."""


class Database:
    """An open ledger.

    Args:
        file: of SQLite, in a folder of its own in the folder of the results; it is made where there is none.

    Raises:
        SettingsError: it is none of ours, or of a newer Senga.
        WriteError: it is damaged, or cannot be written.
    """

    def __init__(self, file: Path) -> None:
        self.file, self.home, self.folder = file, file.parent, file.parent.parent
        with self.telling():
            self.home.mkdir(parents=True, exist_ok=True)
            _free_companions(file)
            self._base = self._connected()
        self._place = _place_of(file)

    def execute(self, query: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        """As of SQLite."""
        return self._base.execute(query, values)

    def close(self) -> None:
        """Let go of the file."""
        self._base.close()

    def _connected(self) -> sqlite3.Connection:
        base = sqlite3.connect(self.file, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
        try:
            self._check(base)
            base.execute("PRAGMA journal_mode = WAL")
            base.execute("PRAGMA synchronous = FULL")
        except BaseException:
            base.close()
            raise
        return base

    def _check(self, base: sqlite3.Connection) -> None:
        """Whether it is a whole ledger of ours; an empty file becomes one."""
        base.execute("BEGIN IMMEDIATE")
        mark, found = (base.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version"))
        tables = base.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if mark == 0 and found == 0 and not tables:
            for statement in filter(str.strip, _TABLES.split(";")):
                base.execute(statement)
            base.execute(f"PRAGMA application_id = {_MARK}")
            base.execute(f"PRAGMA user_version = {_VERSION}")
        elif mark != _MARK:
            raise SettingsError(f"“{self.file}” is no ledger of Senga; move it away or choose another folder.")
        elif found > _VERSION:
            raise SettingsError(
                f"“{self.file}” was written by a newer Senga; update this one or choose another folder."
            )
        elif base.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok" or not _is_complete(base):
            raise sqlite3.DatabaseError("damaged")
        base.execute("COMMIT")

    @contextmanager
    def telling(self) -> Iterator[None]:
        """What SQLite and the disk say, as sentences."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise WriteError(self._trouble(error), self.file) from error
        except OSError as error:
            text = f"The ledger “{self.file}” cannot be written: {error.strerror or error}; choose another folder."
            raise WriteError(text, self.file) from error

    def _trouble(self, error: sqlite3.Error) -> str:
        code, name = getattr(error, "sqlite_errorcode", None), f"The ledger “{self.file}”"
        if code is not None and code & 0xFF == sqlite3.SQLITE_FULL:
            return f"The disk is full, so {name[0].lower()}{name[1:]} was not written; make room and start again."
        if code is not None and code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return f"{name} is in use by another program for long; wait for it or end it."
        if code is not None and code & 0xFF in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
            return f"{name} cannot be written; choose another folder or ask its owner."
        if code is not None and code & 0xFF == sqlite3.SQLITE_IOERR:
            return f"{name} cannot be written: the disk reports an error; check it, make room and start again."
        return f"{name} is damaged; move it away and start again with --overwrite skip, or choose another folder."

    def check_place(self) -> None:
        """Look whether the file is still there: otherwise results would go where nobody looks for them.

        Raises:
            WriteError: the folder was removed, renamed or unmounted.
        """
        if _place_of(self.file) != self._place:
            text = f"The folder “{self.folder}” is gone, with the ledger in it; start again when it is back."
            raise WriteError(text, self.file)

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """All or nothing, and nobody else in between."""
        self._base.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._base.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                self._base.execute("ROLLBACK")
            raise


def _free_companions(file: Path) -> None:
    """SQLite's files beside a ledger that was opened while nobody might write it are read-only, and stay: mend that."""
    if not os.access(file, os.W_OK):
        return
    for other in (file.with_name(f"{file.name}{ending}") for ending in ("-shm", "-wal")):
        if other.is_file() and not os.access(other, os.W_OK):
            with suppress(OSError):  # somebody else's; SQLite will tell
                other.chmod(file.stat().st_mode & 0o777)


def _place_of(file: Path) -> tuple[int, int] | None:
    try:
        facts = file.stat()
    except OSError:
        return None
    return facts.st_dev, facts.st_ino


def _is_complete(base: sqlite3.Connection) -> bool:
    found = {row[1] for row in base.execute("PRAGMA table_info(results)")}
    return found == set(COLUMNS)
