"""What filters that paint by example share: the exemplar and its guides."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from senga.errors import SettingsError
from senga.image import Image
from senga.job import Job
from senga.settings import Picture, setting


class Exemplars(BaseModel):
    """An exemplar, of the gallery or one's own, and guides, made or from files."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    exemplar: str = setting(
        "harvest",
        "The painting to paint by: harvest, starry-night, water-lilies, scream, calanque, composition-vii, demon, "
        "shipwreck, self-portrait, metzinger, wood-engraving, autumn, adele, mona-lisa, vinton, kellogg, or one "
        "of a plug-in.",
        resources="exemplars",
    )
    painting: Picture | None = setting(None, "A painting of your own, in place of one of the gallery.")
    stroke_size: float = setting(1.0, "Size of the brushwork; 1 is that of the painting.", ge=0.25, le=8)
    detail: float = setting(0.85, "How clearly the forms of the photograph show through the brushwork.", ge=0, le=1)
    colour: float = setting(0.3, "How closely colours follow the photograph, within those of the painting.", ge=0, le=1)
    contrast: float = setting(
        0.4, "How much local contrast of the photograph is lifted before.", ge=0, le=2, advanced=True
    )
    guide: Literal["colours", "lightness", "shading", "sphere"] = setting(
        "colours",
        "What decides which part of the painting goes where: lightness and colours; lightness and a little the place; "
        "lightness and shading; or normals, for a painted sphere that fills its picture.",
        labels={
            "colours": "Lightness and colours",
            "lightness": "Lightness and place",
            "shading": "Lightness and shading",
            "sphere": "Normals of a painted sphere",
        },
    )
    style_guide: Picture | None = setting(
        None, "A guide for the painting, such as its segmentation, of the same form.", advanced=True
    )
    target_guide: Picture | None = setting(
        None,
        "The same guide for the picture; alone, with a painted sphere, a map of normals.",
        advanced=True,
        aligned=True,
    )
    size_unit: Literal["relative", "pixels"] = setting(
        "relative",
        "Brushwork as on a picture of one megapixel, so that every size looks alike, or in pixels of this picture.",
        advanced=True,
        labels={"relative": "Relative to the picture", "pixels": "Pixels of this picture"},
    )

    def pixels_of(self, image: Image, job: Job) -> float:
        """Pixels of the picture for a pixel of the settings."""
        height, width = job.full_size or (image.height, image.width)
        return 1.0 if self.size_unit == "pixels" else math.sqrt(height * width / 1e6)

    @property
    def shares(self) -> tuple[float, float]:
        """How much of lightness and colours the photograph gives."""
        return self.detail, self.colour if self.guide == "colours" else 0.0

    def exemplar_and_guide(self, job: Job) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
        """The colours of the exemplar, and its guide from a file, if there is one.

        Raises:
            SettingsError: there is no exemplar of that name.
        """
        from senga.exemplars import gallery

        own, guide = self.second("painting"), self.second("style_guide")
        chosen = gallery.chosen(own, self.exemplar, job.resources("exemplars"))
        return chosen.u8(), None if guide is None else guide.u8()

    def prepare(self, job: Job) -> Any:
        """The exemplar with its guide."""
        from .blit_style import Exemplar

        pixels, guide = self.exemplar_and_guide(job)
        return Exemplar(pixels, self.guide, guide, self.shares)

    def paints_color(self) -> bool:
        """Paintings have colours."""
        return True

    def reach(self, height: int, width: int) -> None:
        """Everywhere: tones are those of the whole picture."""
        return

    def check_guides(self) -> None:
        """Whether guides from files come in pairs.

        Raises:
            SettingsError: one of them is missing.
        """
        if self.guide != "sphere" or self.style_guide is not None:  # a painted sphere has its normals
            check_pair(self.style_guide, self.target_guide)

    def second(self, name: str) -> Image | None:
        """A second picture."""
        found: Any = self.picture(name)  # type: ignore[attr-defined]  # of the filter that this is mixed into
        assert found is None or isinstance(found, Image)  # noqa: S101 - narrows the type
        return found


def check_pair(painting: object, picture: object) -> None:
    """Whether both guides of a pair are there, or none.

    Raises:
        SettingsError: one of them is missing.
    """
    if (painting is None) != (picture is None):
        raise SettingsError("Guides come in pairs: give one for the painting and one for the picture.")
