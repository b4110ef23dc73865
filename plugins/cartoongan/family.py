"""The family of CartoonGAN, with ComixGAN as a way to train it."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from senga.families import Family, Number


class Facts(BaseModel):
    """What a model card says of such a network.

    Attributes:
        width: share of the channels of the published network.
        eps: the small number in its norms.
    """

    model_config = ConfigDict(frozen=True)

    width: Number = "1.0"
    eps: Number = ""


CARTOONGAN = Family(
    name="cartoongan",
    title="CartoonGAN",
    models=Path(__file__).with_name("weights.toml"),
    architectures=("cartoongan", "cartoongan-light"),
    facts=Facts,
    converter="senga.plugins.cartoongan.network:to_senga",
    network="senga.plugins.cartoongan.network:network_of",
    presets="senga.plugins.cartoongan.presets:PRESETS",
    trainer="senga.plugins.cartoongan.training:Training",
)
