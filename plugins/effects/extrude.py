"""The picture as a field of blocks or pyramids that rise towards the eye.

The picture is cut into squares of ``size`` from its centre O. The face of a block of depth d is its square, seen
larger: p' = O + (p - O) · (1 + d / F), F = 500 pixels of the settings. Instead of painting blocks over each other, each
pixel p' follows its ray down: with the depth ζ in 0..1, z = F ζ / (1 - ζ), it passes over the place
p = O + (p' - O)(1 - ζ), and shows the first block, face or side, that it meets. So it costs little that sizes are
small, and nothing is hidden wrongly. Sides of blocks show the edge of their square, shaded by where they look:
1 up, 0.85 and 0.7 sideways, 0.55 down. The four faces of a pyramid go from the sides of its square to the point above
its middle; they have the mean colour of the square, shaded alike.

Depths are ``depth`` times the mean lightness of the square, or times a random share. At depth 0 blocks are the picture
itself; with solid faces, a mosaic of mean colours.
"""

from __future__ import annotations

import math
from typing import ClassVar, Literal

import numpy as np

from senga import hookimpl
from senga.filter import Filter, setting
from senga.image import Image
from senga.job import Job
from senga.settings import Seed

from .sizes import Sized

FOCUS = 500.0
"""Depth at which a face is twice as large, in pixels of the settings."""


class Extrude(Sized, Filter):
    """Raise the picture towards the eye, cut into blocks or pyramids."""

    name: ClassVar[str] = "extrude"
    title: ClassVar[str] = "Extrude"
    summary: ClassVar[str] = "The picture as blocks or pyramids that rise towards the eye."
    group: ClassVar[str] = "Distortion"
    keywords: ClassVar[tuple[str, ...]] = ("blocks", "pyramids", "cubes", "3D", "mosaic")

    shape: Literal["blocks", "pyramids"] = setting("blocks", "What the picture is cut into.")
    size: int = setting(30, "Width of a block.", ge=2, le=255, unit="px")
    depth: int = setting(
        30, "How far the highest blocks rise; 0 leaves the picture, or its mosaic, flat.", ge=0, le=255, unit="px"
    )
    heights: Literal["random", "level"] = setting(
        "random",
        "Each block rises by chance, or as far as it is light.",
        labels={"random": "By chance", "level": "By lightness"},
    )
    solid_faces: bool = setting(False, "Paint the face of each block in one colour.")
    mask_incomplete: bool = setting(False, "Leave out blocks that the border of the picture cuts.")
    seed: Seed = setting(1, "Another number makes other heights.")

    def __call__(self, image: Image, job: Job) -> Image:
        """The blocks."""
        from senga.ops import banded

        from .extrude_rays import BlockMarch, PyramidMarch
        from .extrude_scene import Blocks, scene

        job.progress(0.0, "Raising blocks")
        solid = self.solid_faces and self.shape == "blocks"
        if self.depth == 0 and not solid:
            return image
        size = max(2.0, self.size * self.pixels_of(image, job))
        blocks = Blocks(size, self.depth, self.heights, self.solid_faces, self.mask_incomplete, self.seed)
        fine = 2 if size >= 4 and image.height * image.width <= _FINE else 1
        march = (BlockMarch if self.shape == "blocks" else PyramidMarch)(scene(blocks, image, job.part(0, 0.15)), fine)
        result = np.empty_like(image.pixels, order="C")

        def drawn(rows: slice) -> None:
            banded.stored(march.seen(rows, image.pixels), result[rows])

        parts = banded.parts_of(image.height, image.width, size=150_000 // fine**2)
        banded.each_band(drawn, parts, job.part(0.15, 1))
        return image.with_pixels(result)

    def reach(self, height: int, width: int) -> int:
        """The farthest that a face is moved from its square, and the size of a square."""
        scale = self.farthest(height, width)
        farthest = math.hypot(height, width) / 2
        moved = farthest * (1 - 1 / (1 + self.depth / FOCUS))
        return math.ceil(moved + 2 * self.size * scale) + 4


_FINE = 4_000_000
"""Pixels up to which a picture is drawn twice as large and reduced, so that edges are smooth."""


@hookimpl
def senga_filters() -> tuple[type[Filter], ...]:
    """The filter of this module."""
    return (Extrude,)
