"""The family of AdaIN."""

from __future__ import annotations

from pathlib import Path

from senga.families import Family

ANY_STYLE = Family(
    name="any-style",
    title="Any painting as the style (AdaIN)",
    models=Path(__file__).with_name("weights.toml"),
    architectures=("any-style", "adain-encoder", "adain-decoder"),
    converter="senga.plugins.any_style.network:to_senga",
    network="senga.plugins.any_style.network:network_of",
)
