"""From the 468 points of MediaPipe's mesh to the 68 of iBUG, chosen by looking at both on portraits."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

JAW = (127, 234, 93, 132, 58, 172, 136, 150, 149, 176, 148, 152,
       377, 400, 378, 379, 365, 397, 288, 361, 323, 454, 356)  # fmt: skip
"""The oval from the left temple over the chin to the right one: the jaw is 17 points on it at equal distances."""
BROWS = ((70, 46), (63, 53), (105, 52), (66, 65), (107, 55), (336, 285), (296, 295), (334, 282), (293, 283), (300, 276))
"""Upper and lower edge: landmarks lie between."""
REST = (168, 197, 5, 4, 75, 97, 2, 326, 305,
        33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380,
        61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181,
        78, 82, 13, 312, 308, 317, 14, 87)  # fmt: skip
"""The nose, the eyes, the lips outside and inside: landmarks 27 to 67."""
UPPER = 0.6
"""How near the upper edge of the brows."""


def landmarks(mesh: Array) -> Array:
    """(68, 3) of (468, 3)."""
    brows = np.array([UPPER * mesh[upper] + (1 - UPPER) * mesh[lower] for upper, lower in BROWS])
    return np.concatenate([_evenly(mesh[list(JAW)], 9), brows, mesh[list(REST)]])


def _evenly(line: Array, half: int) -> Array:
    """Points at equal distances on each side of the chin, which stays."""
    middle = len(line) // 2
    left, right = _on(line[: middle + 1], half), _on(line[: middle - 1 : -1], half)
    return np.concatenate([left, right[-2::-1]])


def _on(line: Array, count: int) -> Array:
    along = np.r_[0, np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))]
    wanted = np.linspace(0, along[-1], count)
    return np.stack([np.interp(wanted, along, part) for part in line.T], axis=1)
