"""Ready settings for training networks that paint in one pass."""

from __future__ import annotations

from pydantic import Field

from senga.neural.training import presets
from senga.neural.training.presets import Group, named


class LossWeights(Group):
    """What each part of the loss counts; content and style are relative to what is wanted."""

    content: float = Field(1.0, ge=0)
    style: float = Field(8.0, ge=0)
    variation: float = Field(0.05, ge=0)
    same: float = Field(10.0, ge=0)


class Preset(presets.Preset):
    """Everything that a training depends on beside its pictures.

    Attributes:
        down: channels at full, half and quarter size.
        blocks: residual ones; StyleBank has none.
        kernel: of the first and the last convolution.
        frozen: what styles share stands still, so that a style can join others.
        same_every: at every so many steps a StyleBank learns to give pictures back.
        content_layers: where content is compared.
        style_layers: where styles are.
        weights: of the loss.
    """

    down: tuple[int, int, int] = (32, 64, 128)
    blocks: int = Field(5, ge=0, le=32)
    kernel: int = Field(9, ge=3, le=15)
    frozen: bool = Field(False, description="What styles share stands still: for a style that joins others.")
    same_every: int = Field(3, ge=2)
    content_layers: tuple[str, ...] = ("relu3_1", "relu4_1")
    style_layers: tuple[str, ...] = ("relu1_2", "relu2_1", "relu3_1", "relu4_1")
    weights: LossWeights = LossWeights()


_SMALL = Preset(
    name="own",
    down=(16, 32, 64),
    blocks=4,
    kernel=5,
    crop=192,
    zoom=1.5,
    mirror=True,
    batch=4,
    start_steps=0,
    style_steps=4000,
    rates=(2e-3, 2e-3, 2e-3),
    rate_end=0.05,
    clip=5.0,
)
_PUBLISHED = Preset(name="published", batch=4, crop=256, start_steps=0, style_steps=40_000, rates=(1e-3, 1e-3, 1e-3))


def _of(architecture: str) -> dict[str, Preset]:
    return named(*(preset.model_copy(update={"architecture": architecture}) for preset in (_SMALL, _PUBLISHED)))


JOHNSON, CIN, STYLEBANK = map(_of, ("johnson", "cin", "stylebank"))
"""The presets of the families, the default first."""
