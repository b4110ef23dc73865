"""The family of White-box Cartoonization."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from senga.families import Family, Number


class Facts(BaseModel):
    """What a model card says of such a network.

    Attributes:
        width: share of the channels of the published network.
    """

    model_config = ConfigDict(frozen=True)

    width: Number = "1.0"


WHITEBOX = Family(
    name="whitebox",
    title="White-box Cartoonization",
    models=Path(__file__).with_name("weights.toml"),
    architectures=("whitebox",),
    facts=Facts,
    converter="senga.plugins.cartoon.network:to_senga",
    network="senga.plugins.cartoon.network:network_of",
    presets="senga.plugins.cartoon.presets:PRESETS",
    trainer="senga.plugins.cartoon.training:Training",
    folders={
        "faces": "Folder of photographs of faces, for every fifth step.",
        "drawn_faces": "Folder of drawn faces, which those steps see in place of the style.",
    },
)
