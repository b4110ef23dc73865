"""Landmarks that are given by hand, as a setting of points or as a file."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from senga.errors import SettingsError

from .face import COUNT, Face
from .points_file import Size


def faces_of_shares(points: Sequence[tuple[float, float]], size: Size) -> list[Face]:
    """The faces of a setting of points: shares of the width and height of the whole picture, 68 for each face.

    Args:
        points: (x, y) each, 0..1.
        size: (height, width) of the whole picture.

    Raises:
        SettingsError: their number is no multiple of 68.
    """
    if len(points) % COUNT:
        raise SettingsError(f"Faces have {COUNT} points each, but {len(points)} are given: give all of every face.")
    pixels = np.array(points, np.float64).reshape(-1, COUNT, 2) * [size[1], size[0]]  # (faces, 68, 2)
    return [Face.of_points(face) for face in pixels]
