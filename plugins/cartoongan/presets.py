"""Ready settings for training: CartoonGAN, ComixGAN, and a recipe for few pictures and little time."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from senga.neural.training import presets
from senga.neural.training.presets import Group, named


class LossWeights(Group):
    """What each part of the generator's loss counts."""

    adversarial: float = Field(1.0, ge=0)
    content: float = Field(10.0, ge=0)
    colour: float = Field(0.0, ge=0)
    gradient: float = Field(0.0, ge=0)


class Preset(presets.Preset):
    """Everything that a training depends on beside its pictures.

    Attributes:
        channels: of the discriminator; 32 in the publication.
        adversarial: ``gan`` as published, or ``lsgan``.
        judge_every: the discriminator learns at every so many steps of the generator.
        judge_first: it learns in the first phase, too: to tell drawings from the same with blurred edges.
        spectral_norm: of the discriminator.
        layer: of the perceptual network, at which content is compared.
        relative: content is divided by the size of what it is compared with.
        weights: of the generator's loss.
    """

    architecture: Literal["cartoongan", "cartoongan-light"] = "cartoongan"
    channels: int = Field(32, ge=4)
    adversarial: Literal["gan", "lsgan"] = "gan"
    judge_every: int = Field(1, ge=1)
    judge_first: bool = False
    spectral_norm: bool = False
    layer: str = "conv4_4"
    relative: bool = False
    weights: LossWeights = LossWeights()


_PUBLISHED = Preset(name="cartoongan", batch=4, start_epochs=10, epochs=200, rates=(2e-4, 2e-4, 2e-4))

PRESETS = named(
    Preset(
        name="own",
        architecture="cartoongan-light",
        width=0.5,
        start="identity",
        channels=16,
        adversarial="lsgan",
        spectral_norm=True,
        crop=128,
        zoom=2.0,
        mirror=True,
        batch=4,
        start_steps=500,
        style_steps=4000,
        rates=(5e-4, 4e-4, 4e-4),
        rate_end=0.1,
        target="drawn",
        layer="conv4_1",
        relative=True,
        weights=LossWeights(content=0.7, colour=8.0, gradient=6.0),
        cast=0.08,
        clip=5.0,
        average=0.995,
    ),
    _PUBLISHED,
    _PUBLISHED.model_copy(update={"name": "light", "architecture": "cartoongan-light"}),
    _PUBLISHED.model_copy(update={"name": "comixgan", "judge_every": 3, "judge_first": True}),
)
"""The presets, the default first."""
