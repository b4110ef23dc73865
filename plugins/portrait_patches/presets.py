"""Ready settings for training a network that paints portraits after one painting."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from senga.neural.training import presets
from senga.neural.training.presets import Group, named


class LossWeights(Group):
    """What each part of the generator's loss counts."""

    colour: float = Field(4.0, ge=0)
    detail: float = Field(1.0, ge=0)
    content: float = Field(0.5, ge=0)
    texture: float = Field(2.0, ge=0)
    adversarial: float = Field(0.5, ge=0)


class Preset(presets.Preset):
    """Everything that a training depends on beside its pictures.

    Attributes:
        exemplar: the painting.
        likeness: of ``face-style``.
        face: width of faces in the pairs, and in pictures that the network is to paint.
        blocks: residual ones.
        channels: of the first layer of the discriminator.
        content_layers: where paintings are compared place by place.
        style_layers: where they are compared tile by tile, as a whole.
        grain: deviation of the grain that photographs get, where white is 1: strokes are made of it.
        light: how far the light of photographs changes at random, and its colour.
        weights: of the generator's loss.
    """

    architecture: str = "patches"
    target: Literal["photo", "drawn", "pairs"] = "pairs"
    exemplar: str = Field("metzinger", description="The portrait to learn from: one of the gallery, or a file.")
    likeness: float = Field(0.5, ge=0, le=1)
    face: float = Field(112.0, ge=32, le=500, description="Width of faces in the pairs, in pixels.")
    blocks: int = Field(4, ge=0, le=32)
    channels: int = Field(16, ge=4)
    content_layers: tuple[str, ...] = ("relu3_1", "relu4_1")
    style_layers: tuple[str, ...] = ("relu1_2", "relu2_1", "relu3_1")
    light: float = Field(0.15, ge=0, lt=1)
    grain: float = Field(0.06, ge=0, lt=0.5)
    weights: LossWeights = LossWeights()

    @property
    def side(self) -> int:
        """Of the pairs, in pixels."""
        return round(self.crop * self.zoom)


PRESETS = named(
    Preset(
        name="own",
        width=0.75,
        start="identity",
        crop=160,
        zoom=2.0,
        mirror=True,
        batch=2,
        start_steps=300,
        style_steps=3000,
        rates=(5e-4, 5e-4, 3e-4),
        rate_end=0.1,
        clip=5.0,
        average=0.995,
    ),
    Preset(name="wide", crop=320, batch=4, start_steps=0, style_steps=50_000, rates=(4e-4, 4e-4, 4e-4), blocks=7),
)
"""The presets, the default first."""
