"""A painted head laid over a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.image import to_depth
from senga.job import Job
from senga.ops.banded import each_band, parts_of

from .alignment import Similarity, reduced, warped


@dataclass(frozen=True, eq=False)
class PaintedHead:
    """A painted head.

    Attributes:
        painted: (h, w, 4) bytes: colours and mask.
        way: from there into the picture.
    """

    painted: NDArray[np.uint8]
    way: Similarity


def laid(below: NDArray[Any], head: PaintedHead, job: Job) -> NDArray[Any]:
    """The picture, (H, W, 3) of any depth, with a head on it."""
    height, width = below.shape[:2]
    top, left, bottom, right = _box(head, height, width)
    result = np.array(below)
    if bottom <= top or right <= left:
        return result
    painted, way = reduced(head.painted, head.way)

    def one(rows: slice) -> None:
        start, stop = top + rows.start, top + rows.stop
        made = warped(painted, way.then(-left, -start), stop - start, right - left, cv2.BORDER_CONSTANT)
        result[start:stop, left:right] = _mixed(made, below[start:stop, left:right])

    each_band(one, parts_of(bottom - top, right - left), job)
    return result


def _mixed(made: Any, under: NDArray[Any]) -> Any:
    """Colours (h, w, 4) of bytes laid over a picture (h, w, 3), in the depth of that."""
    share = np.asarray(made[..., 3], np.float32) / np.float32(255)
    if under.dtype == np.uint8:
        return cv2.blendLinear(np.ascontiguousarray(made[..., :3]), np.ascontiguousarray(under), share, 1 - share)
    own = to_depth(under, np.float32)
    mixed = own + (made[..., :3].astype(np.float32) / 255 - own) * share[:, :, None]
    return to_depth(mixed, under.dtype)


def _box(head: PaintedHead, height: int, width: int) -> tuple[int, int, int, int]:
    """Rows and columns of the picture in which the head is."""
    tall, wide = head.painted.shape[:2]
    corners = head.way.of(np.array([[0, 0], [wide, 0], [0, tall], [wide, tall]]))
    (left, top), (right, bottom) = np.floor(corners.min(axis=0)), np.ceil(corners.max(axis=0))
    limits = (top, height), (left, width), (bottom, height), (right, width)
    found = [int(min(max(value, 0), limit)) for value, limit in limits]
    return found[0], found[1], found[2], found[3]
