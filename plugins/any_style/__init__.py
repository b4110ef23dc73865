"""A photograph painted in the style of any picture, in one pass of a network (``senga.neural.networks.any_style``).

The style is what the features of a painting have in common: their means and deviations, measured once. Styles are mixed
by mixing these; weakened by mixing them with those of the photograph itself. Where a mask says, a second style is
painted.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from senga import Filter, Image, Job, Mask, Picture, hookimpl, setting
from senga.exemplars.colours import COLOURS, Colours
from senga.families import Family
from senga.filter import Makes
from senga.settings import Model

from .family import ANY_STYLE


class AnyStyle(Filter):
    """Paints the picture in the style of any painting, by a neural network that looks at both."""

    name: ClassVar[str] = "any-style"
    title: ClassVar[str] = "Any style"
    summary: ClassVar[str] = "Colours, contrasts and brushwork of any painting, in one pass."
    group: ClassVar[str] = "Painting"
    keywords: ClassVar[tuple[str, ...]] = ("style transfer", "AdaIN", "painting", "brushwork", "neural style")
    families: ClassVar[tuple[str, ...]] = ("any-style",)

    exemplar: str = setting(
        "starry-night", "The painting whose style is taken: one of the gallery, or of a plug-in.", resources="exemplars"
    )
    painting: Picture | None = setting(None, "A painting of your own, in place of one of the gallery.")
    styling: float = setting(1.0, "How far the picture goes towards the painting: 0 not at all, 1 wholly.", ge=0, le=1)
    brushwork: float = setting(1.0, "Size of the brushwork: the painting is looked at so much larger.", ge=0.25, le=4)
    stroke_scale: float = setting(
        0.0,
        "How broad shapes are: 1 as the network paints them in a small picture, 2 twice as broad; 0 chooses by size.",
        ge=0,
        le=8,
    )
    colours: Colours = COLOURS
    second: str = setting("", "A second painting of the gallery, to mix with the first.", resources="exemplars")
    second_painting: Picture | None = setting(None, "A second painting of your own, in place of one of the gallery.")
    mix: float = setting(0.5, "How much of the second painting there is, where no mask says it.", ge=0, le=1)
    mask: Mask | None = setting(
        None, "Where the second painting is the style: white there, black where the first is.", aligned=True
    )
    others: str = setting(
        "", "Further paintings of the gallery, each with its weight beside the first: demon 0.5, harvest 0.2.",
        advanced=True,
    )  # fmt: skip
    network: Model = setting("painterly", "Which network paints; `senga models` lists them.", advanced=True)
    encoder: str = setting("", "For a network that is only a decoder: the model that is its encoder.", advanced=True)

    def makes(self) -> Makes:
        """Always."""
        return "picture"

    def __call__(self, image: Image, job: Job) -> Image:
        """Paint it.

        Raises:
            SengaError: a mask without a second style, an unknown painting, weights that do not go together.
        """
        from .painting import painted

        return painted(self, image, job)

    def prepare(self, job: Job) -> Any:
        """The network, and the statistics of all styles."""
        from .painting import Palette

        return Palette.of(self, job)

    def reach(self, height: int, width: int) -> None:
        """Everywhere: features are measured in the whole picture."""
        return

    def paints_color(self) -> bool:
        """Paintings have colours, and so has what the network makes of a grey one."""
        return self.colours != "luminance"


@hookimpl
def senga_filters() -> Iterable[type[Filter]]:
    """The filters of this plug-in."""
    return (AnyStyle,)


@hookimpl
def senga_families() -> Iterable[Family]:
    """The networks of this plug-in."""
    return (ANY_STYLE,)
