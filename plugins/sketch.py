"""A photograph becomes a pencil drawing."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from senga import hookimpl
from senga.filter import Filter
from senga.image import Image
from senga.job import Job
from senga.strokes.settings import LayeredSettings


class Sketch(LayeredSettings, Filter):
    """Draw with a pencil, stroke by stroke along the forms."""

    name: ClassVar[str] = "sketch"
    title: ClassVar[str] = "Pencil sketch"
    summary: ClassVar[str] = "Pencil strokes that follow the forms, in greys, with outlines."
    group: ClassVar[str] = "Drawing"
    keywords: ClassVar[tuple[str, ...]] = ("pencil", "graphite", "hatching", "line art")

    def __call__(self, image: Image, job: Job) -> Image:
        """The drawing: grey, or tinted on aged paper."""
        from senga.strokes import layered, paper, render, tone

        drawing = render.draw(tone.grey_of(image), self, job.part(0, 0.9 if self.separate_layers else 1))
        flat = paper.age(drawing.result, self.aged, self.seed) if self.aged > 0 else drawing.result
        result = image.with_pixels(flat)
        if not self.separate_layers:
            return result
        return replace(result, layers=layered.layers_of(drawing, flat, self, job=job.part(0.9, 1)))

    def paints_color(self) -> bool:
        """Aged paper is yellow."""
        return self.aged > 0


@hookimpl
def senga_filters() -> tuple[type[Filter], ...]:
    """The filter of this module."""
    return (Sketch,)
