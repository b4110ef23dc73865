"""Python processes of Senga import nothing from the working folder: pictures of strangers lie there.

A file called ``struct.py`` beside the photographs would otherwise run in every process that is started there.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

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
    """See to it that every Python which this process starts leaves the working folder alone."""
    os.environ.update(guarded(os.environ.copy()))
    if not os.environ["PYTHONPATH"]:
        del os.environ["PYTHONPATH"]
    os.environ["PYTHONSAFEPATH"] = "1"


def guarded(environment: dict[str, str]) -> dict[str, str]:
    """An environment whose ``PYTHONPATH`` names no place that depends on the working folder."""
    named = environment.get("PYTHONPATH", "").split(os.pathsep)
    return environment | {"PYTHONPATH": os.pathsep.join(place for place in named if Path(place).is_absolute())}
