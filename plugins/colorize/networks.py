"""Which network paints in which mode, and the lines as it sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from senga.errors import ModelError
from senga.job import Job, Weights

from .colouring import Plane
from .drawing import Drawing
from .families import FAMILIES

if TYPE_CHECKING:
    from . import Colorize

OURS = {"shaded": "shades", "reference": "colour-reference/reference"}
"""By the mode: the style that is taken where none is named; an empty text where none comes with Senga."""


def weights_for(act: Colorize, job: Job, asked: str = "") -> Weights:
    """The network that paints in the mode of a filter.

    Args:
        act: the filter.
        job: gives weights.
        asked: the name of the network, in place of the filter's style.

    Raises:
        ModelError: none is there, or it is one for something else.
    """
    family, name = FAMILIES[act.mode], asked or act.style or OURS.get(act.mode, "")
    if not name:
        raise ModelError(
            f"No network for the mode “{act.mode}” comes with Senga: import one (`senga models import FILE`), "
            "and name it as style."
        )
    weights = job.weights(name)
    if weights.card.get("architecture") not in family.architectures:
        raise ModelError(f"“{name}” is no network for the mode “{act.mode}”: leave the style out, or name another.")
    return weights


def lines_of(drawing: Drawing, pixels: float, multiple: int = 1) -> Plane:
    """(a, b) the drawing as networks see it, 1 paper and 0 its darkest lines, with about so many pixels.

    Sides are multiples of a number; proportions are kept but for that.
    """
    ink = drawing.small_ink
    scale = min(1.0, (pixels / ink.size) ** 0.5)
    height, width = (max(1, round(side * scale / multiple)) * multiple for side in ink.shape)
    small = cv2.resize(ink, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)
    return np.asarray(1 - np.minimum(small / np.float32(drawing.darkest), 1), np.float32)
