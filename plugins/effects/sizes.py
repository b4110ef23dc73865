"""Sizes that are relative to the picture."""

from __future__ import annotations

import math
from typing import Literal

from pydantic import BaseModel, ConfigDict

from senga.image import Image
from senga.job import Job
from senga.settings import setting


class Sized(BaseModel):
    """What filters with a size share."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    size_unit: Literal["relative", "pixels"] = setting(
        "relative",
        "Sizes as on a picture of one megapixel, so that every size looks alike, or in pixels of this picture.",
        advanced=True,
        labels={"relative": "Relative to the picture", "pixels": "Pixels of this picture"},
    )

    def pixels_of(self, image: Image, job: Job) -> float:
        """Pixels of the picture for a pixel of the settings."""
        return self.pixels_on(*(job.full_size or (image.height, image.width)))

    def pixels_on(self, height: int, width: int) -> float:
        """The same for a whole picture of this size."""
        return 1.0 if self.size_unit == "pixels" else math.sqrt(height * width / 1e6)

    def farthest(self, height: int, width: int) -> float:
        """The scale by which ``reach`` counts: small pictures keep that of a megapixel."""
        return max(1.0, self.pixels_on(height, width))
