"""Whether what an earlier run made is still there, and counts."""

from __future__ import annotations

from pathlib import Path

from .facts import Facts, facts_of, state_at
from .ledger import Row
from .outputs import Target
from .ready import Ready


def key_of(target: Target) -> Path:
    """By which the ledger knows it."""
    assert target.key is not None  # noqa: S101 - a session has a ledger
    return target.key


def place_of(ready: Ready, row: Row) -> Path | None:
    """Where the result of a row is."""
    return ready.root / row.written if row.written else None


def is_ours(ready: Ready, row: Row) -> bool:
    """Whether what is there was made by an earlier run and changed by nobody."""
    place = place_of(ready, row)
    if place is None or not row.written_facts:
        return False
    state = state_at(place)
    return bool(state) and (state == row.written_facts or facts_of(place).content == row.written_content)


def is_kept(ready: Ready, row: Row, target: Target) -> Facts | None:
    """What is known of the input, if the result is there already, made of the same content in the same way."""
    same = row.state == "done" and row.task == ready.task and row.second == ready.painter.second.digest(target)
    if not same or target.source is None or not is_ours(ready, row):
        return None
    state = state_at(target.source)
    if row.facts and row.facts == state:
        return Facts(row.content, state, settled=True)
    facts = facts_of(target.source)
    return facts if row.content and facts.content == row.content else None
