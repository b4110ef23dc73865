"""Whose colours a picture has that is painted like another."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from senga.image import Pixels, to_depth
from senga.job import Job
from senga.settings import setting

Colours = Literal["painting", "photo", "luminance"]
COLOURS: Any = setting(
    "painting",
    "Whose colours are seen: those of the painting; those of the photograph, in which the painting is dyed before "
    "(CORAL); or those of the photograph exactly, under the lights and darks of the painting.",
    labels={
        "painting": "Of the painting",
        "photo": "Of the photograph, as paint",
        "luminance": "Of the photograph, exactly",
    },
)
"""The setting of filters that paint in the style of a painting."""


def in_colours_of(photo: Pixels, painted: Pixels, job: Job) -> Pixels:
    """The lights and darks of a painting with the colours of the photograph, both (H, W, 3), in the photograph's depth.

    Raises:
        Cancelled: the user asked to stop.
    """
    from senga import ops

    result = np.empty_like(photo)
    for rows in ops.bands(photo.shape[0]):
        job.check()
        own = to_depth(photo[rows], np.float32)
        step = ops.luma(to_depth(painted[rows], np.float32)) - ops.luma(own)
        result[rows] = to_depth(np.clip(own + step[:, :, None], 0, 1), result.dtype)
    return result
