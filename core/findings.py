"""What a doctor finds, and how it is told: the same words and marks in every host."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Literal

from .language import sentence
from .plain import tell

State = Literal["fine", "note", "problem"]

_MARKS = {"fine": "✓", "note": "•", "problem": "✗"}


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: ``state`` is fine, note or problem; ``mend`` says what to do."""

    about: str
    state: State
    text: str
    mend: str = ""

    def tell(self, as_json: bool = False) -> None:
        """Print it: for the painter, in their language; or for a program, as one line of JSON in English."""
        if as_json:
            print(json.dumps(asdict(self)))  # noqa: T201 - what a command is asked for
            return
        tell(f"{_MARKS[self.state]} {sentence(self.about)}: {sentence(self.text)}")
        if self.mend:
            tell(f"    {sentence(self.mend)}")
