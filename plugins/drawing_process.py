"""The making of a pencil drawing, as an animation or as a strip of stages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from senga import hookimpl
from senga.filter import Filter, Makes, setting
from senga.image import Animation, Frame, Image
from senga.job import Job
from senga.strokes.settings import PencilSettings

if TYPE_CHECKING:
    from senga.strokes.process import Process


class DrawingProcess(PencilSettings, Filter):
    """Show how the sketch is drawn, stroke after stroke, from the blank paper to the finished drawing."""

    name: ClassVar[str] = "drawing-process"
    title: ClassVar[str] = "Drawing process"
    summary: ClassVar[str] = "The sketch drawn stroke after stroke: an animation, or a strip of stages."
    group: ClassVar[str] = "Drawing"
    keywords: ClassVar[tuple[str, ...]] = ("speed drawing", "time lapse", "animation")

    show: Literal["animation", "strip"] = setting(
        "animation",
        "An animation, or one picture with stages side by side.",
        labels={"strip": "Stages side by side"},
    )
    color: bool = setting(False, "Draw with coloured pencils.")
    size: int = setting(
        1000, "Longer side of a frame or stage; 0 keeps the size of the picture.", ge=0, le=20000, unit="px"
    )
    seconds: float = setting(10.0, "How long the drawing takes.", ge=0.1, le=600, unit="s")
    hold: float = setting(2.0, "How long the finished drawing stays.", ge=0, le=60, unit="s")
    frames: int = setting(120, "Number of frames of the animation.", ge=2, le=5000)
    stages: int = setting(6, "Number of stages of the strip.", ge=1, le=60)
    strokes_per_frame: int = setting(
        0, "Draw this many strokes in every frame instead of a given number of frames; 0 does not.", ge=0, advanced=True
    )
    order: Literal["importance", "random", "scan"] = setting(
        "importance",
        "Begin with the strokes that matter most, at random, or direction by direction.",
        labels={"importance": "Important strokes first", "random": "At random", "scan": "Direction by direction"},
    )
    pace: Literal["area", "strokes"] = setting(
        "area",
        "Every frame adds the same length of lines, or the same number of strokes.",
        advanced=True,
        labels={"area": "Same length of lines", "strokes": "Same number of strokes"},
    )
    saturation: float = setting(1.0, "How colourful the coloured pencils are.", ge=0, le=2, advanced=True)

    def __call__(self, image: Image, job: Job) -> Image | Animation:
        """The animation, drawn while it is consumed, or the strip."""
        from senga.strokes import process, render, tone

        small = Image(process.reduced(image.u8(), self.size), grey=image.grey, info=image.info)
        if job.full_size:
            scale = small.height / image.height
            job = replace(job, full_size=(round(job.full_size[0] * scale), round(job.full_size[1] * scale)))
        scene = render.prepare(tone.grey_of(small), self, job.part(0, 0.2))
        plan = process.plan(scene, self.order, job.part(0.2, 0.3))
        if self.show == "strip":
            return self._strip(plan, small, job.part(0.3, 1))
        return self._animation(plan, small, job.part(0.3, 1))

    def paints_color(self) -> bool:
        """Coloured pencils and aged paper do."""
        return self.color or self.aged > 0

    def makes(self) -> Makes:
        """As ``show`` says."""
        return "picture" if self.show == "strip" else "animation"

    def _strip(self, plan: Process, image: Image, job: Job) -> Image:
        from senga.strokes import process

        # The first stage is not blank paper: a strip has no room to waste.
        stops = plan.stops(self.stages + 1, self.pace == "area")[1:]
        pictures = self._pictures(plan, stops, image, job)
        return image.with_pixels(process.strip(pictures, self.stages, (image.height, image.width)))

    def _animation(self, plan: Process, image: Image, job: Job) -> Animation:
        if self.strokes_per_frame > 0:
            count = 1 + max(1, -(-len(plan.strokes) // self.strokes_per_frame))
        else:
            count = self.frames
        stops = plan.stops(count, self.pace == "area" and self.strokes_per_frame == 0)

        def frames() -> Iterator[Frame]:
            for index, pixels in enumerate(self._pictures(plan, stops, image, job), start=1):
                pause = self.hold if index == count else 0.0
                yield Frame(image.with_pixels(pixels), self.seconds / count + pause)
            job.progress(1, "Done")

        return Animation(frames, image.height, image.width, count, info=image.info)

    def _pictures(self, plan: Process, stops: Any, image: Image, job: Job) -> Iterator[Any]:
        """The pictures after each number of strokes, coloured and aged as set."""
        from senga.strokes import colour, paper

        palette: colour.Palette | None = None
        if self.color:
            palette = colour.Palette.of(colour.soft_colours(image, plan.scene.bank.width), self.saturation)
        for drawing in plan.pictures(stops, job):
            pixels = palette.paint(drawing) if palette else drawing
            yield paper.age(pixels, self.aged, self.seed) if self.aged > 0 else pixels


@hookimpl
def senga_filters() -> tuple[type[Filter], ...]:
    """The filter of this module."""
    return (DrawingProcess,)
