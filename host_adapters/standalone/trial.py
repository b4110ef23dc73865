"""Load the plug-ins in another process first: one that ends its process, or never comes back, takes nobody with it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict

from senga.announced import announced
from senga.interpreters import OWN, guard_children
from senga.output import finish, protect
from senga.registry import Plugin, Plugins
from senga.switches import read_disabled

PATIENCE = 30.0
"""Seconds for all plug-ins together."""

_CODE = f"from {__name__} import report; report()"


def tried() -> list[Plugin]:
    """Every plug-in with its state.

    Each try that fails leaves a note about whose turn it was (``senga.turns``), and the next one leaves that out.
    """
    strangers = [each for each in announced() if each.point.name not in read_disabled()]
    if not strangers:
        return list(Plugins(strict=False).known.values())
    for _ in range(len(strangers) + 1):
        found = _told()
        if found is not None:
            return found
    why = "a process that loads the plug-ins ends, and which of them ends it could not be noted"
    known = Plugins(strict=False, third_party=False).known.values()
    return [*known, *(Plugin(each.point.name, each.origin, "broken", why) for each in strangers)]


def _told() -> list[Plugin] | None:
    """What another process finds, or None when it did not get to the end."""
    guard_children()
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter
            [*OWN, "-c", _CODE], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=PATIENCE, check=False
        )
        return [Plugin(**facts | {"filters": tuple(facts["filters"])}) for facts in json.loads(done.stdout)]
    except (subprocess.TimeoutExpired, ValueError):
        return None


def report() -> None:
    """The other process: tell what was found."""
    protect()
    json.dump([asdict(plugin) for plugin in Plugins(strict=False).known.values()], sys.stdout)
    finish()
    os._exit(0)  # and wait for no thread that a plug-in left running
