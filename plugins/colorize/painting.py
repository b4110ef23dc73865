"""From a line drawing to colours under its lines, by the mode that is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from senga.image import Image
from senga.job import Job

from .colouring import Colouring, Numbers
from .drawing import Drawing, drawing_of
from .filling import filled
from .flats import flats_of
from .hints import Palette, apart, check_points, marks_of, palette_of
from .laying import laid
from .networks import weights_for
from .shading import coloured_by
from .suggestions import suggested

if TYPE_CHECKING:
    from . import Colorize


def painted(image: Image, act: Colorize, job: Job) -> Image:
    """The coloured drawing, with its layers if they are asked for.

    Raises:
        SengaError: there are no lines, no hints, or no network.
    """
    check_points(act.points, act.colours)
    hints = act.picture("hints") if act.mode in HINTED else None
    if hints is not None:
        hints = apart(hints, image, job.alpha)
        act = act.with_pictures({"hints": hints})
    drawing = drawing_of(image, act.gap, act.faintest_line, job.part(0, 0.4))
    act = act.model_copy(update={"mode": mode_of(act)})
    if act.mode == "automatic":
        return suggested(image, drawing, act, job.part(0.4, 1))
    made = MAKERS[act.mode](drawing, act, job.part(0.4, 0.6))
    job = job.part(0.6, 1)
    return laid(image, drawing, made, job, hints=hints, shading=act.shading, in_layers=act.separate_layers)


def mode_of(act: Colorize) -> str:
    """The mode: that of another picture where there is one and nothing that the mode of hints could take."""
    hinted = act.hints is not None or bool(act.points)
    return "reference" if act.mode == "hints" and act.reference is not None and not hinted else act.mode


def from_hints(drawing: Drawing, act: Colorize, job: Job) -> Colouring:
    """Colours spread from hints.

    Raises:
        SengaError: there are no hints.
    """
    job.progress(0.0, "Spreading colours")
    palette = palette_of(act.picture("hints"), act.colours)
    return _spread(drawing, act, palette, _marks(drawing, act, palette, job))


def with_shades(drawing: Drawing, act: Colorize, job: Job) -> Colouring:
    """Colours from hints, and shades on them by a network; where it may guess, colours without hints, too.

    Raises:
        SengaError: there is no network, or there are no hints and it may not guess.
    """
    from .shaded import seen_by

    both, guesses = (weights_for(act, job), weights_for(act, job, act.second_style or "")), _guesses(act)
    palette = palette_of(act.picture("hints"), act.colours)
    is_bare = guesses and act.hints is None and not act.points
    marks = np.zeros(drawing.labels.shape, np.int32) if is_bare else _marks(drawing, act, palette, job)
    spread = _spread(drawing, act, palette, marks)
    return coloured_by(drawing, seen_by(both, drawing, spread, marks, job), spread, guesses=guesses)


def _guesses(act: Colorize) -> bool:
    """Whether regions without a hint become as a network guesses."""
    return act.without_hint == "network"


def every_other(drawing: Drawing, act: Colorize, _job: Job) -> Colouring:
    """A colour of its own for every region."""
    return Colouring(*flats_of(drawing, act.seed))


def _marks(drawing: Drawing, act: Colorize, palette: Palette, job: Job) -> Numbers:
    height, width = drawing.ink.shape
    return marks_of(act.picture("hints"), act.points, palette, (height, width), drawing.factor, job)


def _spread(drawing: Drawing, act: Colorize, palette: Palette, marks: Numbers) -> Colouring:
    smallest = act.smallest_region**2 * drawing.ink.size / 1e6 / drawing.factor**2
    spreads = act.without_hint == "neighbour"
    return Colouring(palette, filled(drawing, marks, act.overshoot, smallest, spreads=spreads))


def as_another(drawing: Drawing, act: Colorize, job: Job) -> Colouring:
    """The colours of another picture.

    Raises:
        SengaError: there is none, or no network.
    """
    from .reference import from_reference

    return from_reference(drawing, act, job)


MAKERS = {"hints": from_hints, "shaded": with_shades, "reference": as_another, "flats": every_other}
"""By the mode: what makes the colours of a drawing."""
HINTED = {"hints", "shaded"}
"""Modes that take hints."""
