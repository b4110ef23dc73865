"""Small pictures for the report."""

from __future__ import annotations

import io
from contextlib import suppress

from senga.image import Animation, Image

SIDE = 240
"""Pixels of the longer side at most."""
_QUALITY = 72


def small_of(picture: Image | Animation) -> bytes:
    """A JPEG of a picture, over white; nothing of an animation, whose frames would have to be painted again."""
    if isinstance(picture, Animation):
        return b""
    picture = picture.alternatives[0].picture if picture.alternatives else picture
    with suppress(OSError, ValueError):  # no report is worth a result
        whole = picture.pil()
        whole.thumbnail((SIDE, SIDE))
        shown = whole.convert("RGBA")
        ground = shown.copy()
        ground.paste((255, 255, 255, 255), (0, 0, *shown.size))
        ground.alpha_composite(shown)
        stream = io.BytesIO()
        ground.convert("RGB").save(stream, "JPEG", quality=_QUALITY)
        return stream.getvalue()
    return b""
