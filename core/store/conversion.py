"""From the arrays of a file to the weights of a network."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from senga.errors import ModelError, SengaError
from senga.families import Family, family_of
from senga.job import Weights
from senga.strangers import border, reason

from .catalog import CARD_FIELDS, ModelEntry
from .facts import meant

if TYPE_CHECKING:
    from senga.neural.checkpoints import Checkpoint


def from_file(
    path: Path, entry: ModelEntry | None, families: Mapping[str, Family], listed: Iterable[ModelEntry], wanted: str = ""
) -> tuple[Weights, str]:
    """A file in the names of its network, with the facts of its entry, else those it states itself; and its family.

    Args:
        path: the file.
        entry: what it is to be, if that is known.
        families: those it may be of.
        listed: models that are known.
        wanted: the family it is to be of, if that is known.
    """
    from senga.neural.checkpoints import read_checkpoint

    checkpoint = read_checkpoint(path)
    if entry is None:
        offered = converters(checkpoint.metadata, families, listed, wanted)
    else:
        offered = {entry.converter: entry.family}
    weights, converter = converted(checkpoint, offered, path)
    home = offered[converter]
    if entry is None:
        return Weights(weights.arrays, {**own_card(checkpoint, families.get(home)), **weights.card}), home
    check_network(entry, weights, path)
    return Weights(weights.arrays, {**weights.card, **entry.card()}), home


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


def converters(
    metadata: Mapping[str, str], families: Mapping[str, Family], listed: Iterable[ModelEntry], wanted: str = ""
) -> dict[str, str]:
    """The converters that may know a file, each with its family; the one that the file names comes first.

    Args:
        metadata: what the file says of itself.
        families: all that are known, by name.
        listed: models of lists that may name converters of their own.
        wanted: the family it is to be of, if that is known.
    """
    stated = family_of(metadata, families)
    found: dict[str, str] = {}
    for family in [*([stated] if stated else []), *families.values()]:
        found.setdefault(family.converter, family.name)
    for entry in listed:
        found.setdefault(entry.converter, entry.family)
    return {converter: name for converter, name in found.items() if not wanted or name == wanted}


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
