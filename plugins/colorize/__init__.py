"""Colours for line drawings: flat colours spread from hints to the lines, below lines that stay as they are.

The drawing is divided into regions (``ops.regions``), gaps of its lines bridged, at a working size (``drawing``). Every
hint colours its region (``hints``, ``filling``); a region with hints of several colours is divided among them by the
way within the region. At full size colours are brought to the lines as they are there, and below them (``painting``).

References:
    Zhang, Chen, Zhang, Martin: Vectorizing cartoon animations. IEEE TVCG 15(4), 2009, doi:10.1109/TVCG.2009.9.
    Sýkora, Dingliana, Collins: LazyBrush: flexible painting tool for hand-drawn cartoons. Computer Graphics Forum
    28(2), 2009, doi:10.1111/j.1467-8659.2009.01400.x (strokes that run over a line by accident).
"""

from __future__ import annotations

from typing import ClassVar, Literal

from senga import Picture, Seed, hookimpl
from senga.families import Family
from senga.filter import Filter, Makes, setting
from senga.image import Image
from senga.job import Job
from senga.settings import Colour, Model, Points

from .families import FAMILIES


class Colorize(Filter):
    """Lay flat colours under a line drawing, from dots and strokes of colour; the lines stay as they are."""

    name: ClassVar[str] = "colorize"
    title: ClassVar[str] = "Colorize lines"
    summary: ClassVar[str] = "Flat colours under a line drawing, spread from dots of colour to the lines."
    group: ClassVar[str] = "Colour"
    keywords: ClassVar[tuple[str, ...]] = (
        "line art", "flat colours", "flats", "colouring", "bucket fill", "smart fill", "lazybrush", "manga", "comic",
    )  # fmt: skip
    families: ClassVar[tuple[str, ...]] = tuple(family.name for family in FAMILIES.values())
    fills_gaps: ClassVar[bool] = True

    mode: Literal["hints", "shaded", "reference", "automatic", "flats"] = setting(
        "hints",
        "Flat colours from hints; colours and shades by a network, from hints or without; the colours of another "
        "picture, also where there is one and no hint; nine suggestions without hints; or every region another.",
        labels={
            "hints": "From hints",
            "shaded": "From hints, with shades",
            "reference": "As another picture",
            "automatic": "Nine suggestions",
            "flats": "Every region another",
        },
    )
    hints: Picture | None = setting(
        None, "Dots or strokes of colour on a transparent layer, or on white; one in every region.", aligned=True
    )
    points: Points = setting((), "Further hints as points; each takes the colour of the same place in the list below.")
    colours: tuple[Colour, ...] = setting((), "The colours of the points, such as: orange, #80c0ff.")
    reference: Picture | None = setting(None, "The picture whose colours the drawing gets; it may show something else.")
    matching: Literal["place", "network"] = setting(
        "place",
        "How the colours of another picture find their regions: by size and place, or as a network thinks.",
        labels={"place": "By size and place", "network": "By a network"},
    )
    closeness: float = setting(
        1.0, "How close colours keep to those of another picture: 0 as the network mixes them.", ge=0, le=1
    )
    shading: float = setting(1.0, "How strong the shades are that a network paints; 0 leaves flat colours.", ge=0, le=1)
    suggestion: int = setting(0, "Which of the nine suggestions to give, from 1 on; 0 gives all.", ge=0, le=9)
    gap: float = setting(
        6.0, "The widest gap of a line that colours do not run through, on a picture of one megapixel.", ge=0, le=100,
        unit="px",
    )  # fmt: skip
    without_hint: Literal["paper", "neighbour", "network"] = setting(
        "paper",
        "What regions without a hint become: paper, as the neighbour with the longest border, or, where a network "
        "paints shades, as it guesses.",
        labels={"paper": "White paper", "neighbour": "As its neighbour", "network": "As a network guesses"},
    )
    separate_layers: bool = setting(False, "Give paper, flat colours, shades and lines as layers.")
    style: Model | None = setting(
        None, "Which network paints, where the mode takes one; by default that which comes with Senga.", advanced=True
    )
    encoder: Model | None = setting(
        None, "The VGG-19 that networks of the published form see another picture with.", advanced=True
    )
    second_style: Model | None = setting(
        None, "The network of the second pass, where one paints in two (PaintsChainer); by default the same.",
        advanced=True,
    )  # fmt: skip
    faintest_line: float = setting(
        0.3, "How dark a line must be to hold colours, as a share of the darkest ones.", ge=0.02, le=0.95, advanced=True
    )
    smallest_region: float = setting(
        8.0, "Side of regions below which they need no hint of their own, on a picture of one megapixel.", ge=0, le=100,
        unit="px", advanced=True,
    )  # fmt: skip
    overshoot: float = setting(
        0.15, "What share of a stroke may run over a line into a region that has another hint.", ge=0, le=0.5,
        advanced=True,
    )  # fmt: skip
    seed: Seed = setting(0, "Another number gives regions other colours, where every one gets its own.", advanced=True)

    def __call__(self, image: Image, job: Job) -> Image:
        """The coloured drawing.

        Raises:
            SengaError: there are no lines, no hints, or no network.
        """
        from .painting import painted

        job.progress(0.0, "Reading lines")
        return painted(image, self, job)

    def paints_color(self) -> bool:
        """Lines are grey, hints are not."""
        return True

    def makes(self) -> Makes:
        """Layers where they are asked for; alternatives where there are suggestions to choose from."""
        if self.mode == "automatic" and not self.suggestion:
            return "alternatives"
        return "layers" if self.separate_layers else "picture"

    def reach(self, height: int, width: int) -> None:
        """Everywhere: a region may be as large as the picture."""
        return


@hookimpl
def senga_filters() -> tuple[type[Filter], ...]:
    """The filter of this module."""
    return (Colorize,)


@hookimpl
def senga_families() -> tuple[Family, ...]:
    """The networks of this plug-in."""
    return tuple(FAMILIES.values())
