"""The runner: Senga on the command line and in scripts."""

from __future__ import annotations

PATIENCE = 5.0
"""Seconds that threads have to end when all is done."""


def main() -> None:
    """The ``senga`` command."""
    from senga.interpreters import leave_working_folder
    from senga.output import protect

    leave_working_folder()  # before anything else is imported
    protect()
    from .app import main as run

    try:
        run()
    finally:
        _end_soon()


def _end_soon() -> None:
    """Python waits for the threads of all; one of a plug-in that never ends must not keep the user waiting."""
    import os
    import sys
    import threading

    ended = sys.exc_info()[1]
    code = ended.code if isinstance(ended, SystemExit) and isinstance(ended.code, int) else 1
    end = threading.Timer(PATIENCE, os._exit, (code,))
    end.daemon = True
    end.start()
