"""A picture made pixel by pixel until its features are those of a photograph and of a painting (Gatys et al. 2016).

It takes a minute where `any-style` takes a second, and no training: any painting at all, in any size of its brushwork.
What is there can be seen at any time (``Job.show``), ``minutes`` ends it and keeps it, ``begun`` goes on from it, and
``show`` gives the growth as an animation.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from senga import Filter, Picture, Seed, hookimpl, setting
from senga.exemplars.colours import COLOURS, Colours
from senga.filter import Makes
from senga.image import Animation, Image
from senga.job import Job
from senga.settings import File

Recipe = Literal["senga", "paper", "article"]


class OptimiseStyle(Filter):
    """Changes every pixel until a network sees the photo and the painting in it; slow, and thorough."""

    name: ClassVar[str] = "optimise-style"
    title: ClassVar[str] = "Style by optimisation"
    summary: ClassVar[str] = "Any painting as the style, worked out step by step; slow, and thorough."
    group: ClassVar[str] = "Painting"
    keywords: ClassVar[tuple[str, ...]] = ("style transfer", "Gatys", "neural style", "painting", "L-BFGS")

    exemplar: str = setting(
        "starry-night", "The painting whose style is taken: one of the gallery, or of a plug-in.", resources="exemplars"
    )
    painting: Picture | None = setting(None, "A painting of your own, in place of one of the gallery.")
    size: int = setting(
        512, "Longer side at which is worked; the result gets the size of the picture.", ge=64, le=2048, unit="px"
    )
    steps: int = setting(50, "Steps at each size.", ge=1, le=5000)
    content: float = setting(1.0, "How much the forms of the photograph count.", ge=0, le=1000)
    style: float = setting(1.0, "How much the painting counts.", ge=0, le=1000)
    brushwork: float = setting(1.0, "Size of the brushwork: the painting is looked at so much larger.", ge=0.25, le=4)
    colours: Colours = COLOURS
    histogram: float = setting(0.0, "How far every colour is in the end as frequent as in the painting.", ge=0, le=1)
    show: Literal["picture", "growth"] = setting(
        "picture",
        "The result, or an animation of how it grows.",
        labels={"picture": "The result", "growth": "Its growth"},
    )
    minutes: float = setting(0.0, "Keep what is there after so many minutes; 0 goes on to the end.", ge=0, le=1440)
    begun: Picture | None = setting(
        None, "What an earlier run left: goes on from it, at once at the full size.", advanced=True
    )
    start: Literal["auto", "any-style", "photo", "both", "noise", "painting"] = setting(
        "auto",
        "What it begins with: what Any style paints, at once at the full size; the photograph, half of it with noise, "
        "noise alone, or the painting; auto takes the first unless a larger network is given.",
        advanced=True,
        labels={
            "auto": "What suits the network",
            "any-style": "What Any style paints",
            "photo": "The photograph",
            "both": "Photograph and noise",
            "noise": "Noise",
            "painting": "The painting",
        },
    )
    levels: int = setting(
        2, "At how many sizes is worked, each twice as large as the one before.", ge=1, le=5, advanced=True
    )
    smooth: float = setting(1.0, "How much smoothness counts.", ge=0, le=1000, advanced=True)
    recipe: Recipe = setting(
        "senga",
        "What is weighed: features and colours, which suits small networks; features as Gatys et al. do; or as a "
        "widespread article does, for which style is all but everything (with adam, 3000 steps, one size, and noise).",
        advanced=True,
        labels={"senga": "Features and colours", "paper": "Gatys et al.", "article": "The article"},
    )
    method: Literal["lbfgs", "adam"] = setting(
        "lbfgs", "How steps are chosen.", advanced=True, labels={"lbfgs": "L-BFGS", "adam": "Adam"}
    )
    network: File | None = setting(
        None,
        "A perceptual network in place of the one that comes with Senga: VGG-19, or a smaller one made from it.",
        advanced=True,
    )
    seed: Seed = setting(1, "Another number begins with other noise.", advanced=True)

    def __call__(self, image: Image, job: Job) -> Image | Animation:
        """The painting, or its growth."""
        from .painting import grown_as_animation, painted

        return painted(self, image, job) if self.show == "picture" else grown_as_animation(self, image, job)

    def prepare(self, job: Job) -> Any:
        """The network and the painting."""
        from .painting import prepared

        return prepared(self, job)

    def makes(self) -> Makes:
        """As ``show`` says."""
        return "picture" if self.show == "picture" else "animation"

    def reach(self, height: int, width: int) -> None:
        """Everywhere: features are compared in the whole picture."""
        return

    def paints_color(self) -> bool:
        """Paintings have colours."""
        return self.colours != "luminance"


@hookimpl
def senga_filters() -> tuple[type[Filter], ...]:
    """The filter of this module."""
    return (OptimiseStyle,)
