"""The filter that paints photographs as frames of an animated film, with AnimeGAN networks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import ClassVar, Literal

from senga import Filter, Image, Job, hookimpl, setting
from senga.families import Family, network_of
from senga.filter import Makes, at_size
from senga.settings import Model

from .family import ANIMEGAN


class Anime(Filter):
    """Paints the picture in an anime style with a neural network."""

    name: ClassVar[str] = "anime"
    title: ClassVar[str] = "Anime"
    summary: ClassVar[str] = "Paints the picture like a frame of an animated film."
    group: ClassVar[str] = "Painting"
    keywords: ClassVar[tuple[str, ...]] = ("cartoon", "comic", "manga", "AnimeGAN", "style transfer")
    families: ClassVar[tuple[str, ...]] = ("animegan", "cartoongan")
    measures_whole: ClassVar[bool] = True

    style: Model = setting("painted-comic", "Which style to paint in; `senga models` lists them.")
    stroke_scale: float = setting(
        0.0,
        "How broad strokes are: 1 as the network draws them in a small picture, 2 twice as broad; 0 chooses by size.",
        ge=0,
        le=8,
    )
    match_brightness: bool = setting(True, "Give the result the mean brightness of the photo.")
    upsample: Literal["auto", "tf1", "half_pixel", "align_corners"] = setting(
        "auto",
        "How the network doubles sizes; auto takes what the style was trained with.",
        advanced=True,
        labels={
            "auto": "As the style was trained",
            "tf1": "As TensorFlow 1",
            "half_pixel": "Half-pixel centres",
            "align_corners": "Aligned corners",
        },
    )

    def makes(self) -> Makes:
        """Always."""
        return "picture"

    def __call__(self, image: Image, job: Job) -> Image:
        """Paint it."""
        from senga.neural.canvas import paint

        weights = job.weights(self.style)
        if self.upsample != "auto":
            weights = replace(weights, card={**weights.card, "upsample": self.upsample})
        network = network_of(weights)
        pixels = paint(network, weights.arrays, image.pixels, job, self.stroke_scale, self.match_brightness)
        return image.with_pixels(pixels)

    def reach(self, height: int, width: int) -> int:
        """What the layers of the network see; its norms measure the whole of what is shown."""
        return at_size(128, height, width)


@hookimpl
def senga_filters() -> Iterable[type[Filter]]:
    """The filters of this plug-in."""
    return (Anime,)


@hookimpl
def senga_families() -> Iterable[Family]:
    """The networks of this plug-in."""
    return (ANIMEGAN,)
