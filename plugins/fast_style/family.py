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


class ArbitraryFacts(Facts):
    """What a model card says of a network that paints by numbers of a style.

    Attributes:
        numbers: how many.
    """

    numbers: Numbers = "100"


def _family(name: str, title: str, facts: type[BaseModel]) -> Family:
    return Family(
        name=name,
        title=title,
        models=_HOME / f"{name}.toml",
        architectures=(name,),
        facts=facts,
        converter=f"senga.plugins.fast_style.network:to_{name}",
        network="senga.plugins.fast_style.network:network_of",
        presets=f"senga.plugins.fast_style.presets:{name.upper()}",
        trainer="senga.plugins.fast_style.training:Training",
    )


ARBITRARY = Family(
    name="arbitrary",
    title="Any painting as the style (Magenta)",
    architectures=("arbitrary", "style-observer"),
    facts=ArbitraryFacts,
    converter="senga.plugins.fast_style.arbitrary:to_arbitrary",
    network="senga.plugins.fast_style.network:network_of",
)
FAMILIES = (
    _family("johnson", "Johnson", Facts),
    _family("cin", "Conditional instance norm", Facts),
    _family("stylebank", "StyleBank", BankFacts),
    ARBITRARY,
)
