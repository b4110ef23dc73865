"""What a painter can choose about a pencil drawing; light to import."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from senga.filter import Makes
from senga.settings import Seed, setting


class PencilSettings(BaseModel):
    """The settings that all pencil filters share."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)
    draws_strokes: ClassVar[bool] = True
    measures_whole: ClassVar[bool] = True
    """Tones are matched over all that is seen, and strokes drawn from one stream of random numbers."""

    brush: str = setting(
        "pencil", "What draws: pencil, soft-pencil, charcoal, ink, or a brush of a plug-in.", resources="brushes"
    )
    stroke_width: float = setting(5.0, "Width of a stroke, as on a picture of one megapixel.", ge=2, le=60, unit="px")
    darkness: float = setting(
        2.0, "How dark the darkest places become; 1 is the silvery grey of a hard pencil.", ge=0.5, le=4
    )
    edges: float = setting(1.5, "Strength of the outlines; 0 draws none.", ge=0, le=2)
    hatching: Literal["along", "across", "fixed"] = setting(
        "along",
        "Strokes run along the forms, across them, or all at the same angle.",
        labels={"along": "Along the forms", "across": "Across the forms", "fixed": "All at the angle"},
    )
    flat_areas: Literal["angle", "follow"] = setting(
        "angle",
        "Where there is no form to follow, such as in a clear sky: draw at the angle, or follow anyway.",
        labels={"angle": "Drawn at the angle", "follow": "Follow anyway"},
    )
    angle: float = setting(
        45, "Angle of the strokes in flat areas and of fixed hatching, anticlockwise.", ge=-180, le=180, unit="°"
    )
    levels: int = setting(10, "Number of greys; more make finer shading and more strokes.", ge=2, le=24)
    directions: int = setting(10, "Number of directions that strokes run in.", ge=1, le=36)
    local_contrast: float = setting(0.2, "Bring out detail in lights and shadows before drawing.", ge=0, le=1)
    lightness: float = setting(
        0.7, "Move the tones of the photograph towards the light ones of a typical pencil drawing.", ge=0, le=1
    )
    aged: float = setting(0.0, "Age of the paper: 0 is white, 1 yellowed.", ge=0, le=1)
    seed: Seed = setting(1, "Another number draws other strokes.")
    width_unit: Literal["relative", "pixels"] = setting(
        "relative",
        "Stroke width as on a picture of one megapixel, so that every size looks alike, or in pixels of this picture.",
        advanced=True,
        labels={"relative": "Relative to the picture", "pixels": "Pixels of this picture"},
    )
    deepen: float = setting(1.0, "Darken faint outlines.", ge=0.25, le=4, advanced=True)
    edge_contrast: bool = setting(True, "Bring out faint outlines by local contrast.", advanced=True)
    turned_contrast: bool = setting(
        False, "Bring out local contrast anew for each direction, as the paper's program does; slower.", advanced=True
    )
    smoothness: int = setting(
        15, "How smoothly the strokes flow: how often directions are averaged.", ge=0, le=60, advanced=True
    )
    reach_of_forms: int = setting(
        3, "How far a strong form bends the strokes around it.", ge=1, le=8, unit="px", advanced=True
    )

    def width_on(self, height: int, width: int) -> int:
        """Width of a stroke in pixels on a picture of this size."""
        if self.width_unit == "pixels":
            return max(2, round(self.stroke_width))
        return max(SMALLEST_WIDTH, round(self.stroke_width * math.sqrt(height * width / 1e6)))

    def stroke_angle(self) -> float:
        """The angle in -90..90 degrees."""
        return (self.angle + 90) % 180 - 90


class LayeredSettings(PencilSettings):
    """The settings of a single drawing, which can be taken apart."""

    separate_layers: bool = setting(
        False,
        "Paper, strokes and outlines as layers of their own, in programs and files that know layers (.ora).",
    )

    def makes(self) -> Makes:
        """As ``separate_layers`` says."""
        return "layers" if self.separate_layers else "picture"


SMALLEST_WIDTH = 3
"""Strokes of a small picture do not become narrower than this, if their width is relative to the picture."""

FAITHFUL: Mapping[str, Any] = MappingProxyType(
    {
        "width_unit": "pixels",
        "darkness": 1.0,
        "edges": 2.0,
        "flat_areas": "follow",
        "lightness": 0.0,
        "local_contrast": 1.0,
        "turned_contrast": True,
    }
)
"""Settings that draw like the program published with the paper; its demos set levels, width and angle as well."""
