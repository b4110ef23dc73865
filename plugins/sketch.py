"""A photograph becomes a pencil drawing."""

from __future__ import annotations

from typing import ClassVar

from senga import hookimpl
from senga.filter import Filter
from senga.image import Image
from senga.job import Job
from senga.strokes.settings import PencilSettings


class Sketch(PencilSettings, Filter):
    """Draw with a pencil, stroke by stroke along the forms."""

    name: ClassVar[str] = "sketch"
    title: ClassVar[str] = "Pencil sketch"
    summary: ClassVar[str] = "Pencil strokes that follow the forms, in greys, with outlines."

    def __call__(self, image: Image, job: Job) -> Image:
        """The drawing: grey, or tinted on aged paper."""
        from senga.strokes import paper, render, tone

        drawing = render.draw(tone.grey_of(image), self, job).result
        return image.with_pixels(paper.age(drawing, self.aged, self.seed) if self.aged > 0 else drawing)

    def paints_color(self) -> bool:
        """Aged paper is yellow."""
        return self.aged > 0


@hookimpl
def senga_filters() -> tuple[type[Filter], ...]:
    """The filter of this module."""
    return (Sketch,)
