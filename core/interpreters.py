"""Python processes of Senga import nothing from the working folder: pictures of strangers lie there.

A file called ``struct.py`` beside the photographs would otherwise run in every process that is started there.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

_FORBID = {"PYTHONSAFEPATH": "1", "NoDefaultCurrentDirectoryInExePath": "1"}
"""For modules everywhere, and for programs on Windows, which looks for those in the working folder first."""
OWN = (sys.executable, "-P")
"""How a Python of ours is started: the same one, with the safe path."""


def leave_working_folder() -> None:
    """Import nothing more from the working folder, here and in every Python that this process starts.

    Places that the user named by an absolute path stay, even if that is the working folder.
    """
    named = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    with suppress(OSError):  # the working folder may be gone
        here = str(Path.cwd())
        relative = {os.path.abspath(place) for place in named if not Path(place).is_absolute()}  # noqa: PTH100 - as site
        first, *others = sys.path  # what ``python -m`` puts first
        sys.path[:] = [place for place in others if place and place not in relative]
        if first not in ("", here) or here in named:
            sys.path.insert(0, first)
    guard_children()


def guard_children() -> None:
    """See to it that every Python and every program that this process starts leaves the working folder alone."""
    os.environ.update(guarded(os.environ.copy()))
    if not os.environ["PYTHONPATH"]:
        del os.environ["PYTHONPATH"]
    os.environ.update(_FORBID)


def guarded(environment: dict[str, str]) -> dict[str, str]:
    """An environment that names no place for modules or programs which depends on the working folder."""
    named = {name: environment.get(name, "").split(os.pathsep) for name in ("PYTHONPATH", "PATH")}
    kept = {name: [place for place in places if Path(place).is_absolute()] for name, places in named.items()}
    return environment | {name: os.pathsep.join(places) for name, places in kept.items()}
