"""How a picture is painted by example: guides, places in the exemplar, and the photograph's own share on top."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from senga.exemplars import votes
from senga.exemplars.lookup import Guide, Places
from senga.exemplars.tones import mapped
from senga.image import Image, to_depth
from senga.job import Job
from senga.ops.banded import each_band, parts_of

from . import photo_guides
from .blit_style import Style, share_of
from .exemplar_settings import Exemplars
from .photo_guides import SMOOTHING

Place = Callable[[Style, Guide, Job], Places]
"""From an exemplar and the guide of the picture to where every pixel of the picture lies in the exemplar."""


def painted(act: Exemplars, image: Image, job: Job, note: str, place: Place, radius: int) -> Image:
    """The painting of a picture; neighbours within ``radius`` vote for the colours."""
    act.check_guides()
    job.progress(0.0, "Looking at the picture")
    exemplar = job.prepared or act.prepare(job)
    size = act.stroke_size * act.pixels_of(image, job)
    factor = max(1, round(size))
    style = exemplar.style(round(size / factor, 4))
    canvas = _Canvas(act, image, factor, style)
    job.progress(0.05, note)
    places = place(style, canvas.guide, job.part(0.05, 0.8).shown_as(canvas.grown))
    samples = votes.blended(style.samples, places, radius, job.part(0.8, 0.9))
    job.progress(0.9, "Blending")
    return image.with_pixels(canvas.finished(samples, job.part(0.9, 1.0)))


def masked(image: Image, painting: Image, mask: Image) -> Image:
    """The painting where a mask is light, the picture where it is dark."""
    share = mask.float().mean(axis=2, keepdims=True)
    own = to_depth(image.pixels, np.float32)
    mixed = own + share * (to_depth(painting.pixels, np.float32) - own)
    return painting.with_pixels(to_depth(np.clip(mixed, 0, 1), painting.depth))


class _Canvas:
    """The picture, reduced to where strokes have the size of the exemplar's."""

    def __init__(self, act: Exemplars, image: Image, factor: int, style: Style) -> None:
        self._act, self._image, self._style = act, image, style
        self._pixels = image.u8()
        self._small = _reduced(self._pixels, factor)
        self._target = act.second("target_guide")
        self.guide = self._made_guide() if style.planes is not None else self._given_guide(factor)

    def _given_guide(self, factor: int) -> Guide:
        """From a file, or of a sphere's normals."""
        if self._target is not None:
            return np.asarray(_reduced(self._target.u8(), factor))
        planes = photo_guides.smoothed(photo_guides.luma_chroma(self._small), 4 * SMOOTHING.photo)
        return photo_guides.photo_guide(planes, "sphere")

    def _made_guide(self) -> Guide:
        """Smoothed, and matched to the exemplar's; what is needed for the photograph's own share is kept."""
        assert self._style.planes is not None  # noqa: S101 - narrows the type
        planes = photo_guides.luma_chroma(self._small)
        self._around = photo_guides.surroundings(planes[..., 0], SMOOTHING.surroundings)
        planes[..., 0] = photo_guides.lifted(planes[..., 0], self._around, self._act.contrast)
        planes = photo_guides.smoothed(planes, SMOOTHING.photo)
        self._curves = photo_guides.curves(planes, self._style.marks, 3 if self._act.guide == "colours" else 1)
        self._planes = mapped(planes, self._curves)
        return photo_guides.photo_guide(self._planes, self._act.guide)

    def grown(self, painted: Image) -> Image:
        """What is painted, at any size, as the result will look."""
        samples = _enlarged(painted.u8(), self.guide.shape).astype(np.int16)
        if self._style.planes is not None:
            samples = samples - share_of(self._planes, self._act.shares)
        return self._image.with_pixels(to_depth(self.finished(samples, Job()), self._image.depth))

    def finished(self, samples: Any, job: Job) -> Any:
        """The painting in the size and depth of the picture."""
        if self._style.planes is None:
            return _enlarged(np.clip(samples, 0, 255).astype(np.uint8), self._image.pixels.shape)
        if self._act.guide == "colours" and self._act.colour:
            samples = cv2.add(samples, share_of(self._planes, (0.0, self._act.colour)))
        return self._with_detail(samples, job)

    def _with_detail(self, samples: Any, job: Job) -> Any:
        """With the photograph's lightness, in the tones of the exemplar, at full size."""
        shape = self._pixels.shape
        luma = photo_guides.lifted(
            photo_guides.smoothed(cv2.cvtColor(np.ascontiguousarray(self._pixels), cv2.COLOR_RGB2GRAY), 0.8),
            _enlarged(self._around, shape),
            self._act.contrast,
        )
        tones = np.rint(self._act.detail * self._curves[0]).astype(np.int16)
        large = _enlarged(samples, shape)
        result = np.empty(shape, self._image.pixels.dtype)

        def one(rows: slice) -> None:
            values = large[rows] + tones[luma[rows]][:, :, None]
            result[rows] = to_depth(np.clip(values, 0, 255).astype(np.uint8), result.dtype)

        each_band(one, parts_of(*shape[:2]), job)
        return result


def _reduced(pixels: Any, factor: int) -> Any:
    if factor == 1:
        return np.ascontiguousarray(pixels)
    height, width = (max(1, -(-side // factor)) for side in pixels.shape[:2])
    return cv2.resize(np.ascontiguousarray(pixels), (width, height), interpolation=cv2.INTER_AREA)


def _enlarged(small: Any, shape: tuple[int, ...]) -> Any:
    if small.shape[:2] == shape[:2]:
        return small
    return cv2.resize(small, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
