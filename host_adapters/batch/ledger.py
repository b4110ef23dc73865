"""What was done: an SQLite file in the folder of the results, which outlives every way to end."""

from __future__ import annotations

import os
import socket
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from senga.errors import SettingsError, WriteError

FOLDER = ".senga"
"""In the folder of the results; holds the ledger and what belongs to it."""
_NAME = "ledger.sqlite"
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
_BEAT, _SILENCE = 5.0, 60.0
"""Seconds between two signs of life, and without one until a run on another machine counts as ended."""
_PATIENCE = 60.0
"""Seconds to wait for another run that writes."""

_PLANNED = """
INSERT INTO results (output, source, inside, wanted, state, changed) VALUES (?, ?, ?, ?, 'waiting', ?)
ON CONFLICT (output) DO UPDATE SET source = excluded.source, inside = excluded.inside, wanted = excluded.wanted
"""

State = Literal["waiting", "working", "done", "failed", "skipped"]
STATES: tuple[State, ...] = ("waiting", "working", "done", "failed", "skipped")


@dataclass(frozen=True)
class Row:
    """One result, planned or made; the fields are the columns.

    Attributes:
        output: the planned name, from the folder.
        source: the input.
        inside: its folder, from the one that was named.
        wanted: the digest of the task that plans it.
        state: where it stands.
        run: who works or worked on it.
        changed: when the state did, in seconds since 1970.
        made: when the result was written.
        reason: why it failed.
        task: the digest of the task that made what is written.
        content: the digest of the input that it was made of.
        facts: the state of that file.
        second: of its second pictures.
        written: the name that the result got, from the folder.
        written_content: its digest.
        written_facts: the state of that file.
        seconds: that it took.
        size: bytes of the input.
        written_size: bytes of the result.
        before: small picture of the input.
        after: small picture of the result.
    """

    output: Path
    source: Path
    inside: Path
    wanted: str
    state: State
    run: int | None
    changed: float
    made: float | None
    reason: str
    task: str
    content: str
    facts: str
    second: str
    written: Path | None
    written_content: str
    written_facts: str
    seconds: float
    size: int
    written_size: int
    before: bytes | None
    after: bytes | None


_PATHS = {"output", "source", "inside", "written"}
_COLUMNS = tuple(Row.__dataclass_fields__)
_LIGHT = ", ".join("NULL" if name in ("before", "after") else name for name in _COLUMNS)


def _row(values: tuple[Any, ...]) -> Row:
    pairs = zip(_COLUMNS, values, strict=True)
    facts: dict[str, Any] = {name: _path(value) if name in _PATHS else value for name, value in pairs}
    return Row(**facts)


def _path(value: bytes | None) -> Path | None:
    return None if value is None else Path(os.fsdecode(value))


