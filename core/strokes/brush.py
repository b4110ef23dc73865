"""What draws: the grey of a stroke across its width, its grain, its ends."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from senga.errors import SettingsError
from senga.names import nearest


@dataclass(frozen=True)
class Brush:
    """A pencil grade or another tool that draws lines.

    A stroke of grey G is darkest in its middle and fades to paper at both sides: at the distance u from the middle
    (0..1) its mean is ``G + (250 - G) * u ** fullness``.

    Attributes:
        name: lower case with dashes, unique: what users type.
        title: what a menu shows.
        fullness: how the grey fills the width; 1 is a sharp hard pencil, 2 and more a blunt soft one.
        depth: how dark the darkest stroke is, 0..1; 1 is black.
        swell: 0 draws light tones with grey strokes, 1 with thin black ones, as a pen does.
        grain: strength of the graininess; 1 is the variance of the paper's pencil.
        coarseness: size of a grain, in fifths of the stroke width.
        taper: how much the ends of a stroke fade, 0..1.
        pressure: how much of the darkness that is set is pressed into the paper; less for tools that cover well.
        bend: how much strokes curve; 1 sags by about a quarter of the stroke width.
    """

    name: str
    title: str
    fullness: float = 1.0
    depth: float = 1.0
    swell: float = 0.0
    grain: float = 1.0
    coarseness: float = 1.0
    taper: float = 1.0
    pressure: float = 1.0
    bend: float = 1.0


BUILTIN_BRUSHES = (
    Brush("pencil", "Pencil (HB)"),
    Brush("soft-pencil", "Soft pencil (6B)", fullness=1.6, grain=3.0, coarseness=1.4, taper=0.8, pressure=0.8),
    Brush(
        "charcoal", "Charcoal", fullness=2.2, depth=0.9, grain=12.0, coarseness=2.2, taper=0.7, pressure=0.6, bend=1.3
    ),
    Brush("ink", "Ink pen", swell=1.0, grain=0.0, taper=0.6, pressure=0.5),
)
"""The brushes that come with Senga."""


def find(name: str, extra: Iterable[Brush] = ()) -> Brush:
    """The brush of that name among the built-in ones and ``extra``; an extra one wins over a built-in one.

    Raises:
        SettingsError: there is none; the message suggests the nearest.
    """
    brushes = {brush.name: brush for brush in (*BUILTIN_BRUSHES, *extra)}
    if name in brushes:
        return brushes[name]
    hint = nearest(name, brushes) or f"choose one of: {', '.join(brushes)}."
    raise SettingsError(f"There is no brush “{name}”: {hint}")
