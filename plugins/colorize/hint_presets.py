"""Ready settings for training a network that paints from hints."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from senga.neural.training import presets
from senga.neural.training.presets import Group, named


class LossWeights(Group):
    """What each part of the loss counts."""

    colour: float = Field(10.0, ge=0)
    content: float = Field(1.0, ge=0)
    adversarial: float = Field(0.1, ge=0)


class Preset(presets.Preset):
    """Everything that a training depends on beside its pictures.

    Attributes:
        side: of the squares that the network sees; a crop of twice its side is where they are taken from.
        channels: of the judge.
        weights: of the loss.
    """

    architecture: str = "hint-painter"
    target: Literal["photo", "drawn", "pairs"] = "pairs"
    side: int = Field(128, ge=16, multiple_of=16, description="Side of the squares of a step, a multiple of 16.")
    channels: int = Field(12, ge=1, le=64)
    weights: LossWeights = LossWeights()


PRESETS = named(
    Preset(
        name="own",
        crop=288,
        zoom=1.1,
        mirror=True,
        batch=8,
        start_steps=0,
        style_steps=4000,
        rates=(1e-3, 1e-3, 5e-4),
        rate_end=0.1,
        clip=5.0,
        average=0.995,
    ),
    Preset(name="wide", width=2.0, crop=512, side=256, batch=8, start_steps=0, style_steps=100_000,
           rates=(5e-4, 5e-4, 2.5e-4), rate_end=0.1, clip=5.0, average=0.999),
)  # fmt: skip
"""The presets, the default first."""
