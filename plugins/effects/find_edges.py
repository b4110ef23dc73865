"""Edges as lines on white.

Sobel, Scharr, Prewitt: 1 - clip(amount · √(gx² + gy²)) per channel, of the kernels divided by the sum of their
positive weights (Sobel / 4), at the scale of the line width, see ``ops.gradients``. A constant picture is white; a step
of height h is 1 - h on both sides; turning the picture by 90° turns the result, inverting it changes nothing.

Canny: black lines on the ridges of Sobel's gradient (Canny: A computational approach to edge detection. PAMI 1986),
with hysteresis between 0.4 ``threshold`` and ``threshold``. Difference of Gaussians: 1 - clip(4 amount · |D|) of
D = G(σ) - G(1.6 σ), σ the line width.

Flowing lines: D of the lightness, smoothed along the edge tangent flow, inked softly on its dark side, see
``ops.outlines`` (Kang, Lee, Chui 2009; Winnemöller, Kyprianidis, Olsen 2012); ``shadows`` fills what is darker than it
with ink.

Learned: a small network of our own votes, pixel by pixel, on what the outlines of things are rather than grain, texture
or shade; the ridges of its votes above ``threshold`` are drawn, see ``edge_lines``. How it was trained and how well it
does stands in ``weights/edges.md``.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar, Literal

import numpy as np

from senga import hookimpl
from senga.filter import Filter, setting
from senga.image import Image
from senga.job import Job

from .sizes import Sized


class FindEdges(Sized, Filter):
    """Find the edges and draw them as dark lines on white, in the colours of the picture or in grey."""

    name: ClassVar[str] = "find-edges"
    title: ClassVar[str] = "Find edges"
    summary: ClassVar[str] = "Edges as dark lines on white, by seven methods from Sobel to a network."
    group: ClassVar[str] = "Edges"
    keywords: ClassVar[tuple[str, ...]] = (
        "edge detection", "outline", "Sobel", "Canny", "difference of Gaussians", "XDoG", "glowing edges", "line art",
    )  # fmt: skip

    method: Literal["sobel", "scharr", "prewitt", "canny", "dog", "xdog", "learned"] = setting(
        "sobel",
        "How edges are found: by gradients, as thin lines, by differences of blurred pictures, as lines of a pen, or "
        "by a network that tells outlines from texture.",
        labels={
            "sobel": "Sobel",
            "scharr": "Scharr",
            "prewitt": "Prewitt",
            "canny": "Canny: thin lines",
            "dog": "Difference of Gaussians",
            "xdog": "Flowing pen lines (XDoG)",
            "learned": "Outlines (learned)",
        },
    )
    amount: float = setting(1.0, "Strength of the edges.", ge=0.1, le=10)
    line_width: float = setting(1.0, "Width of the edges that are found, and of their lines.", ge=0.5, le=20, unit="px")
    threshold: float = setting(
        0.15, "Canny, pen lines and learned outlines: weaker edges than this are left out.", ge=0, le=1
    )
    shadows: float = setting(0.0, "Pen lines: fill with ink what is darker than this; 0 draws lines only.", ge=0, le=1)
    tint: Literal["colour", "grey"] = setting(
        "colour",
        "Edges of every colour channel, which makes coloured lines, or of the lightness.",
        labels={"colour": "Every colour channel", "grey": "Lightness only"},
    )
    glow: bool = setting(False, "Bright edges on black, like neon, instead of dark edges on white.")

    def __call__(self, image: Image, job: Job) -> Image:
        """The lines."""
        job.progress(0.0, "Finding edges")
        width = max(1.0, self.line_width * self.pixels_of(image, job))
        if self.method == "canny":
            return image.with_pixels(self._canny(image, width, job))
        if self.method == "xdog":
            return image.with_pixels(self._pen(image, width, job))
        if self.method == "learned":
            return image.with_pixels(self._outlines(image, width, job))
        return image.with_pixels(self._local(image, width, job))

    def reach(self, height: int, width: int) -> int | None:
        """The kernels; Canny follows a line everywhere."""
        size = max(1.0, self.line_width * self.farthest(height, width))
        if self.method == "canny":
            return None
        if self.method == "learned":
            from .edge_network import REACH

            return REACH * int(size)
        return self._reach_of_pen(size) if self.method == "xdog" else self._halo(size)

    def _halo(self, width: float) -> int:
        return math.ceil(5 * width) + 3 if self.method == "dog" else math.ceil(1.5 * width) + 1

    def _local(self, image: Image, width: float, job: Job) -> Any:
        from senga.ops import banded, luma

        halo = self._halo(width)

        def drawn(band: Any) -> Any:
            seen = band if self.tint == "colour" else luma(band)[..., None]
            found = self._strength(seen, width, slice(halo, len(band) - halo))
            np.minimum(found, 1, out=found)
            return found if self.glow else np.subtract(1, found, out=found)

        return banded.in_bands(image.pixels, drawn, halo, job)

    def _strength(self, seen: Any, width: float, inside: slice) -> Any:
        from senga.ops import gradients, outlines

        if self.method == "dog":
            return np.abs(outlines.difference(seen, width)[inside]) * np.float32(4 * self.amount)
        across, down = (part[inside] for part in gradients.gradient(seen, width, self.method))
        return _length(across, down, self.amount)

    def _canny(self, image: Image, width: float, job: Job) -> Any:
        """Canny needs the whole picture at once: a line may begin at its other end."""
        import cv2

        from senga.ops import banded

        result = np.empty(image.pixels.shape, image.depth)
        element = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (round(width), round(width)))
        count = 3 if self.tint == "colour" and not image.grey else 1
        high = 32767 / 4 * max(self.threshold, 0.004) / self.amount
        for channel in range(count):
            part = job.part(channel / count, (channel + 1) / count)
            across, down = self._slopes(image, width, channel if count == 3 else None, part)
            lines = cv2.dilate(cv2.Canny(across, down, 0.4 * high, high, L2gradient=True), element)
            lines = lines if self.glow else 255 - lines
            wanted = slice(channel, channel + 1) if count == 3 else slice(0, 3)
            banded.stored(banded.samples(lines)[:, :, None], result[:, :, wanted])
        return result

    def _slopes(self, image: Image, width: float, channel: int | None, job: Job) -> tuple[Any, Any]:
        """The gradient as whole numbers, with room for the steepest."""
        from senga.ops import banded, gradients, luma

        halo = self._halo(width)
        slopes = [np.empty(image.pixels.shape[:2], np.int16) for _ in "xy"]

        def measured(rows: slice) -> None:
            band = banded.samples(banded.with_halo(image.pixels, rows, halo))
            plane = luma(band)[..., None] if channel is None else np.ascontiguousarray(band[:, :, channel])
            for slope, part in zip(slopes, gradients.gradient(plane, width), strict=True):
                inside = part[halo : len(band) - halo].reshape(-1, image.width)
                slope[rows] = np.rint(inside * np.float32(32767 / 4))

        banded.each_band(measured, banded.parts_of(image.height, image.width), job)
        return slopes[0], slopes[1]

    def _pen(self, image: Image, width: float, job: Job) -> Any:
        from senga.ops import banded, luma, outlines, reduction, tangents

        grid = reduction.Grid.of(image.pixels, max(1, int(width / _PEN)), job)
        sigma = max(0.8, width / grid.factor)
        small = grid.reduced(image.pixels, job.part(0, 0.2))
        field = tangents.tangents(small, _SMOOTH * sigma)
        light = luma(small)
        response = outlines.flowing(light, sigma, _COHERENCE * sigma, field, job.part(0.2, 0.8))
        soft = outlines.blurred(light, sigma)
        result = np.empty_like(image.pixels, order="C")

        def inked(part: slice) -> None:
            paper = outlines.ink(grid.enlarged(response, part), 0.05 * self.threshold, 60 * self.amount)
            if self.shadows > 0:
                paper *= 1 + np.tanh(np.minimum(20 * (grid.enlarged(soft, part) - np.float32(self.shadows)), 0))
            banded.stored((1 - paper if self.glow else paper)[:, :, None], result[grid.rows_of(part)])

        banded.each_band(inked, grid.parts(), job.part(0.8, 1))
        return result

    def _outlines(self, image: Image, width: float, job: Job) -> Any:
        from senga.ops import banded

        from .edge_lines import learned

        grid, ink = learned(image, width, self.threshold, self.amount, job)
        result = np.empty_like(image.pixels, order="C")

        def drawn(part: slice) -> None:
            lines = np.clip(grid.enlarged(ink, part), 0, 1)[:, :, None]
            banded.stored(lines if self.glow else 1 - lines, result[grid.rows_of(part)])

        banded.each_band(drawn, grid.parts(), job.part(0.9, 1))
        return result

    def _reach_of_pen(self, width: float) -> int:
        from senga.ops import outlines

        factor = max(1, int(width / _PEN))
        sigma = max(0.8, width / factor)
        return factor * (outlines.reach_of(sigma, _COHERENCE * sigma) + math.ceil(2.5 * _SMOOTH * sigma) + 6)


_PEN = 1.0
"""Width of the lines in the picture in which pen lines are found, in pixels."""
_SMOOTH = 2.5
"""Smoothing of the flow and ``_COHERENCE`` of the lines along it, in widths."""
_COHERENCE = 3.5


def _length(across: Any, down: Any, amount: float) -> Any:
    """Amount · √(across² + down²)."""
    import cv2

    found = cv2.magnitude(across, down).reshape(across.shape)
    if amount != 1:
        found *= np.float32(amount)
    return found


@hookimpl
def senga_filters() -> tuple[type[Filter], ...]:
    """The filter of this module."""
    return (FindEdges,)
