"""The family of networks that find lines."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from senga.families import Family, Number


class Facts(BaseModel):
    """What a model card says of such a network.

    Attributes:
        width: share of the channels.
    """

    model_config = ConfigDict(frozen=True)

    width: Number = "1.0"


LINES = Family(
    name="lines",
    title="Lines of pictures",
    models=Path(__file__).with_name("weights.toml"),
    architectures=("lines", "sketch-keras"),
    facts=Facts,
    converter="senga.plugins.line_art.network:to_senga",
    network="senga.plugins.line_art.network:network_of",
    presets="senga.plugins.line_art.presets:PRESETS",
    trainer="senga.plugins.line_art.training:Training",
    perceptual=False,
    pairs="senga.neural.training.drawings:make_pairs",
)
