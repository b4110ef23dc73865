"""What a mode makes of a drawing: flat colours, and shades that lie on them, at the working size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .hints import Palette

Numbers = NDArray[np.int32]
Plane = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Colouring:
    """Colours of a drawing at its working size.

    Attributes:
        palette: the flat colours, paper first.
        numbers: (h, w) which of them every pixel has, below lines too; 0 is paper.
        shade: (h, w) by how much they are darkened, 0..1, 1 not at all; or None for flat colours alone.
    """

    palette: Palette
    numbers: Numbers
    shade: Plane | None = None

    @classmethod
    def of(cls, colours: NDArray[np.uint8], numbers: Numbers, shade: Plane | None = None) -> Colouring:
        """Without hints: (N, 3) colours, of which number 1 is the first."""
        every = np.concatenate([np.full((1, 3), 255, np.uint8), colours])
        return cls(Palette(every, np.zeros(0, np.int32), np.zeros(0, np.int32)), numbers, shade)
