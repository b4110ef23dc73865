"""Ready settings for training a style: those of the publications, and a recipe for few pictures and little time."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Adversarial = Literal["lsgan", "gan", "hinge", "wgan-gp", "wgan-lp", "dragan"]


class LossWeights(BaseModel):
    """What each part of the generator's loss counts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    adversarial: float = Field(300.0, ge=0)
    content: float = Field(1.5, ge=0)
    style: float = Field(2.5, ge=0)
    style_end: float | None = Field(None, ge=0)
    colour: float = Field(15.0, ge=0)
    variation: float = Field(1.0, ge=0)
    gradient: float = Field(0.0, ge=0)


class JudgeWeights(BaseModel):
    """What each kind of picture counts for the discriminator."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    drawn: float = Field(1.2, ge=0)
    generated: float = Field(1.2, ge=0)
    grey: float = Field(1.2, ge=0)
    smooth: float = Field(0.8, ge=0)
    penalty: float = Field(10.0, ge=0)


class Preset(BaseModel):
    """Everything that a training depends on beside its pictures.

    Attributes:
        architecture: ``animeganv2``, ``animeganv2-lite`` or ``animeganv1``.
        width: share of the channels (animeganv2 only).
        eps: of the generator's norms.
        start: first weights of the generator.
        channels: of the discriminator; 64 in the publications.
        adversarial: kind of the adversarial loss.
        crop: side of the crops in pixels.
        zoom: short side of the prepared pictures, in crops.
        mirror: crops are mirrored at random.
        batch: crops in a step.
        start_epochs: epochs of the first phase, which learns to reproduce.
        start_steps: its steps, in place of epochs.
        epochs: epochs after it.
        style_steps: its steps, in place of epochs.
        rates: learning rates: first phase, generator, discriminator.
        rate_end: share of the rates that is left at the end; they fall over the second half.
        weights: of the generator's loss.
        judge: of the discriminator's.
        content_layers: where content is compared.
        style_layers: where gram matrices are compared.
        relative: content and style are divided by the size of what they are compared with.
        target: ``photo``, or ``drawn``: a drawing made from the photo by smoothing and ink lines.
        grey_drawing: gram matrices of the grey drawing, in place of the coloured one.
        gram_memory: how long the gram matrices of the style are averaged; 0: each batch by itself.
        colour: ``huber`` as published, or ``absolute`` with more weight on colour.
        cast: how far photo and target are tinted at random.
        clip: longest gradient; 0: any.
        average: how long the weights are averaged; 0: not at all.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    architecture: Literal["animeganv2", "animeganv2-lite", "animeganv1"] = "animeganv2"
    width: float = Field(1.0, ge=0.25, le=2)
    eps: float = 1e-5
    start: Literal["he", "xavier", "identity"] = "he"
    channels: int = Field(64, ge=8, multiple_of=2)
    adversarial: Adversarial = "lsgan"
    crop: int = Field(256, ge=32, multiple_of=16)
    zoom: float = Field(1.0, ge=1, le=4)
    mirror: bool = False
    batch: int = Field(12, ge=1)
    start_epochs: float = Field(10, ge=0)
    start_steps: int | None = Field(None, ge=0)
    epochs: float = Field(101, ge=0)
    style_steps: int | None = Field(None, ge=0)
    rates: tuple[float, float, float] = (2e-4, 2e-5, 4e-5)
    rate_end: float = Field(1.0, gt=0, le=1)
    weights: LossWeights = LossWeights()
    judge: JudgeWeights = JudgeWeights()
    content_layers: tuple[str, ...] = ("conv4_4",)
    style_layers: tuple[str, ...] = ("conv4_4",)
    relative: bool = False
    target: Literal["photo", "drawn"] = "photo"
    grey_drawing: bool = False
    gram_memory: float = Field(0.0, ge=0, lt=1)
    colour: Literal["huber", "absolute"] = "huber"
    cast: float = Field(0.0, ge=0, lt=1)
    clip: float = Field(0.0, ge=0)
    average: float = Field(0.0, ge=0, lt=1)

    def start_length(self, epoch: int) -> int:
        """Steps of the first phase, for epochs of so many steps."""
        return round(self.start_epochs * epoch) if self.start_steps is None else self.start_steps

    def style_length(self, epoch: int) -> int:
        """Steps of the second phase, for epochs of so many steps."""
        return round(self.epochs * epoch) if self.style_steps is None else self.style_steps


_HAYAO = Preset(name="hayao", eps=1e-12)

PRESETS = {
    preset.name: preset
    for preset in (
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
    )
}
"""The presets, by name. The published ones keep the weights that the code of the publications has, style by style."""
