"""The runner: Senga on the command line and in scripts."""

from __future__ import annotations


def main() -> None:
    """The ``senga`` command."""
    from senga.interpreters import leave_working_folder
    from senga.output import protect

    leave_working_folder()  # before anything else is imported
    protect()
    from .app import main as run

    run()
