"""Recipes as files."""

from __future__ import annotations

import stat
from pathlib import Path

from .trouble import Trouble

LIMIT = 1 << 20
"""Bytes of the longest recipe that Senga reads."""
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def read(path: str) -> str:
    """The text of a recipe, in UTF-8 or UTF-16, with or without a mark at its beginning.

    Raises:
        Trouble: it cannot be read; what is no file (a device, a pipe) is not touched, for it may never end.
    """
    try:
        if not stat.S_ISREG(Path(path).stat().st_mode):
            raise Trouble(f"The recipe {path} cannot be read: it is no file.")
        with Path(path).open("rb") as file:
            data = file.read(LIMIT + 1)
        if len(data) > LIMIT:
            raise Trouble(f"The recipe {path} cannot be read: it is too large.")
        return data.decode("utf-16" if data.startswith(_UTF_16) else "utf-8-sig")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", "") or "it is no text"
        raise Trouble(f"The recipe {path} cannot be read: {reason}.") from error
