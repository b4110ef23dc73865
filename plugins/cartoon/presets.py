"""Ready settings for training a cartoon style: those of the publication, and a recipe for little time."""

from __future__ import annotations

from pydantic import Field

from senga.neural.training import presets
from senga.neural.training.presets import Group, named


class LossWeights(Group):
    """What each part of the generator's loss counts."""

    surface: float = Field(0.1, ge=0)
    texture: float = Field(1.0, ge=0)
    structure: float = Field(200.0, ge=0)
    content: float = Field(200.0, ge=0)
    variation: float = Field(1e4, ge=0)
    colour: float = Field(0.0, ge=0)
    gradient: float = Field(0.0, ge=0)


class Preset(presets.Preset):
    """Everything that a training depends on beside its pictures.

    Attributes:
        channels: of both discriminators; 32 in the publication.
        layer: of the perceptual network, at which structure and content are compared.
        relative: these are divided by the size of what they are compared with.
        faces_every: at every so many steps faces are seen, where there are any.
        patches: superpixels along the side of a crop.
        weights: of the generator's loss.
    """

    architecture: str = "whitebox"
    channels: int = Field(32, ge=4)
    layer: str = "conv4_4"
    relative: bool = False
    faces_every: int = Field(5, ge=1)
    patches: int = Field(14, ge=2)
    weights: LossWeights = LossWeights()


PRESETS = named(
    Preset(
        name="own",
        width=0.75,
        start="identity",
        channels=16,
        crop=128,
        zoom=2.0,
        mirror=True,
        batch=4,
        start_steps=300,
        style_steps=3000,
        rates=(5e-4, 5e-4, 3.5e-4),
        rate_end=0.1,
        target="drawn",
        layer="conv4_1",
        relative=True,
        weights=LossWeights(
            surface=0.5, texture=0.7, structure=0.7, content=0.7, variation=0.0, colour=8.0, gradient=6.0
        ),
        cast=0.08,
        clip=5.0,
        average=0.995,
    ),
    Preset(name="published", batch=16, start_steps=50_000, style_steps=100_000, rates=(2e-4, 2e-4, 2e-4)),
)
"""The presets, the default first."""
