"""The form with a network: what a perceptual network sees in the parts of the reference, on a photo that stays itself.

From the photo in the colours of the reference on, every pixel is moved until the features of each part go together as
in the reference, the features of the photo and its broad colours are kept, and colours are locally affine functions of
those of the photo (the matting Laplacian): texture of the reference costs more than it brings.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from senga.job import Job
from senga.neural.optimising.canvas import MARGIN, UNSEEN, Waves, pixels, planes, resized
from senga.neural.optimising.descent import descent
from senga.neural.optimising.eye import BROAD, COLOURS, Aim, Eye, Weighing
from senga.neural.training.perceptual import load_encoder, shipped_encoder
from senga.ops.matting import MattingLaplacian

if TYPE_CHECKING:
    from . import PhotoStyle

Parts = list[tuple[Any, Any]]
"""For each part, how much each pixel of the photo belongs to it, (h, w), and of the reference."""
WEIGHING = Weighing(
    {"relu3_3": 0.5, "relu4_2": 0.5, BROAD: 20.0},
    {"relu1_2": 0.25, "relu2_2": 0.25, "relu3_3": 0.25, "relu4_3": 0.25, COLOURS: 4.0},
)
STEPS, _CHUNK, _LENGTH = 40, 5, 4.0
_AFFINE = 30.0
"""What colours that are not affine cost, for each pixel."""
_STYLE = 0.3
"""How much the reference counts beside the photo."""
_LEAST = 64


def refined(start: Any, photo: Any, reference: Any, parts: Parts, settings: PhotoStyle, job: Job) -> Any:
    """The photo as the network wants it.

    Args:
        start: (h, w, 3) sRGB in 0..1, where it begins.
        photo: (h, w, 3).
        reference: (y, x, 3).
        parts: of both.
        settings: which network looks.
        job: for progress and cancel.
    """
    size = max(_LEAST, photo.shape[0] // 2 * 2), max(_LEAST, photo.shape[1] // 2 * 2)
    own, begin = (planes(resized(each, *size), MARGIN) for each in (photo, start))
    eye = Eye(load_encoder(Path(settings.network) if settings.network else shipped_encoder()), WEIGHING, UNSEEN)
    eye.calibrate(own)
    other = planes(resized(reference, *(max(_LEAST, side) for side in reference.shape[:2])))
    looks = eye.looks(other, np.stack([_fitting(theirs, other.shape[1:], 0) for _, theirs in parts]))
    aim = Aim(
        eye.content(own) | eye.content_of_pixels(begin),
        looks,
        np.stack([_fitting(ours, size, MARGIN) for ours, _ in parts]),
        1,
        1,
    )
    canvas, affine = Waves(*own.shape[1:]), MattingLaplacian(own.transpose(1, 2, 0) / 255)
    weight = _AFFINE / own[0].size

    def slope(x: Any) -> tuple[float, Any]:
        job.check()
        seen = canvas.picture(x)
        value, gradient = eye.slope(seen, aim)
        colours = seen.transpose(1, 2, 0) / np.float32(255)
        apart = affine.product(colours)
        steep = np.float32(2 * weight / 255) * apart.transpose(2, 0, 1).astype(np.float32)
        return value + weight * float((colours * apart).sum()), canvas.slope(gradient + steep)

    way, places = descent("lbfgs", canvas.length(_LENGTH)), canvas.places(begin)
    for done in range(0, STEPS, _CHUNK):
        job.progress(done / STEPS, "Optimising")
        places = way.go(places, slope, _CHUNK)
    return resized(pixels(canvas.picture(places), MARGIN), *photo.shape[:2])


def _fitting(share: Any, size: tuple[int, ...], margin: int) -> Any:
    """(h, w) at another size, with a mirrored margin."""
    found = cv2.resize(np.asarray(share, np.float32), (size[1], size[0]), interpolation=cv2.INTER_AREA)
    return cv2.copyMakeBorder(found, margin, margin, margin, margin, cv2.BORDER_REFLECT)
