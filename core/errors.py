"""What can go wrong, drawn as a tree.

SengaError                something a painter can mend; the message is one sentence that names the thing and the mend
├── FileError             a picture file cannot be read or written
│   ├── ReadError
│   │   └── PartError     a part of a film was missing; what was made of the rest is there
│   └── WriteError
├── SettingsError         a setting is out of range or unknown; a recipe does not parse
├── UnknownFilterError    no filter of that name; suggests the nearest
├── PluginError           a plug-in failed to load, or raised while it ran
├── ModelError            weights are missing, damaged, refused or of another architecture
├── MissingExtraError     an optional package is not installed; names the command that installs it
└── MemoryBudgetError     the budget is too small for the smallest strip

Cancelled                 the user asked to stop; no SengaError: nothing is wrong, nobody has to mend anything
"""

from __future__ import annotations

from pathlib import Path


class SengaError(Exception):
    """Something a painter can mend. ``str(error)`` is shown to them as it is."""


class FileError(SengaError):
    """A picture file cannot be used; ``path`` names it (None for a stream)."""

    def __init__(self, message: str, path: Path | None = None) -> None:
        super().__init__(message)
        self.path = path


class ReadError(FileError):
    """A file cannot be read as a picture."""


class PartError(ReadError):
    """A part of a film was missing or damaged; ``written`` is the file that was made of the rest."""

    written: Path | None = None


class WriteError(FileError):
    """A picture cannot be written there."""


class SettingsError(SengaError):
    """A setting, option or recipe is wrong."""


class UnknownFilterError(SengaError):
    """No filter of that name is loaded."""


class PluginError(SengaError):
    """A plug-in failed; ``plugin`` names it."""

    def __init__(self, message: str, plugin: str = "") -> None:
        super().__init__(message)
        self.plugin = plugin


class ModelError(SengaError):
    """The weights of a style are missing, damaged, refused, or of another architecture."""


class MissingExtraError(SengaError):
    """An optional package is needed and not installed."""


class MemoryBudgetError(SengaError):
    """The memory budget is too small for the smallest piece of work."""


class Cancelled(Exception):  # noqa: N818 - a request, not an error
    """The user asked to stop."""
