"""Animations as notebooks show them: small, short, and made in a few seconds."""

from __future__ import annotations

import base64
import time
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from .codec import codec
from .image import Animation, Frame, Image

if TYPE_CHECKING:
    from collections.abc import Iterator

LONG_SIDE = 480
MOST_FRAMES = 60
PATIENCE = 10.0
"""Seconds after which no further frame is asked for: each may be painted only now."""


def animation_html(animation: Animation) -> str:
    """A GIF in a page, of the first frames; below it stands what was left out."""
    frames = list(_first(animation))
    shown = replace(animation, frames=lambda: iter(frames), count=len(frames), film=None)
    if frames:
        shown = replace(shown, height=frames[0].image.height, width=frames[0].image.width)
    data = base64.b64encode(codec().encode(shown, "gif")).decode("ascii") if frames else ""
    left_out = f"<br>The first {len(frames)} of {animation.count} frames" if len(frames) < animation.count else ""
    return f'<img src="data:image/gif;base64,{data}" alt="{animation.count} frames">{left_out}'


def _first(animation: Animation) -> Iterator[Frame]:
    started = time.monotonic()
    for frame in islice(animation.frames(), MOST_FRAMES):
        yield Frame(_small(frame.image), frame.seconds)
        if time.monotonic() - started > PATIENCE:
            return


def _small(image: Image) -> Image:
    pil = codec().to_pil(image)
    pil.thumbnail((LONG_SIDE, LONG_SIDE))
    return Image.of(np.asarray(pil))
