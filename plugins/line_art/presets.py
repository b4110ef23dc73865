"""Ready settings for training a network that finds lines."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from senga.neural.training import presets
from senga.neural.training.presets import Group, named


class LossWeights(Group):
    """What each part of the loss counts."""

    entropy: float = Field(1.0, ge=0)
    dice: float = Field(0.5, ge=0)


class Preset(presets.Preset):
    """Everything that a training depends on beside its pictures.

    Attributes:
        side: of the squares that the network sees; a crop is where they are taken from.
        heavy: so much more lines count than the rest.
        weights: of the loss.
    """

    architecture: str = "lines"
    target: Literal["photo", "drawn", "pairs"] = "pairs"
    side: int = Field(128, ge=16, multiple_of=8, description="Side of the squares of a step, a multiple of 8.")
    heavy: float = Field(1.5, ge=0)
    weights: LossWeights = LossWeights()


PRESETS = named(
    Preset(
        name="own",
        crop=192,
        zoom=1.5,
        mirror=True,
        batch=8,
        start_steps=0,
        style_steps=4000,
        rates=(2e-3, 2e-3, 2e-3),
        rate_end=0.05,
        clip=5.0,
        average=0.995,
    ),
    Preset(name="wide", width=2.0, crop=256, batch=16, start_steps=0, style_steps=40_000, rates=(1e-3, 1e-3, 1e-3)),
)
"""The presets, the default first."""
