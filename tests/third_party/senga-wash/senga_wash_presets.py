"""The settings of a training; light, so that help is quick."""

from __future__ import annotations

from pydantic import Field

from senga.neural.training import presets
from senga.neural.training.presets import named


class Preset(presets.Preset):
    """Settings of the training."""

    architecture: str = "wash"
    inner: int = Field(4, ge=1, le=64, description="Channels between the two layers.")
    thin: float = Field(0.5, ge=0, description="How much the colour of the style counts.")


PRESETS = named(Preset(name="thin", crop=32, batch=2, start_steps=2, style_steps=3, rates=(1e-2, 1e-2, 1e-2)))
