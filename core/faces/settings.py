"""The settings by which filters are told where faces are, where they are not to be looked for."""

from __future__ import annotations

from typing import Any

from senga.settings import setting

LANDMARKS: Any = setting("", "A file with the landmarks of the faces of the picture; else they are found.")
POINTS: Any = setting((), "The same landmarks as shares of the picture, 68 for each face.", advanced=True)
