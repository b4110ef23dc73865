"""What filters that paint portraits by example share: the portrait, faces, and what is around them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict

from senga.errors import SettingsError
from senga.faces.settings import LANDMARKS, POINTS
from senga.image import Image
from senga.job import Job
from senga.settings import File, Picture, Points, setting

if TYPE_CHECKING:
    from senga.faces import Face

TURNED = "The face is turned too far from that of the portrait: choose another portrait or picture."
SMALL = "The faces in this picture are too small to be painted: enlarge it, or take one where faces are larger."
NO_FACE_THERE = "No face was found in the portrait: give its landmarks, or choose another."


class FaceSettings(BaseModel):
    """A portrait, of the gallery or one's own, and where faces are."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    exemplar: str = setting(
        "metzinger",
        "The portrait to paint by: adele, mona-lisa, vinton, kellogg, metzinger, self-portrait, or one of a plug-in.",
        resources="portraits",
    )
    painting: Picture | None = setting(None, "A portrait of your own, in place of one of the gallery.")
    likeness: float = setting(
        0.5, "How much light and shade of the photograph lie over the brushwork, in the tones of the portrait.", ge=0,
        le=1,
    )  # fmt: skip
    background: Literal["painted", "photograph"] = setting(
        "painted",
        "What is around heads: painted with pieces of the same portrait where they fit, or left as it is.",
        labels={"painted": "Painted too", "photograph": "Left as it is"},
    )
    landmarks: File = LANDMARKS
    points: Points = POINTS
    painting_landmarks: File = setting("", "A file with the landmarks of your own portrait.", advanced=True)

    def faces_of(self, image: Image, job: Job, known: Sequence[Face] | None = None) -> list[Face]:
        """The faces of a picture, the largest first; beside those that are known already, of films.

        Raises:
            SengaError: there is none, and the picture is no frame of a film.
        """
        from senga.faces.finding import faces_to_paint

        return faces_to_paint(image, job, given=self.landmarks, points=self.points, known=known)

    @property
    def follows(self) -> bool:
        """Whether faces of films are followed; landmarks that are given are those of every frame."""
        return not (self.landmarks or self.points)

    def portrait(self, job: Job) -> tuple[Image, Face]:
        """The portrait with its face.

        Raises:
            SettingsError: there is no exemplar of that name.
            SengaError: no face is found in it.
        """
        from senga.exemplars import gallery
        from senga.faces import find_faces

        own: Any = self.picture("painting")  # type: ignore[attr-defined]  # of the filter that this is mixed into
        if own is not None:
            picture, given = own, self.painting_landmarks
        else:
            card = gallery.find(self.exemplar, job.resources("exemplars"))
            picture, given = gallery.picture_of(card), _landmarks_of(card, self.painting_landmarks)
        found = find_faces(picture, replace(job, offset=(0, 0), full_size=None), given=given, most=1)
        if not found:
            raise SettingsError(NO_FACE_THERE)
        return picture, found[0]

    def paints_color(self) -> bool:
        """Paintings have colours."""
        return True

    def reach(self, height: int, width: int) -> None:
        """Everywhere: faces are looked for in the whole picture."""
        return


def _landmarks_of(card: Any, given: str) -> str:
    """The file with the landmarks of an exemplar."""
    own: Path | None = getattr(card, "landmarks", None)
    return given or (str(own) if own is not None else "")
