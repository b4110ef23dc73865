"""Guides of a head for a synthesis, and its eyes and mouth synthesised once more, from those of the portrait alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.exemplars import votes
from senga.exemplars.synthesis import Options, Pair, synthesised
from senga.faces.alignment import Points
from senga.faces.face import LEFT_EYE, LIPS, RIGHT_EYE
from senga.job import Job, unseen

from . import face_guides as guides
from .face_canvas import FaceCanvas
from .face_film import Before

PARTS = LEFT_EYE, RIGHT_EYE, LIPS
"""Landmarks of the eyes and the mouth."""
_BEYOND = 0.55
"""Of the size of an eye or a mouth, that is synthesised round it."""
_ACROSS = 3.2
"""Widths of a face over which the guide of positions goes from black to white."""


@dataclass(frozen=True)
class Weights:
    """Of the guides, beside the weight 1 of the style."""

    segments: float
    position: float
    appearance: float
    before: float


def pairs_of(canvas: FaceCanvas, weights: Weights, before: Before | None) -> list[Pair]:
    """The four guides; the fourth, of films, when something was painted before."""
    exemplar = canvas.exemplar
    height, width = exemplar.pixels.shape[:2]
    made = [guides.segments(each.points, each.mask, each.skin) for each in (exemplar, canvas)]
    places = guides.own_places(height, width), canvas.places
    middle, step = exemplar.points.mean(axis=0), 255 / (_ACROSS * exemplar.wide)
    where = [np.clip(128 + (each - middle) * step, 0, 255).astype(np.uint8) for each in places]
    light = exemplar.appearance[:, :, None], canvas.appearance[:, :, None]
    found = [
        Pair(made[0], made[1], weights.segments),
        Pair(where[0], where[1], weights.position),
        Pair(light[0], light[1], weights.appearance),
    ]
    if before is not None:
        soft = [guides.smooth(each, exemplar.wide) for each in (exemplar.pixels, before.pixels)]
        found.append(Pair(soft[0], soft[1], weights.before))
    return found


def head(canvas: FaceCanvas, pairs: list[Pair], options: Options, job: Job) -> NDArray[Any]:
    """The synthesis of a head, (h, w, 3)."""
    return _made(canvas.exemplar.pixels, pairs, options, job, None)


def with_parts(made: NDArray[Any], canvas: FaceCanvas, pairs: list[Pair], options: Options, job: Job) -> NDArray[Any]:
    """The same with eyes and mouth of their own."""
    result, job = made.copy(), replace(job, on_picture=unseen)
    for number, part in enumerate(PARTS):
        share = job.part(number / len(PARTS), (number + 1) / len(PARTS))
        for mine, theirs in _boxes(canvas, part):
            _place(result, canvas, pairs, options, (mine, theirs, part), share)
    return result


def _place(result: Any, canvas: FaceCanvas, pairs: list[Pair], options: Options, where: Any, job: Job) -> None:
    """Synthesise a part and blend it in."""
    mine, theirs, part = where
    style = np.ascontiguousarray(canvas.exemplar.pixels[theirs])
    near = [replace(pair, exemplar=pair.exemplar[theirs], picture=pair.picture[mine]) for pair in pairs]
    made = _made(style, near, options, job, None)
    share = _soft(canvas.points[part], canvas)[mine][:, :, None]
    result[mine] = np.rint(result[mine] + (made - result[mine]) * share).astype(np.int16)


def _made(style: Any, pairs: list[Pair], options: Options, job: Job, allowed: Any) -> NDArray[np.int16]:
    places = synthesised(style, pairs, options, job, allowed)
    return votes.blended(style.astype(np.int16), places, options.patch // 2, replace(job, on_progress=_nothing))


def _nothing(share: float, note: str) -> None:
    """Progress that nobody hears: blending takes no time beside matching."""


def _boxes(canvas: FaceCanvas, part: slice) -> Iterator[tuple[Any, Any]]:
    """Rows and columns round a part of the face, in the canvas and in the portrait; none if too small."""
    exemplar = canvas.exemplar
    mine = _round(canvas.points[part], (canvas.height, canvas.width))
    theirs = _round(exemplar.points[part], exemplar.pixels.shape[:2])
    if min(each.stop - each.start for each in (*mine, *theirs)) >= 11:
        yield mine, theirs


def _round(points: Points, shape: tuple[int, ...]) -> tuple[slice, slice]:
    room = _BEYOND * float(np.ptp(points[:, 0]))
    low, high = points.min(axis=0) - room, points.max(axis=0) + room
    found = [slice(max(0, int(low[axis])), max(0, min(int(high[axis]), shape[1 - axis]))) for axis in (1, 0)]
    return found[0], found[1]


def _soft(points: Points, canvas: FaceCanvas) -> NDArray[np.float32]:
    """(h, w) in 0..1: where a part is."""
    size = float(np.ptp(points[:, 0]))
    wider = points.mean(axis=0) + 1.25 * (points - points.mean(axis=0))
    mask = np.zeros((canvas.height, canvas.width), np.float32)
    cv2.fillConvexPoly(mask, np.rint(cv2.convexHull(wider.astype(np.float32))).astype(np.int32), (1.0,))
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), max(0.5, 0.12 * size)))
