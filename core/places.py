"""Where Senga keeps what belongs to the user."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def config_folder() -> Path:
    """Small choices of the user, such as disabled plug-ins; ``SENGA_HOME`` overrides."""
    home = os.environ.get("SENGA_HOME")
    return Path(home) if home else platformdirs.user_config_path("senga", appauthor=False)


def data_folder() -> Path:
    """Pulled and imported model weights; ``SENGA_HOME`` overrides."""
    home = os.environ.get("SENGA_HOME")
    return Path(home) if home else platformdirs.user_data_path("senga", appauthor=False)
