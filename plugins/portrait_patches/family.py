"""The family of networks that paint portraits after one painting."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from senga.families import Family, Number


class Facts(BaseModel):
    """What a model card says of such a network.

    Attributes:
        width: share of the channels.
        blocks: residual ones.
        face: width in pixels of the faces that it has learned to paint.
        grain: deviation of the grain that pictures get for it, where white is 1; it makes its strokes of that.
    """

    model_config = ConfigDict(frozen=True)

    width: Number = "1.0"
    blocks: Number = "4"
    face: Number = "112"
    grain: Number = "0"


PATCHES = Family(
    name="patches",
    title="Portraits after one painting",
    models=Path(__file__).with_name("weights.toml"),
    architectures=("patches",),
    facts=Facts,
    converter="senga.plugins.portrait_patches.network:to_senga",
    network="senga.plugins.portrait_patches.network:network_of",
    presets="senga.plugins.portrait_patches.presets:PRESETS",
    trainer="senga.plugins.portrait_patches.training:Training",
    pairs="senga.plugins.portrait_patches.pairs:make_pairs",
)
