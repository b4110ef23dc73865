"""Films: what was painted last, where a head is now, as a guide and to be mixed with."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.image import Image
from senga.job import Job
from senga.ops.lightness import grey
from senga.ops.motion import motion, moved

from .face_canvas import FaceCanvas
from .face_steady import Carried, mixed


@dataclass(frozen=True, eq=False)
class Before:
    """The last result, moved along with the film onto the canvas.

    Attributes:
        pixels: (h, w, 3) bytes.
        trust: (h, w) float32 in 0..1, 0 where it says nothing.
    """

    pixels: NDArray[np.uint8]
    trust: NDArray[np.float32]


def before_on(canvas: FaceCanvas, job: Job) -> Before | None:
    """What was painted on this head in the last frame; None in stills, at the beginning and after a change of size."""
    moment = job.moment
    if moment is None or moment.before is None or moment.before_source is None:
        return None
    if canvas.size != (moment.before.height, moment.before.width):
        return None
    source, shown = (canvas.seen(each.u8()) for each in (moment.before_source, moment.before))
    found = motion(canvas.luma, np.asarray(grey(source)))
    pixels = moved(shown.astype(np.float32), found.flow, cv2.INTER_LINEAR)
    return Before(np.clip(pixels, 0, 255).astype(np.uint8), found.trust)


def steadied(image: Image, share: float, job: Job, paint: Callable[[], Image]) -> Image:
    """A frame of a film, mixed with the last one as it has moved, where the film did not change.

    Args:
        image: the frame.
        share: how much of the mixture is taken.
        job: which frame it is.
        paint: paints it; meanwhile it is looked for what moves.
    """
    moment = job.moment
    if not share or moment is None or moment.before is None or moment.before_source is None:
        return paint()
    before = moment.before_source
    if any((each.height, each.width) != (image.height, image.width) for each in (before, moment.before)):
        return paint()
    with ThreadPoolExecutor(1) as pool:
        carrying = pool.submit(Carried, image, before)
        painted = paint()
        made = mixed(painted, moment.before, carrying.result(), share)
    touched = cv2.absdiff(painted.pixels, image.pixels).max(axis=2) > 0
    return painted.with_pixels(np.where(touched[:, :, None], made.pixels, painted.pixels))
