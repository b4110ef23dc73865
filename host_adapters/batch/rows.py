"""One result in a ledger, and how it stands in the database."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

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
COLUMNS = tuple(Row.__dataclass_fields__)
LIGHT = ", ".join("NULL" if name in ("before", "after") else name for name in COLUMNS)
"""All columns, without the small pictures."""


def row_of(values: tuple[Any, ...]) -> Row:
    """What the database gave."""
    pairs = zip(COLUMNS, values, strict=True)
    facts: dict[str, Any] = {name: _path(value) if name in _PATHS else value for name, value in pairs}
    return Row(**facts)


def _path(value: bytes | None) -> Path | None:
    return None if value is None else Path(os.fsdecode(value))


def stored(value: Any) -> Any:
    """A path as its bytes: names need not be text, and sentences that quote them are made to be some."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    return os.fsencode(value) if isinstance(value, Path) else value
