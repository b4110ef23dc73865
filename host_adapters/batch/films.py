"""What options ask of films, beside what they ask of every picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from senga.image import Animation, Image


def begun(source: Image | Animation, options: Mapping[str, Any]) -> Image | Animation:
    """The beginning of a film, if no more is asked for."""
    from senga.files.beginning import beginning

    seconds = options.get("preview")
    return beginning(source, seconds) if seconds and isinstance(source, Animation) else source
