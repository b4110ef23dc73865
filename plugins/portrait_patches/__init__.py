"""Portraits painted at once by a network that has learned one painting from pairs by ``face-style``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Literal

from senga import Filter, Image, Job, hookimpl, setting
from senga.faces.settings import LANDMARKS, POINTS
from senga.families import Family
from senga.filter import Makes
from senga.settings import File, Model, Points

from .family import PATCHES


class PortraitPatches(Filter):
    """Paints people like the face of one portrait, at once, by a neural network that has learned it."""

    name: ClassVar[str] = "portrait-patches"
    title: ClassVar[str] = "Portrait at once"
    summary: ClassVar[str] = "Faces painted like a portrait, by a small network that has learned it."
    group: ClassVar[str] = "Example"
    keywords: ClassVar[tuple[str, ...]] = ("portrait", "face", "style transfer", "painting", "patch-based", "FaceStyle")
    families: ClassVar[tuple[str, ...]] = (PATCHES.name,)

    style: Model = setting("metzinger", "Which portrait to paint like; `senga models` lists them.")
    background: Literal["painted", "photograph"] = setting(
        "painted",
        "What is around heads: painted too, or left as it is. Where no face is found, everything is painted.",
        labels={"painted": "Painted too", "photograph": "Left as it is"},
    )
    stroke_scale: float = setting(
        0.0,
        "How broad brushwork is: 1 as the network paints it in a small picture, 2 twice as broad; 0 chooses by the "
        "faces.",
        ge=0,
        le=32,
    )
    landmarks: File = LANDMARKS
    points: Points = POINTS

    def makes(self) -> Makes:
        """Always."""
        return "picture"

    def __call__(self, image: Image, job: Job) -> Image:
        """Paint it."""
        from .painting import painted

        return image.with_pixels(painted(self, image, job))

    def paints_color(self) -> bool:
        """Paintings have colours."""
        return True

    def reach(self, height: int, width: int) -> None:
        """Everywhere: faces are looked for in the whole picture."""
        return


@hookimpl
def senga_filters() -> Iterable[type[Filter]]:
    """The filters of this plug-in."""
    return (PortraitPatches,)


@hookimpl
def senga_families() -> Iterable[Family]:
    """The networks of this plug-in."""
    return (PATCHES,)
