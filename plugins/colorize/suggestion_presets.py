"""Ready settings for training a network that colours drawings in nine ways, and what its loss counts."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from pydantic import Field

from senga.neural.training import presets
from senga.neural.training.presets import Group, named

LAYERS = {"conv1_2": 0.79, "conv2_2": 0.63, "conv3_2": 0.51, "conv4_2": 0.39, "conv5_2": 1.07}
"""What the difference of features counts at each layer of VGG-19."""
LEVEL = 50.0
"""Mean size to which features of other perceptual networks than the original one are brought."""


def layers_of(known: Collection[str]) -> dict[str, float]:
    """The layers that are looked at, and what each counts; small networks have only the first of the last ones."""
    return {tap if tap in known else f"{tap[:-1]}1": weight for tap, weight in LAYERS.items()}


class LossWeights(Group):
    """What each part of the loss counts.

    Attributes:
        colours: the difference of colours, in 0..255.
        mean: the mean of the nine, beside the best of them, in the second half of the training.
        early: the same at the beginning, so that all nine learn something.
    """

    colours: float = Field(0.88, ge=0)
    mean: float = Field(0.001, ge=0, le=1)
    early: float = Field(0.05, ge=0, le=1)

    def share(self, progress: float) -> float:
        """What the mean counts at that share of the training."""
        return max(self.mean, self.early * (1 - 2 * progress))


class Preset(presets.Preset):
    """Everything that a training depends on beside its pictures.

    Attributes:
        side: of the squares that the network sees.
        paper: what white pixels count, beside coloured ones.
        tint: how far the nine differ before the first step.
        weights: of the loss.
    """

    architecture: str = "sgru"
    target: Literal["photo", "drawn", "pairs"] = "pairs"
    width: float = Field(1.0, ge=0.05, le=2, description="Share of the channels: 0.17 makes a file of 3 MB.")
    side: int = Field(128, ge=32, multiple_of=32, description="Side of the squares of a step, a multiple of 32.")
    paper: float = Field(0.25, ge=0, le=1)
    tint: float = Field(0.25, ge=0, le=1)
    weights: LossWeights = LossWeights()


_SHORT = {"start_steps": 0, "style_steps": 3000, "rates": (1e-3, 1e-3, 1e-3), "rate_end": 0.1, "clip": 5.0}
PRESETS = named(
    Preset(name="own", width=0.17, crop=256, batch=8, average=0.995, **_SHORT),
    Preset(
        name="published",
        crop=256,
        side=256,
        batch=1,
        start_steps=0,
        epochs=100,
        rates=(1e-4, 1e-4, 1e-4),
        paper=1.0,
        tint=0.0,
        weights=LossWeights(early=0.001),
    ),
)
"""The presets, the default first; the second one is as published."""
