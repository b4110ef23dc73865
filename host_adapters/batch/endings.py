"""The endings of results: those of the inputs where they can hold the result, else what fits."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from senga.filter import Makes

if TYPE_CHECKING:
    from senga.files.kinds import Kind

PIPE = "-"


def places_of(name: str) -> tuple[str, str]:
    """The stem of an input, and its ending if it is one of pictures."""
    from senga.files.kinds import ending_of

    if name == PIPE:
        return "picture", ""
    whole = Path(name).name
    known = ending_of(whole)
    return whole.removesuffix(known), known


def moves_of(kind: Kind, makes: Makes) -> bool | None:
    """Whether the result moves; None if that is not known before."""
    return True if kind.moves or makes == "animation" else False if makes else None


def fitting_ending(wish: str, kind: Kind, makes: Makes, codec: str = "auto") -> str:
    """The wished file ending if it can hold the result; layers become OpenRaster, an animation of a still WebP."""
    from senga.files.formats import format_of
    from senga.files.video_codecs import usual_ending

    found = format_of(wish)
    writes = found is not None and found.writes
    if makes == "layers" and not kind.moves:
        return wish if writes and found and found.layers else ".ora"
    if not moves_of(kind, makes):
        return wish if writes and found and found.still else ".png"
    fits = kind.moves and writes and found is not None and found.moves
    if kind.film:  # other kinds of films are written where they are named
        return usual_ending(codec, wish if fits and found and (found.still or found.name == "MP4") else ".mp4")
    return wish if fits else ".webp"
