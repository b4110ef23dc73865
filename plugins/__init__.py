"""The filters that come with Senga, registered by the same hooks as everybody else's."""

from __future__ import annotations

BUILTIN = (
    "senga.plugins.animegan",
    "senga.plugins.sketch",
    "senga.plugins.color_pencil",
    "senga.plugins.drawing_process",
)
"""The only list of built-in plug-ins: importable names, loaded in this order."""
