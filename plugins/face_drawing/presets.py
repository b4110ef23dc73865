"""Ready settings for training networks that draw faces."""

from __future__ import annotations

from pydantic import Field

from senga.neural.training import presets
from senga.neural.training.presets import Group, named

RESIZED = 286 / 256
"""How much larger pictures are than the crops of them, as published."""


class LossWeights(Group):
    """What each part of the generators' loss counts."""

    adversarial: float = Field(1.0, ge=0)
    cycle: float = Field(10.0, ge=0)
    identity: float = Field(10.0, ge=0)
    attention: float = Field(1000.0, ge=0)


class Preset(presets.Preset):
    """Everything that a training depends on beside its pictures.

    Attributes:
        width: channels at full size.
        blocks: residual ones before and behind the attention.
        light: the generator takes faces of any size.
        channels: of the first layers of the judges.
        whole: layers of the judges that see whole faces.
        parts: layers of those that see parts of them.
        decay: share of the weights that is added to their gradients.
        weights: of the generators' loss.
    """

    architecture: str = "u-gat-it-light"
    width: float = Field(64, ge=4, le=128, multiple_of=4, description="Channels at full size, a multiple of four.")
    blocks: int = Field(4, ge=1, le=16)
    light: bool = True
    channels: int = Field(64, ge=4)
    whole: int = Field(7, ge=4, le=8)
    parts: int = Field(5, ge=4, le=8)
    zoom: float = Field(RESIZED, ge=1, le=4)
    mirror: bool = True
    batch: int = Field(1, ge=1, description="Crops in a step.")
    decay: float = Field(1e-4, ge=0)
    rates: tuple[float, float, float] = (1e-4, 1e-4, 1e-4)
    rate_end: float = Field(1e-6, gt=0, le=1)
    start_steps: int | None = Field(0, ge=0)
    style_steps: int | None = Field(1_000_000, ge=0)
    weights: LossWeights = LossWeights()


PRESETS = named(
    Preset(
        name="own",
        width=16,
        channels=16,
        start="identity",
        crop=128,
        zoom=2.0,
        whole=6,
        style_steps=20_000,
        rates=(2e-4, 2e-4, 2e-4),
        clip=5.0,
        average=0.995,
        weights=LossWeights(attention=100.0),
    ),
    Preset(name="published"),
    Preset(name="full", light=False, architecture="u-gat-it"),
)
"""The presets, the default first."""
