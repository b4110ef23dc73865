"""The picture painted with pieces of an exemplar: StyleBlit, see ``senga.exemplars.chunks``.

The exemplar is a painting of the gallery or one's own. Guides say which part of it goes where: made from both pictures,
see ``photo_guides``, or from files. With guides that are made, the photograph gives a share of its lightness and
colours, in the tones of the painting, on top of the brushwork: the forms stay clear, and pieces meet without steps.

A picture whose strokes are wider than the exemplar's is painted at a reduced size; its own lightness is added at the
full one.
"""

from __future__ import annotations

from typing import Any, ClassVar

from senga import hookimpl
from senga.filter import Filter, setting
from senga.image import Image
from senga.job import Job
from senga.settings import Seed

from .exemplar_settings import Exemplars


class StyleBlit(Exemplars, Filter):
    """Paint the picture with the brushwork and the colours of a painting."""

    name: ClassVar[str] = "style-blit"
    title: ClassVar[str] = "Paint by example"
    summary: ClassVar[str] = "Brushwork and colours of a painting, piece by piece where they fit."
    group: ClassVar[str] = "Example"
    keywords: ClassVar[tuple[str, ...]] = ("style transfer", "brushwork", "painting", "StyleBlit", "van Gogh")

    pieces: int = setting(
        36, "How far a piece of the painting may differ from the picture: more gives larger pieces.", ge=1, le=128
    )
    blend: int = setting(1, "Radius over which pieces blend where they meet.", ge=0, le=8, unit="px", advanced=True)
    shimmer: int = setting(
        0,
        "In films, after how many frames the brushwork moves, as if drawn anew; 0 keeps it still.",
        ge=0,
        le=100,
        unit="frames",
        advanced=True,
    )
    seed: Seed = setting(1, "Another number cuts other pieces.")

    def __call__(self, image: Image, job: Job) -> Image:
        """The painting."""
        from senga.exemplars.chunks import fill

        from .blit_painting import painted

        def place(style: Any, guide: Any, part: Job) -> Any:
            return fill(style.example, guide, self.pieces, part, self.shift_of(job))

        return painted(self, image, job, "Placing pieces", place, self.blend)

    def shift_of(self, job: Job) -> tuple[int, int]:
        """By how many pixels the pieces are cut elsewhere, for the seed and the frame of a film."""
        from senga.exemplars.seeds import TILE

        turn = job.moment.number // self.shimmer if job.moment is not None and self.shimmer else 0
        down, across = job.rng(self.seed, turn).integers(0, TILE, 2)
        return int(down), int(across)


@hookimpl
def senga_filters() -> tuple[type[Filter], ...]:
    """The filter of this module."""
    return (StyleBlit,)
