"""The runner: Senga on the command line and in scripts."""

from __future__ import annotations


def main() -> None:
    """The ``senga`` command."""
    from .app import main as run

    run()
