"""The family of U-GAT-IT."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from senga.families import Family, Number


class Facts(BaseModel):
    """What a model card says of such a generator.

    Attributes:
        width: channels at full size.
        depth: residual blocks before and behind the attention.
        form: ``pytorch`` or ``tensorflow``, after which of the authors' programs.
    """

    model_config = ConfigDict(frozen=True)

    width: Number = "64"
    depth: Number = "4"
    form: str = "pytorch"


U_GAT_IT = Family(
    name="u-gat-it",
    title="U-GAT-IT",
    models=Path(__file__).with_name("weights.toml"),
    architectures=("u-gat-it-light", "u-gat-it"),
    facts=Facts,
    converter="senga.plugins.face_drawing.published:to_senga",
    network="senga.plugins.face_drawing.published:network_of",
    presets="senga.plugins.face_drawing.presets:PRESETS",
    trainer="senga.plugins.face_drawing.training:Training",
    perceptual=False,
    shown="senga.plugins.face_drawing.squares:make_squares",
)
