"""Clean lines of a picture, to colour under: of a painting, a rough scan or a photograph.

A small network of our own finds them, or that of sketchKeras; without any, a pen that follows the flow of the forms.
Both networks see how each colour differs from its surroundings. Lines are looked for at a size at which they are a few
pixels wide, and enlarged with sharp edges.

References:
    L. Zhang: sketchKeras, https://github.com/lllyasviel/sketchKeras, 2017.
    Winnemöller, Kyprianidis, Olsen: XDoG, an eXtended difference-of-Gaussians compendium. Computers & Graphics 2012.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Literal

from senga import Filter, Image, Job, hookimpl, setting
from senga.families import Family
from senga.filter import Makes
from senga.settings import Model

from .family import LINES


class LineArt(Filter):
    """Find the lines of a picture and draw them clean and black."""

    name: ClassVar[str] = "line-art"
    title: ClassVar[str] = "Line art"
    summary: ClassVar[str] = "Clean black lines, to be coloured, of a painting, a scan or a photograph."
    group: ClassVar[str] = "Drawing"
    keywords: ClassVar[tuple[str, ...]] = (
        "line art", "ink", "outline", "clean up", "comic", "manga", "sketchKeras", "XDoG",
    )  # fmt: skip
    families: ClassVar[tuple[str, ...]] = ("lines",)
    cuts: ClassVar[bool] = True

    method: Literal["network", "pen"] = setting(
        "network",
        "Who finds the lines: a network that has learned from drawings, or a pen along the darker side of edges.",
        labels={"network": "Network", "pen": "Pen along the edges (XDoG)"},
    )
    style: Model = setting("lines", "Which network finds them; `senga models` lists them.", advanced=True)
    weight: float = setting(1.0, "How bold lines are: 1 as they are found.", ge=0.2, le=5)
    sensitivity: float = setting(
        1.0,
        "How faint lines are that are found: above 1 those of a hard pencil too, below 1 less fur and foliage.",
        ge=0.1,
        le=6,
    )
    darkness: float = setting(1.0, "How dark faint lines are: 1 as they are found, more is darker.", ge=0.3, le=4)
    faint: Literal["kept", "enhanced", "pure"] = setting(
        "enhanced",
        "What becomes of the faintest lines.",
        labels={"kept": "Kept", "enhanced": "Cut a little", "pure": "Cut more"},
    )
    cleaning: float = setting(0.25, "How large specks are that go: 0 none, 1 short lines too.", ge=0, le=1)
    fineness: float = setting(
        1.0,
        "How fine lines are that are found: 1 as in a picture of one megapixel, 2 twice as fine.",
        ge=0.25,
        le=6,
    )
    blacks: float = setting(0.0, "What is darker than this is filled with ink; 0 fills nothing.", ge=0, le=1)
    paper: Literal["white", "transparent"] = setting(
        "white",
        "What is below the lines: white paper, or nothing, in files that know transparency (.png).",
        labels={"white": "White", "transparent": "Nothing: transparent"},
    )
    separate_layers: bool = setting(
        False, "Paper and lines as layers of their own, in programs and files that know layers (.ora)."
    )

    def makes(self) -> Makes:
        """As ``separate_layers`` says."""
        return "layers" if self.separate_layers else "picture"

    def __call__(self, image: Image, job: Job) -> Image:
        """The lines.

        Raises:
            ModelError: the network is not there.
        """
        from .painting import drawn

        return drawn(self, image, job)

    def reach(self, height: int, width: int) -> int | None:
        """What the network or the pen sees; sketchKeras measures the whole picture."""
        from .painting import reach_of

        return reach_of(self, (height, width))


@hookimpl
def senga_filters() -> Iterable[type[Filter]]:
    """The filter of this plug-in."""
    return (LineArt,)


@hookimpl
def senga_families() -> Iterable[Family]:
    """The networks of this plug-in."""
    return (LINES,)
