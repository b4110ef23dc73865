"""The families of networks that paint in one pass."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from senga.families import Family

_HOME = Path(__file__).parent
Numbers = Annotated[str, Field(pattern=r"^(\d{1,4}(,\d{1,4}){0,7})?$")]
"""Whole numbers with commas between, kept as they were written."""


class Facts(BaseModel):
    """What a model card says of Johnson's network, for one style or for many.

    Attributes:
        down: channels at full, half and quarter size, on the way down.
        up: channels at half and full size, on the way up, where they are others.
        blocks: residual ones.
        kernel: of the first and the last convolution.
        form: in which form it was published, see ``senga.neural.networks.johnson``.
        styles: the names of those that share the network.
        titles: what lists call them.
        style: which of them this is.
    """

    model_config = ConfigDict(frozen=True)

    down: Numbers = "32,64,128"
    up: Numbers = ""
    blocks: Numbers = "5"
    kernel: Numbers = "9"
    form: str = "senga"
    styles: str = ""
    titles: str = ""
    style: str = ""


class BankFacts(BaseModel):
    """What a model card says of a StyleBank.

    Attributes:
        down: channels at full, half and quarter size.
        filters: convolutions of each style.
        kernel: of the first and the last convolution.
        styles: the names of the styles.
        titles: what lists call them.
        style: which of them this is.
    """

    model_config = ConfigDict(frozen=True)

    down: Numbers = "32,64,128"
    filters: Numbers = "1"
    kernel: Numbers = "9"
    styles: str = ""
    titles: str = ""
    style: str = ""


JOHNSON = Family(
    name="johnson",
    title="Johnson",
    models=_HOME / "johnson.toml",
    architectures=("johnson",),
    facts=Facts,
    converter="senga.plugins.fast_style.network:to_johnson",
    network="senga.plugins.fast_style.network:network_of",
    presets="senga.plugins.fast_style.presets:JOHNSON",
    trainer="senga.plugins.fast_style.training:Training",
)

CIN = Family(
    name="cin",
    title="Conditional instance norm",
    models=_HOME / "cin.toml",
    architectures=("cin",),
    facts=Facts,
    converter="senga.plugins.fast_style.network:to_cin",
    network="senga.plugins.fast_style.network:network_of",
    presets="senga.plugins.fast_style.presets:CIN",
    trainer="senga.plugins.fast_style.training:Training",
)

STYLEBANK = Family(
    name="stylebank",
    title="StyleBank",
    models=_HOME / "stylebank.toml",
    architectures=("stylebank",),
    facts=BankFacts,
    converter="senga.plugins.fast_style.network:to_stylebank",
    network="senga.plugins.fast_style.network:network_of",
    presets="senga.plugins.fast_style.presets:STYLEBANK",
    trainer="senga.plugins.fast_style.training:Training",
)

FAMILIES = (JOHNSON, CIN, STYLEBANK)
