"""Ink along edges: the dark side of a difference of Gaussians, without specks, fading where it crowds."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]


def edge_ink(plane: Plane, sigma: float, faintest: float = 0.0) -> Plane:
    """Ink in 0..1 on the dark side of edges.

    Args:
        plane: lightness.
        sigma: half thickness of the lines, in pixels.
        faintest: relative contrast below which an edge gets no line.

    References:
        H. Winnemöller, J. E. Kyprianidis, S. C. Olsen: XDoG. Computers & Graphics 36(6), 2012,
        doi:10.1016/j.cag.2012.03.004; here relative to the surroundings, with the ratio 1.6 of the deviations.
    """
    narrow, wide = (cv2.GaussianBlur(plane, (0, 0), scale * sigma) for scale in (1.0, 1.6))
    return np.asarray(np.clip(((wide - narrow) / (0.15 + wide) - faintest) / 0.05, 0, 1), np.float32)


def without_specks(lines: Plane, smallest: int) -> Plane:
    """Lines in 0..1 without connected ones of fewer pixels than ``smallest``."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats((lines > 0.2).astype(np.uint8))
    kept = stats[:, cv2.CC_STAT_AREA] >= smallest
    kept[0] = False
    near = cv2.GaussianBlur(kept[labels].astype(np.float32), (0, 0), 0.8)
    return np.asarray(lines * np.clip(2 * near, 0, 1), np.float32)


def fade_crowds(lines: Plane, crowd: float, reach: float = 7.0) -> Plane:
    """Fades lines where ink already covers the share ``crowd`` of the surroundings."""
    density = cv2.GaussianBlur(lines, (0, 0), reach)
    return np.asarray(lines * np.clip(1.5 - density / crowd, 0.1, 1), np.float32)
