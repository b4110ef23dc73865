"""A photograph becomes a drawing with coloured pencils."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from senga import hookimpl
from senga.filter import Filter, setting
from senga.image import Image
from senga.job import Job
from senga.strokes.settings import LayeredSettings


class ColorPencil(LayeredSettings, Filter):
    """Draw with coloured pencils: the strokes of the pencil sketch in the colours of the photograph."""

    name: ClassVar[str] = "color-pencil"
    title: ClassVar[str] = "Colour pencil"
    summary: ClassVar[str] = "Strokes of coloured pencils that follow the forms; the paper stays white between them."
    group: ClassVar[str] = "Drawing"
    keywords: ClassVar[tuple[str, ...]] = ("crayon", "colored pencil", "drawing")

    saturation: float = setting(1.0, "How colourful the pencils are; 0 is a grey sketch.", ge=0, le=2)

    def __call__(self, image: Image, job: Job) -> Image:
        """The coloured drawing."""
        from senga.strokes import colour, layered, paper, render, tone

        drawing = render.draw(tone.grey_of(image), self, job.part(0, 0.75 if self.separate_layers else 0.85))
        width = self.width_on(*(job.full_size or (image.height, image.width)))
        colours = colour.soft_colours(image, width)
        painted = colour.paint(drawing.result, colours, self.saturation, job.part(0.85, 0.9))
        flat = paper.age(painted, self.aged, self.seed) if self.aged > 0 else painted
        result = image.with_pixels(flat)
        if not self.separate_layers:
            return result
        wash = layered.Wash(colours, self.saturation)
        return replace(result, layers=layered.layers_of(drawing, flat, self, wash, job.part(0.9, 1)))

    def paints_color(self) -> bool:
        """Always."""
        return True


@hookimpl
def senga_filters() -> tuple[type[Filter], ...]:
    """The filter of this module."""
    return (ColorPencil,)
