"""A cartoon without a network, of the representations that White-box Cartoonization learns from.

Surface: the guided filter of the picture by itself (He, Sun, Tang 2013), which leaves forms without texture. Structure:
superpixels, joined where they are alike, in adaptive colours, see ``ops.superpixels``. Texture: lines along the edge
tangent flow, see ``ops.outlines``. The structure, with a share of the surface, is lifted in contrast and saturation,
enlarged with crisp edges, and multiplied by the lines.

It is made on a picture reduced to about a megapixel; lines are inked at full size.

Reference: Wang, Yu: Learning to cartoonize using white-box cartoon representations. CVPR 2020.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from senga import hookimpl
from senga.filter import Filter, setting
from senga.image import Image
from senga.job import Job

from .sizes import Sized

_LARGEST = 1.2e6
"""Pixels above which a picture is reduced before."""


class FlatCartoon(Sized, Filter):
    """Make a cartoon of flat colours and pen lines, without a model."""

    name: ClassVar[str] = "flat-cartoon"
    title: ClassVar[str] = "Flat cartoon"
    summary: ClassVar[str] = "Flat patches of clear colour with flowing pen lines; needs no model."
    group: ClassVar[str] = "Colour"
    keywords: ClassVar[tuple[str, ...]] = ("cartoon", "comic", "cutout", "poster edges", "cel shading", "posterize")

    patch_size: float = setting(12.0, "Size of the smallest patches of one colour.", ge=4, le=60, unit="px")
    flatness: float = setting(
        0.5, "How readily patches of similar colour are joined: 0 keeps many, 1 leaves a few large ones.", ge=0, le=1
    )
    shading: float = setting(0.25, "How much of the soft shading of the forms stays on the patches.", ge=0, le=1)
    lines: float = setting(1.0, "Strength of the pen lines; 0 draws none.", ge=0, le=2)
    line_width: float = setting(1.2, "Width of the pen lines.", ge=0.5, le=10, unit="px")
    line_detail: float = setting(0.7, "How faint an edge may be to still get a line.", ge=0, le=1)
    lift: float = setting(0.5, "How much clearer and brighter the colours become.", ge=0, le=1)

    def __call__(self, image: Image, job: Job) -> Image:
        """The cartoon."""
        from senga.ops import banded, painterly, reduction

        job.progress(0.0, "Finding patches")
        factor = max(1, int(math.sqrt(image.height * image.width / _LARGEST)))
        scale = self.pixels_of(image, job) / factor
        grid = reduction.Grid.of(image.pixels, factor, job)
        small = grid.reduced(image.pixels, job.part(0, 0.1))
        soft = max(2, round(5 * scale))
        surface = banded.windowed(lambda band: _surface(band, soft), (small,), 2 * soft + 1, job.part(0.1, 0.15))
        size = max(3, round(self.patch_size * scale))
        patches, (response, calm) = banded.together(
            lambda: self._patches(surface, size, job.part(0.15, 0.8)),
            lambda: (
                self._response(surface, scale, banded.silent(job)) if self.lines > 0 else None,
                _calm(surface, size),
            ),
            job,
        )
        radius = max(1, round(1.5 * scale))

        def painted(surface: Any, patches: Any, calm: Any) -> Any:
            flat = _settled(surface, _rounded(patches, calm, size), radius)
            return self._lifted(flat + np.float32(self.shading) * (surface - flat))

        paint = banded.windowed(painted, (surface, patches, calm), size + 2 * radius + 1, job.part(0.8, 0.85))
        result = np.empty_like(image.pixels, order="C")

        def enlarged(part: slice) -> None:
            large = grid.enlarged(paint, part, lambda values: painterly.crisp(values, factor))
            if response is not None:
                large = large * self._paper(grid.enlarged(response, part))[:, :, None]
            banded.stored(large, result[grid.rows_of(part)])

        banded.each_band(enlarged, grid.parts(), job.part(0.85, 1))
        return image.with_pixels(result)

    def reach(self, height: int, width: int) -> None:
        """Everywhere: which patches are joined depends on all others."""
        return

    def _patches(self, surface: Any, size: int, job: Job) -> Any:
        """The patches in their colours."""
        from senga.ops import superpixels

        return superpixels.patched(surface, size, 2 + 16 * self.flatness**1.5, job)

    def _lifted(self, paint: Any) -> Any:
        """Clearer colours: a soft curve of contrast, lighter shadows, more saturation."""
        from senga.ops import saturate

        lift = np.float32(self.lift)
        lighter = np.clip(paint, 0, 1) ** (1 / (1 + 0.3 * lift))
        curved = lighter + 0.6 * lift * (lighter * lighter * (3 - 2 * lighter) - lighter)
        return np.clip(saturate(curved, 1 + 0.5 * float(lift)), 0, 1).astype(np.float32)

    def _response(self, surface: Any, scale: float, job: Job) -> Any:
        from senga.ops import luma, outlines, tangents

        sigma = max(0.8, 0.8 * self.line_width * scale)
        field = tangents.tangents(surface, 2.5 * sigma)
        return outlines.flowing(luma(surface), sigma, 3.5 * sigma, field, job)

    def _paper(self, response: Any) -> Any:
        from senga.ops import outlines

        paper = outlines.ink(response, 0.015 * (1 - self.line_detail) ** 1.5, 60 * max(1.0, self.lines))
        return 1 - np.float32(0.9 * min(1.0, self.lines)) * (1 - paper)


def _surface(picture: Any, radius: int) -> Any:
    """The guided filter of the picture by itself: a slope of 1 at edges, 0 where it is flat."""
    import cv2

    from senga.ops import guided_slope

    slope = guided_slope(picture, picture, radius, 0.006)
    side = 2 * radius + 1
    mean = cv2.blur(cv2.blur(picture, (side, side)), (side, side))
    return np.clip(mean + slope * (picture - mean), 0, 1)


_SOFT = 0.02
"""Step between neighbours up to which a picture has no edge."""


def _calm(picture: Any, size: int) -> Any:
    """(H, W, 1): 1 where the picture has no edges that patches follow, 0 at edges."""
    import cv2

    from senga.ops import gradients

    across, down = gradients.gradient(picture)
    across *= across
    down *= down
    across += down
    steep = np.sqrt(np.maximum(np.maximum(across[:, :, 0], across[:, :, 1]), across[:, :, 2]))
    near = cv2.blur(cv2.dilate(steep, np.ones((size, size), np.uint8)), (size, size))
    return np.clip(2 - near / np.float32(_SOFT), 0, 1)[:, :, None]


def _rounded(flat: Any, calm: Any, size: int) -> Any:
    """Patches with round borders where it is calm.

    The median turns the corners of a border of two colours, and mixes none.
    """
    import cv2

    levels = np.rint(255 * flat).astype(np.uint8)
    median = cv2.medianBlur(levels, 2 * size + 1).astype(np.float32) / np.float32(255)
    return flat + calm * (median - flat)


def _settled(picture: Any, flat: Any, radius: int) -> Any:
    """Patches whose borders lie where the edges of the picture are."""
    import cv2

    from senga.ops import guided_slope

    slope = guided_slope(picture, flat, radius, 0.0005)
    side = 2 * radius + 1
    soft, level = cv2.blur(picture, (side, side)), cv2.blur(flat, (side, side))
    return np.clip(level + slope * (picture - soft), 0, 1)


@hookimpl
def senga_filters() -> tuple[type[Filter], ...]:
    """The filter of this module."""
    return (FlatCartoon,)
