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


def verdict_on(entry: ModelEntry, name: str) -> Verdict:
    """What comes out when a model is read and compared with its digest; ``name`` is what it is called."""
    if entry.file is None:
        return Verdict(name, f"The style “{name}” is not on this machine.")
    try:
        verify_model(entry.file)
    except ModelError as error:
        return Verdict(name, str(error))
    return Verdict(name)
