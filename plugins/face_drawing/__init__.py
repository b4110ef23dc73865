"""Faces as drawings, by networks of U-GAT-IT.

Such a network knows faces of 256 pixels that stand upright. So each face of a picture is found, turned upright, drawn,
and laid back over the photograph at its own size, with its hair and neck and soft edges.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Literal

from senga import Filter, Image, Job, Picture, hookimpl, setting
from senga.faces.settings import LANDMARKS, POINTS
from senga.families import Family
from senga.settings import File, Model, Points

from .family import U_GAT_IT


class FaceDrawing(Filter):
    """Draw the faces of a photograph."""

    name: ClassVar[str] = "face-drawing"
    title: ClassVar[str] = "Drawn face"
    summary: ClassVar[str] = "Faces become drawn ones, with their hair; the rest of the photograph stays."
    group: ClassVar[str] = "Painting"
    keywords: ClassVar[tuple[str, ...]] = ("portrait", "face", "selfie", "anime", "manga", "U-GAT-IT")
    families: ClassVar[tuple[str, ...]] = ("u-gat-it",)

    style: Model = setting("drawn", "Which network draws; `senga models` lists them.")
    strength: float = setting(1.0, "How much of the drawing lies over the photograph.", ge=0, le=1)
    colours: float = setting(0.5, "How far the drawing takes the broad colours of the photograph.", ge=0, le=1)
    background: Picture | None = setting(
        None,
        "What is around heads: a picture of the same place, such as what another filter made; else the photograph.",
        aligned=True,
    )
    whole: bool = setting(False, "Draw the whole square round a face, not only the head with its hair and neck.")
    room: float = setting(
        1.0, "How much is seen round a face while it is drawn; more takes in more hair.", ge=0.7, le=1.6, advanced=True
    )
    shows: Literal["drawing", "attention"] = setting(
        "drawing",
        "What is painted: the drawing, or where the network looks at most, bright.",
        labels={"drawing": "The drawing", "attention": "Where the network looks"},
        advanced=True,
    )
    landmarks: File = LANDMARKS
    points: Points = POINTS

    def __call__(self, image: Image, job: Job) -> Image:
        """The picture with drawn faces.

        Raises:
            SengaError: no face is found, and the picture is no frame of a film.
            ModelError: no network is there.
        """
        from .painting import drawn

        return drawn(self, image, job)

    def prepare(self, job: Job) -> Any:
        """The network."""
        from .painting import Drawer

        return Drawer.of(self.style, job)

    def reach(self, height: int, width: int) -> None:
        """Everywhere: faces are looked for in the whole picture."""
        return

    def paints_color(self) -> bool:
        """Drawings have colours."""
        return True


@hookimpl
def senga_filters() -> Iterable[type[Filter]]:
    """The filter of this plug-in."""
    return (FaceDrawing,)


@hookimpl
def senga_families() -> Iterable[Family]:
    """The family of U-GAT-IT."""
    return (U_GAT_IT,)
