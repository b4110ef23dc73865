"""Sentences about models and where they come from."""

from __future__ import annotations

from pathlib import Path

from .catalog import ModelEntry


def name_for(path: Path) -> str:
    """A name made from that of a file."""
    plain = "".join(letter if letter.isascii() and letter.isalnum() else " " for letter in path.stem.lower())
    return "-".join(plain.split())


def cost_of(entry: ModelEntry) -> str:
    """What fetching costs: size and terms."""
    size = f"{entry.size / 1e6:.1f} MB, " if entry.size else ""
    return f" ({size}{entry.licence})"


def by_hand(entry: ModelEntry, name: str) -> str:
    """How a model gets here without this program; ``name`` is what it is called."""
    where = f"Fetch {entry.urls[0]} on another machine" if entry.urls else "Get the file from its author"
    return f"{where}, and import it here with `senga models import FILE --name {name}`."
