"""The family of networks that colour lines as another picture is coloured."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from senga.families import Family, Number


class Facts(BaseModel):
    """What a model card says of such a network.

    Attributes:
        form: ours, or as it was published.
        width: share of the channels.
        features: numbers of the vector: 611 are Senga's own, 4096 those of VGG-19.
    """

    model_config = ConfigDict(frozen=True)

    form: Literal["own", "published", ""] = "own"
    width: Number = "1.0"
    features: Number = "611"


COLOUR_REFERENCE = Family(
    name="colour-reference",
    title="Colours of another picture, for lines (Style2Paints)",
    models=Path(__file__).with_name("weights.toml"),
    architectures=("style2paints", "vgg19-fc1"),
    facts=Facts,
    converter="senga.plugins.colorize.references.network:to_senga",
    network="senga.plugins.colorize.references.network:network_of",
    presets="senga.plugins.colorize.references.presets:PRESETS",
    trainer="senga.plugins.colorize.references.training:Training",
    perceptual=False,
    pairs="senga.neural.training.drawings:make_pairs",
)
