"""Ready settings for training a network that colours lines as another picture is coloured."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from senga.neural.training import presets
from senga.neural.training.presets import Group, named


class LossWeights(Group):
    """What each part of the loss counts: those of the paper."""

    colours: float = Field(1.0, ge=0)
    entry: float = Field(0.3, ge=0)
    exit: float = Field(0.9, ge=0)
    adversarial: float = Field(0.01, ge=0)


class Preset(presets.Preset):
    """Everything that a training depends on beside its pictures.

    Attributes:
        form: ours, or as it was published.
        side: of the squares that the network sees.
        critic: channels of the critic, behind its first convolution.
        adversarial: with logarithms as in the paper, or least squares.
        weights: of the loss.
    """

    architecture: str = "style2paints"
    form: Literal["own", "published"] = "own"
    target: Literal["photo", "drawn", "pairs"] = "pairs"
    side: int = Field(128, ge=32, multiple_of=32, description="Side of the squares of a step, a multiple of 32.")
    critic: int = Field(12, ge=1)
    adversarial: Literal["log", "squares"] = "squares"
    weights: LossWeights = LossWeights()


PRESETS = named(
    Preset(
        name="own",
        crop=320,
        batch=8,
        start_steps=0,
        style_steps=4000,
        rates=(2e-3, 2e-3, 5e-4),
        rate_end=0.05,
        clip=5.0,
        average=0.995,
    ),
    Preset(
        name="wide",
        width=2.0,
        crop=320,
        side=256,
        batch=16,
        critic=32,
        adversarial="log",
        start_steps=0,
        style_steps=60_000,
        rates=(5e-4, 5e-4, 2e-4),
        rate_end=0.05,
        clip=5.0,
        average=0.999,
    ),
)
"""The presets, the default first."""
