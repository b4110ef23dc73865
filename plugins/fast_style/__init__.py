"""The filter that paints photographs in the manner of paintings, in one pass of a small network."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from senga import Filter, Image, Job, hookimpl, setting
from senga.families import Family
from senga.filter import Makes
from senga.settings import Mask, Model, Picture

from .family import FAMILIES


class FastStyle(Filter):
    """Paints the picture in the manner of a painting, by a network that has learned it."""

    name: ClassVar[str] = "fast-style"
    title: ClassVar[str] = "Fast style"
    summary: ClassVar[str] = "The manner of a painting, by a small network that has learned it; two mix."
    group: ClassVar[str] = "Painting"
    keywords: ClassVar[tuple[str, ...]] = (
        "style transfer", "painting", "Johnson", "conditional instance normalization", "StyleBank", "van Gogh", "Munch",
    )  # fmt: skip
    families: ClassVar[tuple[str, ...]] = tuple(family.name for family in FAMILIES)

    style: Model = setting("starry-night", "Which painting to paint like; `senga models` lists them.")
    second_style: Model | None = setting(None, "Another one, to mix with it.")
    mix: float = setting(0.5, "How much of the second style there is: 0 none, 1 nothing else.", ge=0, le=1)
    second_mask: Mask | None = setting(
        None, "Where the second style is, instead of everywhere: white there, black where there is only the first."
    )
    painting: Picture | None = setting(
        None, "A painting of your own, for a network of the family arbitrary: it paints like whatever it is shown."
    )
    exemplar: str = setting("", "For such a network: a painting of the gallery, in place of one of your own.",
                            resources="exemplars", advanced=True)  # fmt: skip
    observer: str = setting("magenta-look", "For such a network: the model that looks at the painting.", advanced=True)
    stroke_scale: float = setting(
        0.0,
        "How broad strokes are: 1 as the network draws them in a small picture, 2 twice as broad; 0 chooses by size.",
        ge=0,
        le=8,
    )
    match_brightness: bool = setting(False, "Give the result the mean brightness of the photo.", advanced=True)

    def makes(self) -> Makes:
        """Always."""
        return "picture"

    def __call__(self, image: Image, job: Job) -> Image:
        """Paint it."""
        from .painting import painted

        return image.with_pixels(painted(self, image, self.picture("second_mask"), job))

    def prepare(self, job: Job) -> Any:
        """The numbers of the painting, where a network paints by such."""
        from .painting import numbers_of

        return numbers_of(self, job)

    def paints_color(self) -> bool:
        """Paintings have colours."""
        return True

    def reach(self, height: int, width: int) -> None:
        """Everywhere: every layer measures the whole picture."""
        return


@hookimpl
def senga_filters() -> Iterable[type[Filter]]:
    """The filters of this plug-in."""
    return (FastStyle,)


@hookimpl
def senga_families() -> Iterable[Family]:
    """The networks of this plug-in."""
    return FAMILIES
