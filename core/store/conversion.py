"""From the arrays of a file to the weights of a network."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from senga.errors import ModelError, SengaError
from senga.families import Family
from senga.job import Weights
from senga.strangers import border, reason

from .catalog import CARD_FIELDS, ModelEntry
from .facts import meant

if TYPE_CHECKING:
    from senga.neural.checkpoints import Checkpoint


def converted(checkpoint: Checkpoint, converters: Iterable[str], path: Path) -> tuple[Weights, str]:
    """Let each converter try; the first that knows the network wins, and is named."""
    reasons: list[str] = []
    for converter in filter(None, converters):
        module, _, function = converter.partition(":")
        try:
            with border():
                weights = getattr(importlib.import_module(module), function)(checkpoint)
                if not isinstance(weights, Weights):
                    raise TypeError(f"it gave {type(weights).__name__}")
        except SengaError as error:
            reasons.append(str(error))
        except Exception as error:  # the border at a plug-in's code
            reasons.append(f"“{converter}” failed ({reason(error)}).")
        else:
            return weights, converter
    why = " ".join(reasons) or "no filter takes models."
    raise ModelError(f"“{path.name}” holds no network that Senga knows: {why}")


def check_network(entry: ModelEntry, weights: Weights, path: Path) -> None:
    """Whether weights are those of an entry's network.

    Raises:
        ModelError: they are not.
    """
    found, width = weights.card.get("architecture", ""), _width(weights.card)
    if (entry.architecture and found != entry.architecture) or width != _width(entry.facts):
        wanted = f"{entry.architecture} of width {_width(entry.facts)}"
        raise ModelError(f"“{path.name}” is {found} of width {width:g}, but the style “{entry.name}” is {wanted}.")


def _width(facts: Mapping[str, str]) -> float:
    """The share of the channels, a fact of every family that has one."""
    try:
        return float(facts.get("width", 1))
    except ValueError:
        return 1.0


def own_card(checkpoint: Checkpoint, family: Family | None = None) -> dict[str, str]:
    """The facts that a file of unknown origin states about itself, without those that no card can hold."""
    stated = {key: checkpoint.metadata[key] for key in CARD_FIELDS if key in checkpoint.metadata}
    try:
        card = ModelEntry.of_card("unknown", stated).card()
    except ValidationError as error:
        wrong = {str(problem["loc"][0]) for problem in error.errors()}
        card = ModelEntry.of_card("unknown", {key: fact for key, fact in stated.items() if key not in wrong}).card()
    return card | meant(family, checkpoint.metadata)
