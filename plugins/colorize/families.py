"""The families of networks that colour drawings, by the mode in which they do."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from senga.families import Family, Number

from .references.family import COLOUR_REFERENCE

_HOME = Path(__file__).parent


class HintFacts(BaseModel):
    """What a model card says of a network that paints from hints.

    Attributes:
        width: channels at full size.
    """

    model_config = ConfigDict(frozen=True)

    width: Number = "32"


COLOUR_HINTS = Family(
    name="colour-hints",
    title="Colours from hints",
    models=_HOME / "colour-hints.toml",
    architectures=("hint-painter", "paints-chainer"),
    facts=HintFacts,
    converter="senga.plugins.colorize.hint_network:to_senga",
    network="senga.plugins.colorize.hint_network:network_of",
    presets="senga.plugins.colorize.hint_presets:PRESETS",
    trainer="senga.plugins.colorize.hint_training:Training",
    pairs="senga.neural.training.drawings:make_pairs",
)


class SuggestionFacts(BaseModel):
    """What a model card says of a network that makes suggestions.

    Attributes:
        width: share of the channels.
    """

    model_config = ConfigDict(frozen=True)

    width: Number = "1.0"


COLOUR_SUGGESTIONS = Family(
    name="sgru",
    title="Colours without hints, nine at once",
    models=_HOME / "sgru.toml",
    architectures=("sgru",),
    facts=SuggestionFacts,
    converter="senga.plugins.colorize.suggestion_network:to_senga",
    network="senga.plugins.colorize.suggestion_network:network_of",
    presets="senga.plugins.colorize.suggestion_presets:PRESETS",
    trainer="senga.plugins.colorize.suggestion_training:Training",
    pairs="senga.neural.training.drawings:make_pairs",
)
FAMILIES = {"shaded": COLOUR_HINTS, "reference": COLOUR_REFERENCE, "automatic": COLOUR_SUGGESTIONS}
"""By the mode."""
