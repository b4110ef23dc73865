"""Moments as people write them: a day, a day with its hour, or how long ago."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

_AGE = re.compile(r"(\d{1,6}(?:\.\d{1,6})?)\s*(s|min|m|h|d|w)")
_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


def moment(text: str, now: datetime) -> float | None:
    """Seconds since 1970, or None if it is no moment; without a zone, the one of ``now`` is meant.

    >>> from datetime import UTC
    >>> now = datetime(2026, 11, 30, 12, tzinfo=UTC)
    >>> moment("12h", now) == moment("2026-11-30", now)
    True
    """
    age = _AGE.fullmatch(text.strip())
    try:
        if age:
            return (now - timedelta(seconds=float(age[1]) * _SECONDS[age[2]])).timestamp()
        found = datetime.fromisoformat(text.strip())
        return (found if found.tzinfo else found.replace(tzinfo=now.tzinfo)).timestamp()
    except (ValueError, OverflowError, OSError):
        return None
