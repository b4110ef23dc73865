"""From the arrays of a file to the weights of a network."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from senga.errors import ModelError, SengaError
from senga.job import Weights
from senga.output import strangers

from .catalog import ModelEntry

if TYPE_CHECKING:
    from senga.neural.checkpoints import Checkpoint


def converted(checkpoint: Checkpoint, converters: list[str], path: Path) -> Weights:
    """Let each converter try; the first that knows the network wins."""
    reasons: list[str] = []
    for converter in filter(None, converters):
        module, _, function = converter.partition(":")
        try:
            with strangers():
                weights: Weights = getattr(importlib.import_module(module), function)(checkpoint)
        except SengaError as error:
            reasons.append(str(error))
        except Exception as error:  # the border at a plug-in's code
            reasons.append(f"“{converter}” failed ({type(error).__name__}: {error}).")
        else:
            return weights
    why = " ".join(reasons) or "no filter takes models."
    raise ModelError(f"“{path.name}” holds no network that Senga knows: {why}")


def check_network(entry: ModelEntry, weights: Weights, path: Path) -> None:
    """Whether weights are those of an entry's network.

    Raises:
        ModelError: they are not.
    """
    found, width = weights.card.get("architecture", ""), float(weights.card.get("width", 1))
    if (entry.architecture and found != entry.architecture) or width != float(entry.width):
        wanted = f"{entry.architecture} of width {entry.width}"
        raise ModelError(f"“{path.name}” is {found} of width {width:g}, but the style “{entry.name}” is {wanted}.")


def own_card(checkpoint: Checkpoint) -> dict[str, str]:
    """The facts that a file of unknown origin states about itself, without those that no card can hold."""
    try:
        return ModelEntry.of_card("unknown", checkpoint.metadata).card()
    except ValidationError as error:
        wrong = {str(problem["loc"][0]) for problem in error.errors()}
        facts = {key: fact for key, fact in checkpoint.metadata.items() if key not in wrong}
        return ModelEntry.of_card("unknown", facts).card()
