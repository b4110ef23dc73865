"""The networks of faces with their weights, which come with Senga."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from senga.neural.networks.faces import face_finder, face_points
from senga.neural.small import SmallNetwork

FOLDER = Path(__file__).with_name("weights")


@cache
def weights(name: str) -> dict[str, NDArray[Any]]:
    """Those of ``finder`` or ``points``, in single precision."""
    from safetensors.numpy import load_file

    return {key: value.astype(np.float32) for key, value in load_file(FOLDER / f"{name}.safetensors").items()}


@cache
def finder() -> SmallNetwork:
    """Where faces are."""
    return SmallNetwork(face_finder(), weights("finder"))


@cache
def points() -> SmallNetwork:
    """Where the landmarks of a face are."""
    return SmallNetwork(face_points(), weights("points"))
