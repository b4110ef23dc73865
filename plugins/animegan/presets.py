"""Ready settings for training a style: those of the publications, and a recipe for few pictures and little time."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from senga.neural.training import presets
from senga.neural.training.presets import Group, named

Adversarial = Literal["lsgan", "gan", "hinge", "wgan-gp", "wgan-lp", "dragan"]
SECOND = ("wgan-gp", "wgan-lp", "dragan")
"""Adversarial losses that need second gradients."""


class LossWeights(Group):
    """What each part of the generator's loss counts."""

    adversarial: float = Field(300.0, ge=0)
    content: float = Field(1.5, ge=0)
    style: float = Field(2.5, ge=0)
    style_end: float | None = Field(None, ge=0)
    colour: float = Field(15.0, ge=0)
    variation: float = Field(1.0, ge=0)
    gradient: float = Field(0.0, ge=0)


class JudgeWeights(Group):
    """What each kind of picture counts for the discriminator."""

    drawn: float = Field(1.2, ge=0)
    generated: float = Field(1.2, ge=0)
    grey: float = Field(1.2, ge=0)
    smooth: float = Field(0.8, ge=0)
    penalty: float = Field(10.0, ge=0)


class Preset(presets.Preset):
    """Everything that a training depends on beside its pictures.

    Attributes:
        architecture: ``animeganv2``, ``animeganv2-lite`` or ``animeganv1``.
        width: share of the channels (animeganv2 only).
        eps: of the generator's norms.
        channels: of the discriminator; 64 in the publications.
        adversarial: kind of the adversarial loss.
        weights: of the generator's loss.
        judge: of the discriminator's.
        content_layers: where content is compared.
        style_layers: where gram matrices are compared.
        relative: content and style are divided by the size of what they are compared with.
        grey_drawing: gram matrices of the grey drawing, in place of the coloured one.
        gram_memory: how long the gram matrices of the style are averaged; 0: each batch by itself.
        colour: ``huber`` as published, or ``absolute`` with more weight on colour.
    """

    architecture: Literal["animeganv2", "animeganv2-lite", "animeganv1"] = "animeganv2"
    eps: float = 1e-5
    channels: int = Field(64, ge=8, multiple_of=2)
    adversarial: Adversarial = Field("lsgan", description="lsgan, gan, hinge, wgan-gp, wgan-lp or dragan.")
    weights: LossWeights = LossWeights()
    judge: JudgeWeights = JudgeWeights()
    content_layers: tuple[str, ...] = ("conv4_4",)
    style_layers: tuple[str, ...] = ("conv4_4",)
    relative: bool = False
    grey_drawing: bool = False
    gram_memory: float = Field(0.0, ge=0, lt=1)
    colour: Literal["huber", "absolute"] = "huber"

    @model_validator(mode="after")
    def _has_a_width(self) -> Self:
        if self.width != 1 and self.architecture != "animeganv2":
            raise ValueError(f"Only animeganv2 has a width; {self.architecture} is trained at full width.")
        return self

    def card(self) -> dict[str, str]:
        """What a model card says of the generator."""
        eps = self.eps if self.architecture != "animeganv1" else max(self.eps, 1e-5)
        return {"architecture": self.architecture, "width": f"{self.width:g}", "upsample": "tf1", "eps": f"{eps:g}"}


_HAYAO = Preset(name="hayao", eps=1e-12)

PRESETS = named(
    Preset(
        name="own",
        width=0.5,
        start="identity",
        channels=32,
        crop=128,
        zoom=2.0,
        mirror=True,
        batch=4,
        start_steps=1000,
        style_steps=8000,
        rates=(5e-4, 4e-4, 4e-4),
        rate_end=0.1,
        weights=LossWeights(
            adversarial=1.5, content=0.7, style=2.5, style_end=0.6, colour=8.0, variation=0.0, gradient=5.0
        ),
        judge=JudgeWeights(drawn=1.0, generated=1.0, grey=0.0, smooth=0.0),
        content_layers=("conv3_1", "conv4_1"),
        style_layers=("conv2_1", "conv3_1", "conv4_1"),
        relative=True,
        target="drawn",
        grey_drawing=True,
        gram_memory=0.98,
        colour="absolute",
        cast=0.08,
        clip=5.0,
        average=0.997,
    ),
    _HAYAO,
    _HAYAO.model_copy(
        update={
            "name": "paprika",
            "weights": LossWeights(content=2.0, style=0.6, colour=50.0, variation=0.1),
            "judge": JudgeWeights(drawn=1.0, generated=1.0, grey=1.0, smooth=0.005),
        }
    ),
    _HAYAO.model_copy(
        update={
            "name": "shinkai",
            "weights": LossWeights(content=1.2, style=2.0, colour=10.0),
            "judge": JudgeWeights(drawn=1.7, generated=1.7, grey=1.7, smooth=1.0),
        }
    ),
    _HAYAO.model_copy(update={"name": "lite", "architecture": "animeganv2-lite", "batch": 20}),
    Preset(
        name="v1",
        architecture="animeganv1",
        start="xavier",
        batch=6,
        start_epochs=5,
        rates=(1e-4, 8e-5, 1.6e-4),
        weights=LossWeights(content=1.5, style=3.0, colour=10.0, variation=0.0),
        judge=JudgeWeights(drawn=1.0, generated=1.0, grey=1.0, smooth=0.1),
    ),
)
"""The presets; the published ones keep the weights that the code of the publications has, style by style."""
