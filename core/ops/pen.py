"""Lines without a network: differences of Gaussians along the flow of the forms.

References:
    Kang, Lee, Chui: Flow-based image abstraction. TVCG 2009.
    Winnemöller, Kyprianidis, Olsen: XDoG, an eXtended difference-of-Gaussians compendium. Computers & Graphics 2012.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from senga.job import Job

from . import outlines, tangents
from .lightness import luma

Plane = NDArray[np.float32]

SIGMA = 0.9
"""Half the width of the lines, in pixels; ``SMOOTH`` of the flow, and ``COHERENCE`` along it."""
SMOOTH, COHERENCE = 2.5, 3.5
FAINTEST, SHARPNESS = 0.006, 110.0


def pen(picture: Plane, job: Job, sensitivity: float = 1.0) -> Plane:
    """Ink in 0..1, (H, W), on the darker side of the edges of (H, W, 3) colours in 0..1.

    Edges count ``sensitivity`` times what they are.
    """
    field = tangents.tangents(picture, SMOOTH * SIGMA)
    response = outlines.flowing(luma(picture), SIGMA, COHERENCE * SIGMA, field, job)
    return np.asarray(1 - outlines.ink(np.float32(sensitivity) * response, FAINTEST, SHARPNESS), np.float32)


def reach() -> int:
    """Pixels that ``pen`` sees in each direction."""
    return outlines.reach_of(SIGMA, COHERENCE * SIGMA) + math.ceil(2.5 * SMOOTH * SIGMA) + 6
