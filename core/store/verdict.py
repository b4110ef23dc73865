"""Whether a model is what it should be."""

from __future__ import annotations

from dataclasses import dataclass

from senga.errors import ModelError

from .catalog import ModelEntry
from .model_file import verify_model


@dataclass(frozen=True)
class Verdict:
    """The result of verifying one model; ``problem`` is empty when it is sound."""

    name: str
    problem: str = ""


def verdict_on(entry: ModelEntry) -> Verdict:
    """What comes out when a model is read and compared with its digest."""
    if entry.file is None:
        return Verdict(entry.name, f"The style “{entry.name}” is not on this machine.")
    try:
        verify_model(entry.file)
    except ModelError as error:
        return Verdict(entry.name, str(error))
    return Verdict(entry.name)
