"""Portraits painted after a portrait, at once: FaceBlit.

A head of the photograph is laid over the head of the portrait, landmark by landmark. Two guides say which piece of the
portrait goes where: the place on the face (``senga.ops.deformation``) and how light a pixel is beside its surroundings.
Pieces are as large as the guides allow (``senga.exemplars.chunks``), their places are looked up in a cube that is made
once for a portrait (``senga.exemplars.cube``), and neighbours vote for the colours where pieces meet.

Reference: A. Texler, O. Texler, M. Kučera, M. Chai, D. Sýkora: FaceBlit: Instant real-time example-based style transfer
to facial videos. Proceedings of the ACM on Computer Graphics and Interactive Techniques 4(1), 2021,
doi:10.1145/3451270.
"""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

from senga import hookimpl
from senga.filter import Filter, setting
from senga.image import Image
from senga.job import Job

from .face_settings import FaceSettings


class FaceBlit(FaceSettings, Filter):
    """Paint the people of a photograph as somebody in a portrait was painted."""

    name: ClassVar[str] = "face-blit"
    title: ClassVar[str] = "Portrait by example"
    summary: ClassVar[str] = "Faces painted like the face of a portrait, at once."
    group: ClassVar[str] = "Example"
    keywords: ClassVar[tuple[str, ...]] = ("portrait", "face", "style transfer", "FaceBlit", "painting")
    wants_before: ClassVar[bool] = True

    pieces: int = setting(
        50, "How far a piece of the portrait may differ from the face: more gives larger pieces.", ge=1, le=255
    )
    blend: int = setting(1, "Radius over which pieces blend where they meet.", ge=0, le=8, unit="px", advanced=True)

    steadiness: float = setting(
        0.85, "In films, how much is kept of what was painted last, moved along.", ge=0, le=1, advanced=True
    )

    def __call__(self, image: Image, job: Job) -> Image:
        """The portrait.

        Raises:
            SengaError: there is no face that could be painted.
        """
        from .face_composition import composed
        from .face_film import steadied

        exemplar = job.prepared or self.prepare(job)
        paint = partial(composed, self, image, exemplar, self._painted, job)
        return steadied(image, self.steadiness, job, paint)

    def prepare(self, job: Job) -> Any:
        """The portrait with its cube."""
        from .face_exemplar import FaceExemplar

        picture, face = self.portrait(job)
        made = FaceExemplar(picture, face.points)
        assert made.example is not None  # noqa: S101 - made now, and not in the midst of a picture
        return made

    def _painted(self, canvas: Any, job: Job) -> Any:
        """The painting of a head."""
        from senga.exemplars import votes
        from senga.exemplars.chunks import fill

        from . import face_guides as guides

        exemplar = canvas.exemplar
        guide = guides.guide(canvas.places, exemplar.unit, canvas.appearance)
        places = fill(exemplar.example, guide, self.pieces, job.part(0.0, 0.7))
        return votes.blended(exemplar.samples, places, self.blend, job.part(0.7, 1.0))


@hookimpl
def senga_filters() -> tuple[type[Filter], ...]:
    """The filter of this module."""
    return (FaceBlit,)
