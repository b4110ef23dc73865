"""The beginning of a film or another animation, for a quick look at what will become of it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from senga.image import Animation, Film, Frame


def beginning(animation: Animation, seconds: float) -> Animation:
    """Its first seconds, with their sound; what comes later is not even decoded."""
    film = animation.film and _begun(animation.film, seconds)

    def frames() -> Iterator[Frame]:
        left = seconds
        for frame in animation.frames():
            yield replace(frame, seconds=min(frame.seconds, left))
            left -= frame.seconds
            if left <= _LEAST:
                return

    count = math.ceil(seconds * film.rate) if film else sum(1 for _ in frames())
    return replace(animation, frames=frames, film=film, count=min(count or animation.count, animation.count))


_LEAST = 1e-3
"""Seconds of a frame of which nothing would be seen."""


def _begun(film: Film, seconds: float) -> Film:
    ends = film.start + seconds
    chapters = tuple((start, min(end, ends), title) for start, end, title in film.chapters if start < ends)
    return replace(film, ends=ends if film.ends is None else min(ends, film.ends), chapters=chapters)
