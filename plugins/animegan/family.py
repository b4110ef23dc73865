"""The family of AnimeGAN's networks: the two versions and the lite form of the second."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from senga.families import Family, Number


class Facts(BaseModel):
    """What a model card says of such a network.

    Attributes:
        width: share of the channels of the full network.
        upsample: how the network doubles sizes.
        eps: the small number in its norms.
    """

    model_config = ConfigDict(frozen=True)

    width: Number = "1.0"
    upsample: Literal["tf1", "half_pixel", "align_corners"] = "tf1"
    eps: Number = "1e-5"


ANIMEGAN = Family(
    name="animegan",
    title="AnimeGAN",
    models=Path(__file__).with_name("weights.toml"),
    architectures=("animeganv2", "animeganv2-lite", "animeganv1"),
    facts=Facts,
    converter="senga.plugins.animegan.convert:to_senga",
    network="senga.plugins.animegan.painting:network_of",
    presets="senga.plugins.animegan.presets:PRESETS",
    trainer="senga.plugins.animegan.training:Training",
)
