"""How a batch stands: ``senga batch status``."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from senga.language import tr
from senga.output import ours
from senga.plain import tell

from .ledger import Ledger
from .outlook import tell_json


def tell_status(folder: Path, *, as_json: bool) -> int:
    """Print how many results there are of each state, and what failed.

    Returns:
        1 if something failed, else 0.

    Raises:
        SengaError: there is no ledger, or it cannot be read.
    """
    with closing(Ledger(folder, make=False)) as ledger:
        counts = ledger.counts()
        if as_json:
            with ours():
                for row in ledger.rows("failed"):
                    tell_json({"event": "failed", "input": str(row.source), "message": row.reason})
                tell_json({"event": "status", **counts})
        else:
            text = tr("{done} done, {failed} failed, {skipped} skipped, {working} in work, {waiting} waiting")
            tell(text.format(**counts))
            tell(*(f"  {row.reason}" for row in ledger.rows("failed")))
        return 1 if counts["failed"] else 0
