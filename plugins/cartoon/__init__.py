"""The filter that paints photographs as cartoons, with networks of White-box Cartoonization."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Literal

from senga import Filter, Image, Job, hookimpl, setting
from senga.families import Family
from senga.filter import Makes, at_size
from senga.settings import Model

from .family import WHITEBOX


class Cartoon(Filter):
    """Paints the picture as a cartoon: smooth surfaces, flat shapes and clear edges, by a neural network."""

    name: ClassVar[str] = "cartoon"
    title: ClassVar[str] = "Cartoon"
    summary: ClassVar[str] = "Smooth surfaces, flat shapes and clear edges, as in a cartoon film."
    group: ClassVar[str] = "Painting"
    keywords: ClassVar[tuple[str, ...]] = ("cartoon", "comic", "cel shading", "White-box", "style transfer")
    families: ClassVar[tuple[str, ...]] = ("whitebox",)
    measures_whole: ClassVar[bool] = True

    style: Model = setting("cel", "Which style to paint in; `senga models` lists them.")
    stroke_scale: float = setting(
        0.0,
        "How broad shapes are: 1 as the network draws them in a small picture, 2 twice as broad; 0 chooses by size.",
        ge=0,
        le=8,
    )
    surface: float = setting(
        0.0, "How smooth surfaces are: 0 as the network paints them, 1 without any grain.", ge=0, le=1
    )
    structure: float = setting(
        0.0, "How flat shapes are: 0 as the network paints them, 1 each in a single colour.", ge=0, le=1
    )
    texture: float = setting(
        1.0, "How much fine detail of light and dark there is: 0 none, 1 as the network paints it, 2 twice.", ge=0, le=2
    )
    show: Literal["picture", "surface", "structure", "texture"] = setting(
        "picture",
        "The picture, or one of the three things that it is made of.",
        advanced=True,
        labels={
            "picture": "The picture",
            "surface": "Its surfaces alone",
            "structure": "Its flat shapes alone",
            "texture": "Its light and dark alone",
        },
    )

    def makes(self) -> Makes:
        """Always."""
        return "picture"

    def __call__(self, image: Image, job: Job) -> Image:
        """Paint it."""
        from .painting import Parts, paint

        parts = Parts(self.surface, self.structure, self.texture)
        weights = job.weights(self.style)
        return image.with_pixels(paint(weights, image.pixels, job, self.stroke_scale, parts, self.show))

    def reach(self, height: int, width: int) -> int | None:
        """What the layers of the network see; which shapes are one depends on all others."""
        return None if self.structure or self.show == "structure" else at_size(96, height, width)


@hookimpl
def senga_filters() -> Iterable[type[Filter]]:
    """The filters of this plug-in."""
    return (Cartoon,)


@hookimpl
def senga_families() -> Iterable[Family]:
    """The networks of this plug-in."""
    return (WHITEBOX,)
