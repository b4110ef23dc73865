"""Results to choose from: as numbered files, or side by side on one sheet."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

import numpy as np

from senga.image import Animation, Frame, Image, as_rgb, to_depth

Form = Literal["files", "sheet", "first"]
_GAP = 0.02
"""White between the pictures of a sheet, as a share of their longer side."""


def as_frames(result: Image) -> Animation:
    """The alternatives one after the other, for those who write numbered files."""
    pictures = [each.picture for each in result.alternatives]

    def frames() -> Iterator[Frame]:
        yield from (Frame(replace(picture, alternatives=())) for picture in pictures)

    return Animation(frames, result.height, result.width, len(pictures), info=result.info)


def sheet(result: Image) -> Image:
    """The alternatives side by side in rows, as square as they fit, on white."""
    pictures = [each.picture for each in result.alternatives]
    columns = math.ceil(math.sqrt(len(pictures) * result.height / result.width)) or 1
    rows = math.ceil(len(pictures) / columns)
    gap = max(1, round(_GAP * max(result.height, result.width)))
    height, width = (count * (side + gap) - gap for count, side in ((rows, result.height), (columns, result.width)))
    white = to_depth(np.ones(1, np.float32), result.depth)[0]
    pixels = np.full((height, width, 3), white, result.depth)
    alpha = None if result.alpha is None else np.full((height, width), white, result.depth)
    for number, picture in enumerate(pictures):
        top, left = ((number // columns) * (result.height + gap), (number % columns) * (result.width + gap))
        place = slice(top, top + result.height), slice(left, left + result.width)
        pixels[place] = picture.pixels
        if alpha is not None and picture.alpha is not None:
            alpha[place] = to_depth(picture.alpha, result.depth)
    whole = as_rgb(pixels[:, :, :1]) if result.grey else pixels
    return Image(whole, alpha, result.grey, result.info)
