"""Portraits synthesised after a portrait, patch by patch: FaceStyle.

Four guides say which patch of the portrait belongs where: what a pixel is of (head, skin, eyes, brows, nose, mouth),
the place on the face, how light it is beside its surroundings, in the tones of the portrait, and in films what was
painted last. Patches are chosen together (``senga.exemplars.synthesis``); eyes and mouth are then synthesised once
more from those of the portrait alone.

Reference: J. Fišer, O. Jamriška, D. Simons, E. Shechtman, J. Lu, P. Asente, M. Lukáč, D. Sýkora: Example-based
synthesis of stylized facial animations. ACM Transactions on Graphics 36(4), 2017, doi:10.1145/3072959.3073660.
"""

from __future__ import annotations

from typing import Any, ClassVar

from senga import hookimpl
from senga.filter import Filter, setting
from senga.image import Image
from senga.job import Job
from senga.settings import Seed

from .face_settings import FaceSettings


class FaceStyle(FaceSettings, Filter):
    """Synthesise the people of a photograph anew from patches of a portrait."""

    name: ClassVar[str] = "face-style"
    title: ClassVar[str] = "Portrait synthesis"
    summary: ClassVar[str] = (
        "Faces grown from the brushwork of a portrait; slower and finer than “Portrait by example”."
    )
    group: ClassVar[str] = "Example"
    keywords: ClassVar[tuple[str, ...]] = ("portrait", "face", "style transfer", "FaceStyle", "PatchMatch", "painting")
    wants_before: ClassVar[bool] = True

    fineness: int = setting(
        200, "Width at which faces are synthesised: more is finer and takes longer.", ge=60, le=500, unit="px"
    )
    segment_weight: float = setting(
        1.5, "How strictly eyes come from eyes, skin from skin, and so on.", ge=0, le=100, advanced=True
    )
    position_weight: float = setting(5.0, "How strictly places on the face are kept to.", ge=0, le=100, advanced=True)
    appearance_weight: float = setting(
        2.0, "How strictly light and shade of the photograph are followed.", ge=0, le=100, advanced=True
    )
    before_weight: float = setting(
        1.0, "In films, how strictly the frame before is followed.", ge=0, le=100, advanced=True
    )
    eyes_and_mouth: bool = setting(True, "Synthesise eyes and mouth once more, from those of the portrait alone.")
    uniformity: float = setting(
        2000.0, "How evenly all parts of the portrait are used; 0 does not care.", ge=0, le=100_000, advanced=True
    )
    rounds: int = setting(4, "How often patches are chosen and blended at each size.", ge=1, le=20, advanced=True)
    passes: int = setting(3, "How often better patches are looked for in each round.", ge=1, le=20, advanced=True)
    seed: Seed = setting(1, "Another number grows another texture.")

    def __call__(self, image: Image, job: Job) -> Image:
        """The portrait.

        Raises:
            SengaError: there is no face that could be painted.
        """
        from .face_composition import composed

        exemplar = job.prepared or self.prepare(job)
        return composed(self, image, exemplar, self._painted, job)

    def prepare(self, job: Job) -> Any:
        """The portrait at the size of the synthesis."""
        from .face_exemplar import FaceExemplar

        picture, face = self.portrait(job)
        return FaceExemplar(picture, face.points, float(self.fineness))

    def _painted(self, canvas: Any, job: Job) -> Any:
        """The synthesis of a head."""
        from senga.exemplars.synthesis import Options

        from . import face_parts
        from .face_film import before_on

        options = Options(5, self.uniformity, self.rounds, self.passes, seed=self.seed)
        before = before_on(canvas, job) if self.before_weight else None
        pairs = face_parts.pairs_of(canvas, self._weights(), before)
        made = face_parts.head(canvas, pairs, options, job.part(0.0, 0.9))
        if not self.eyes_and_mouth:
            return made
        return face_parts.with_parts(made, canvas, pairs, options, job.part(0.9, 1.0))

    def _weights(self) -> Any:
        from .face_parts import Weights

        return Weights(self.segment_weight, self.position_weight, self.appearance_weight, self.before_weight)


@hookimpl
def senga_filters() -> tuple[type[Filter], ...]:
    """The filter of this module."""
    return (FaceStyle,)
