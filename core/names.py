"""Names of styles and families: what users type and files are called."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

_NAME = re.compile(r"[a-z0-9]+([._-][a-z0-9]+)*")
_DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}
SLASH = "/"


def is_safe_name(name: str) -> bool:
    """Whether a name can be a file name on every system."""
    return bool(_NAME.fullmatch(name)) and len(name) <= 64 and name.split(".")[0] not in _DEVICES


def parted(name: str) -> tuple[str, str] | None:
    """The family (or an empty text) and the short name in the name of a style; None where it is none.

    >>> parted("animegan/hayao"), parted("hayao"), parted("../hayao")
    (('animegan', 'hayao'), ('', 'hayao'), None)
    """
    family, slash, style = name.rpartition(SLASH)
    if not is_safe_name(style) or (slash and not is_safe_name(family)):
        return None
    return family, style


def joined(family: str, style: str) -> str:
    """The full name of a style."""
    return f"{family}{SLASH}{style}" if family else style


def nearest(name: str, known: Iterable[str]) -> str:
    """What a sentence that there is no such name may end with: the name that looks like it; or nothing."""
    near = difflib.get_close_matches(name, known, 1, 0.5)
    return f"did you mean “{near[0]}”?" if near else ""
