"""What was done: an SQLite file in the folder of the results, which outlives every way to end."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from senga.errors import SettingsError

from .database import Database
from .obstacles import meeting
from .roll import Roll
from .rows import COLUMNS, LIGHT, STATES, Row, State, row_of, stored

__all__ = ["FOLDER", "STATES", "Ledger", "Row", "State"]

FOLDER = ".senga"
"""In the folder of the results; holds the ledger and what belongs to it."""
_NAME = "ledger.sqlite"
_PLANNED = """
INSERT INTO results (output, source, inside, wanted, state, changed) VALUES (?, ?, ?, ?, 'waiting', ?)
ON CONFLICT (output) DO UPDATE SET source = excluded.source, inside = excluded.inside, wanted = excluded.wanted
"""


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
        self.folder, self.home = folder, folder / FOLDER
        if not make and not self.is_in(folder):
            raise SettingsError(f"There is no ledger of a batch in “{folder}”.")
        self._base = Database(self.home / _NAME)
        self._roll = Roll(self._base)

    @staticmethod
    def is_in(folder: Path) -> bool:
        """Whether there is one."""
        return (folder / FOLDER / _NAME).is_file()

    @property
    def run(self) -> int:
        """The number of this run; 0 until it has begun."""
        return self._roll.run

    def check_place(self) -> None:
        """Look whether the file is still there: otherwise results would go where nobody looks for them.

        Raises:
            WriteError: the folder was removed, renamed or unmounted.
        """
        self._base.check_place()

    def close(self) -> None:
        """Give back the lock; what is still marked as in work counts as interrupted."""
        self._roll.leave()
        with suppress(sqlite3.Error):
            self._base.close()
        self._roll.unlock()

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
        with self._base.telling(), self._base.at_once():
            begun = self._roll.enter(task)
            self._base.execute("INSERT OR REPLACE INTO tasks VALUES (?, ?, ?)", (task, told, time.time()))
        self._roll.stay()
        return begun if fresh else 0.0

    def plan(self, task: str, rows: Iterable[tuple[Path, Path, Path]]) -> None:
        """Note what is to be done: output, input and its folder; what was done stays noted.

        Raises:
            SettingsError: another run makes this output of another input.
        """
        with self._base.telling(), self._base.at_once():
            others = self._roll.at_work() - {self.run}
            for output, source, inside in rows:
                found = self._find(output)
                if found and found.source != source and found.run in others and found.state == "working":
                    raise meeting(found.source, source, output)
                given = (*map(stored, (output, source, inside)), task, time.time())
                self._base.execute(_PLANNED, given)

    def _find(self, output: Path) -> Row | None:
        found = self._base.execute(f"SELECT {LIGHT} FROM results WHERE output = ?", (stored(output),)).fetchone()  # noqa: S608 - our columns
        return row_of(found) if found else None

    def look(self, output: Path) -> Row | None:
        """The row of an output, if it ever was planned."""
        with self._base.telling():
            return self._find(output)

    def pace(self, task: str) -> tuple[float, int]:
        """How long all results of a task took, in seconds, and how many bytes they were made of."""
        with self._base.telling():
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
        with self._base.telling():
            return row.run in self._roll.at_work()

    def claim(self, row: Row) -> bool:
        """Make a result ours to make, unless its row changed meanwhile."""
        self._base.check_place()
        with self._base.telling():
            found = self._base.execute(
                "UPDATE results SET state = 'working', run = ?, changed = ?"
                " WHERE output = ? AND state = ? AND run IS ? AND changed = ?",
                (self.run, time.time(), stored(row.output), row.state, row.run, row.changed),
            )
        return found.rowcount == 1

    def note(self, output: Path, state: State, **facts: Any) -> None:
        """What became of a result."""
        self._base.check_place()
        columns = {"state": state, "run": self.run, "changed": time.time(), **facts}
        told = ", ".join(f"{name} = ?" for name in columns)
        with self._base.telling():
            self._base.execute(
                f"UPDATE results SET {told} WHERE output = ?",  # noqa: S608 - our columns
                (*map(stored, columns.values()), stored(output)),
            )

    def counts(self) -> dict[str, int]:
        """How many results there are of each state; what is in work by nobody waits."""
        with self._base.telling():
            found = dict(self._base.execute("SELECT state, count(*) FROM results GROUP BY state").fetchall())
            alive = sorted(self._roll.at_work())
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
        columns = ", ".join(COLUMNS) if pictures else LIGHT
        marks = ", ".join("?" * len(chosen))
        with self._base.telling():
            yield from map(
                row_of,
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
        with self._base.telling():
            found = self._base.execute("SELECT digest, told FROM tasks ORDER BY planned DESC LIMIT 1").fetchone()
        if found is None:
            raise SettingsError(f"No batch was begun in “{self.folder}”.")
        return str(found[0]), str(found[1])