def _stored(value: Any) -> Any:
    """A path as its bytes: names need not be text, and sentences that quote them are made to be some."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    return os.fsencode(value) if isinstance(value, Path) else value


class Ledger:
    """The results in a folder, and who is at work on them.

    Args:
        folder: of the results.
        make: the ledger may be made; otherwise it must be there.

    Raises:
        SettingsError: there is none, it is none of ours, or of a newer Senga.
        WriteError: it is damaged, or cannot be written.
    """

    def __init__(self, folder: Path, *, make: bool = True) -> None:
        self.folder = folder
        self.home = folder / FOLDER
        self.file = self.home / _NAME
        self.run = 0
        self._lock: Any = None
        self._ended = threading.Event()
        if not make and not self.file.is_file():
            raise SettingsError(f"There is no ledger of a batch in “{folder}”.")
        with self._telling():
            self.home.mkdir(parents=True, exist_ok=True)
            self._base = self._connected()
        self._place = _place_of(self.file)

    @staticmethod
    def is_in(folder: Path) -> bool:
        """Whether there is one."""
        return (folder / FOLDER / _NAME).is_file()

    def _connected(self) -> sqlite3.Connection:
        base = sqlite3.connect(self.file, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
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
    def _telling(self) -> Iterator[None]:
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

    def close(self) -> None:
        """Give back the lock; what is still marked as in work counts as interrupted."""
        self._ended.set()
        with suppress(sqlite3.Error):
            if self.run:
                self._base.execute("UPDATE runs SET ended = ? WHERE id = ?", (time.time(), self.run))
            self._base.close()
        if self._lock is not None:
            with suppress(OSError):
                self._lock.close()
                self._lock_of(self.run).unlink()
            self._lock = None

    # ---- who is at work

    def begin(self, task: str, told: str, *, fresh: bool) -> float:
        """Take part in the work on this folder.

        Args:
            task: the digest of what is to be done.
            told: all that is needed to do it, as JSON.
            fresh: earlier results do not count.

        Returns:
            From when on results count.

        Raises:
            SettingsError: somebody else does another task here.
        """
        now = time.time()
        with self._telling(), self._at_once():
            others = [run for run in self._runs() if self._is_alive(*run)]
            for _, host, process, other, _, _ in others:
                if other != task or host != socket.gethostname():
                    who = f"process {process} on {host}"
                    where = f"Another batch ({who}) is at work in “{self.folder}”"
                    raise SettingsError(f"{where}: wait for it, end it, or choose another folder.")
            given = (task, socket.gethostname(), os.getpid(), now, now)
            found = self._base.execute(
                "INSERT INTO runs (task, host, process, begun, beat) VALUES (?, ?, ?, ?, ?)", given
            )
            self.run = found.lastrowid or 0
            self._lock = _locked(self._lock_of(self.run))
            self._base.execute("INSERT OR REPLACE INTO tasks VALUES (?, ?, ?)", (task, told, now))
        threading.Thread(target=self._live, daemon=True).start()
        if not fresh:
            return 0.0
        return min([now, *(begun for *_, begun in others)])

    def _runs(self) -> list[tuple[int, str, int, str, float, float]]:
        return self._base.execute(
            "SELECT id, host, process, task, beat, begun FROM runs WHERE ended IS NULL"
        ).fetchall()

    def _lock_of(self, run: int) -> Path:
        return self.home / f"run-{run}.lock"

    def _is_alive(self, run: int, host: str, _process: int, _task: str, beat: float, _begun: float) -> bool:
        """Whether a run is at work: its lock ends with its process, on another machine its beat does."""
        if run == self.run:
            return True
        if host == socket.gethostname():
            return _is_locked(self._lock_of(run), default=time.time() - beat < _SILENCE)
        return time.time() - beat < _SILENCE

    def _live(self) -> None:
        """Give signs of life, in a thread of its own."""
        with suppress(sqlite3.Error, OSError):
            base = sqlite3.connect(self.file, timeout=_PATIENCE, isolation_level=None)
            while not self._ended.wait(_BEAT):
                with suppress(sqlite3.Error):
                    base.execute("UPDATE runs SET beat = ? WHERE id = ?", (time.time(), self.run))
            base.close()

    @contextmanager
    def _at_once(self) -> Iterator[None]:
        self._base.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._base.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                self._base.execute("ROLLBACK")
            raise

    # ---- the results

    def plan(self, task: str, rows: Iterable[tuple[Path, Path, Path]]) -> None:
        """Note what is to be done: output, input and its folder; what was done stays noted.

        Raises:
            SettingsError: another run makes this output of another input.
        """
        with self._telling(), self._at_once():
            alive = {run[0] for run in self._runs() if self._is_alive(*run) and run[0] != self.run}
            for output, source, inside in rows:
                found = self._find(output)
                if found and found.source != source and found.run in alive and found.state == "working":
                    raise SettingsError(f"{found.source} and {source} would both be written to {output}.")
                given = (*map(_stored, (output, source, inside)), task, time.time())
                self._base.execute(_PLANNED, given)

    def _find(self, output: Path) -> Row | None:
        found = self._base.execute(f"SELECT {_LIGHT} FROM results WHERE output = ?", (_stored(output),)).fetchone()  # noqa: S608 - our columns
        return _row(found) if found else None

    def look(self, output: Path) -> Row | None:
        """The row of an output, if it ever was planned."""
        with self._telling():
            return self._find(output)

    def pace(self, task: str) -> tuple[float, int]:
        """How long all results of a task took, in seconds, and how many bytes they were made of."""
        with self._telling():
            query = "SELECT total(seconds), total(size) FROM results WHERE task = ? AND state = 'done'"
            seconds, size = self._base.execute(query, (task,)).fetchone()
        return float(seconds), int(size)

    def find(self, output: Path) -> Row:
        """The row of a planned output."""
        found = self.look(output)
        assert found is not None  # noqa: S101 - it was planned
        return found

    def is_at_work(self, row: Row) -> bool:
        """Whether somebody else is making it."""
        if row.state != "working" or row.run == self.run:
            return False
        with self._telling():
            return any(run[0] == row.run and self._is_alive(*run) for run in self._runs())

    def claim(self, row: Row) -> bool:
        """Make a result ours to make, unless its row changed meanwhile."""
        self.check_place()
        with self._telling():
            found = self._base.execute(
                "UPDATE results SET state = 'working', run = ?, changed = ?"
                " WHERE output = ? AND state = ? AND run IS ? AND changed = ?",
                (self.run, time.time(), _stored(row.output), row.state, row.run, row.changed),
            )
        return found.rowcount == 1

    def note(self, output: Path, state: State, **facts: Any) -> None:
        """What became of a result."""
        self.check_place()
        columns = {"state": state, "run": self.run, "changed": time.time(), **facts}
        told = ", ".join(f"{name} = ?" for name in columns)
        with self._telling():
            self._base.execute(
                f"UPDATE results SET {told} WHERE output = ?",  # noqa: S608 - our columns
                (*map(_stored, columns.values()), _stored(output)),
            )

    def counts(self) -> dict[str, int]:
        """How many results there are of each state; what is in work by nobody waits."""
        with self._telling():
            found = dict(self._base.execute("SELECT state, count(*) FROM results GROUP BY state").fetchall())
            alive = [run[0] for run in self._runs() if self._is_alive(*run)]
            places = ", ".join("?" * len(alive))
            lost = self._base.execute(
                f"SELECT count(*) FROM results WHERE state = 'working' AND run NOT IN ({places})",  # noqa: S608 - marks
                alive,
            ).fetchone()[0]
        counts: dict[str, int] = {state: found.get(state, 0) for state in STATES}
        counts["waiting"] += lost
        counts["working"] -= lost
        return counts

    def rows(self, *states: State, pictures: bool = False) -> Iterator[Row]:
        """All rows, or those of these states, one by one in the order of their outputs."""
        chosen = states or STATES
        columns = ", ".join(_COLUMNS) if pictures else _LIGHT
        marks = ", ".join("?" * len(chosen))
        with self._telling():
            yield from map(
                _row,
                self._base.execute(
                    f"SELECT {columns} FROM results WHERE state IN ({marks}) ORDER BY output",  # noqa: S608 - marks
                    chosen,
                ),
            )

    def task(self) -> tuple[str, str]:
        """The last task that was begun: its digest and what was told of it.

        Raises:
            SettingsError: none ever was.
        """
        with self._telling():
            found = self._base.execute("SELECT digest, told FROM tasks ORDER BY planned DESC LIMIT 1").fetchone()
        if found is None:
            raise SettingsError(f"No batch was begun in “{self.folder}”.")
        return str(found[0]), str(found[1])


def _place_of(file: Path) -> tuple[int, int] | None:
    try:
        facts = file.stat()
    except OSError:
        return None
    return facts.st_dev, facts.st_ino


def _is_complete(base: sqlite3.Connection) -> bool:
    found = {row[1] for row in base.execute("PRAGMA table_info(results)")}
    return found == set(_COLUMNS)


def _locked(path: Path) -> Any:
    """An open file that is locked as long as this process lives, where the file system has locks."""
    stream = path.open("ab")
    with suppress(ImportError, OSError):
        import fcntl

        fcntl.flock(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    return stream


def _is_locked(path: Path, *, default: bool) -> bool:
    try:
        import fcntl
    except ImportError:
        return default
    try:
        with path.open("rb") as stream:
            fcntl.flock(stream.fileno(), fcntl.LOCK_SH | fcntl.LOCK_NB)
            path.unlink(missing_ok=True)
            return False
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    except OSError:  # no locks here
        return default
