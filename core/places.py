"""Where Senga keeps what belongs to the user."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

_NOWHERE = Path("/nonexistent/senga").absolute()


def config_folder() -> Path:
    """Small choices of the user, such as disabled plug-ins; ``SENGA_HOME`` overrides."""
    return _chosen() or _settled(platformdirs.user_config_path("senga", appauthor=False))


def data_folder() -> Path:
    """Pulled and imported model weights; ``SENGA_HOME`` overrides."""
    return _chosen() or _settled(platformdirs.user_data_path("senga", appauthor=False))


def cache_folder() -> Path:
    """What can be made again at any time; ``SENGA_HOME`` overrides."""
    chosen = _chosen()
    return chosen / "cache" if chosen else _settled(platformdirs.user_cache_path("senga", appauthor=False))


def _chosen() -> Path | None:
    home = os.environ.get("SENGA_HOME")
    return Path(os.path.abspath(os.path.expanduser(home))) if home else None  # noqa: PTH100, PTH111 - they never raise


def _settled(folder: Path) -> Path:
    """The folder; a user without a home has none, rather than one wherever a program was started."""
    return folder if folder.is_absolute() else _NOWHERE
