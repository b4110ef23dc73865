"""A photograph becomes a drawing with coloured pencils."""

from __future__ import annotations

from typing import ClassVar

from senga import hookimpl
from senga.filter import Filter, setting
from senga.image import Image
from senga.job import Job
from senga.strokes.settings import PencilSettings


class ColorPencil(PencilSettings, Filter):
    """Draw with coloured pencils: the strokes of the pencil sketch in the colours of the photograph."""

    name: ClassVar[str] = "color-pencil"
    title: ClassVar[str] = "Colour pencil"
    summary: ClassVar[str] = "Strokes of coloured pencils that follow the forms; the paper stays white between them."

    saturation: float = setting(1.0, "How colourful the pencils are; 0 is a grey sketch.", ge=0, le=2)

    def __call__(self, image: Image, job: Job) -> Image:
        """The coloured drawing."""
        from senga.strokes import colour, paper, render, tone

        drawing = render.draw(tone.grey_of(image), self, job.part(0, 0.85)).result
        width = self.width_on(*(job.full_size or (image.height, image.width)))
        colours = colour.soft_colours(image, width)
        painted = colour.paint(drawing, colours, self.saturation, job.part(0.85, 1))
        return image.with_pixels(paper.age(painted, self.aged, self.seed) if self.aged > 0 else painted)

    def paints_color(self) -> bool:
        """Always."""
        return True


@hookimpl
def senga_filters() -> tuple[type[Filter], ...]:
    """The filter of this module."""
    return (ColorPencil,)
