"""What a back end of this machine is given to do: as ``senga run`` does it, results written where they belong."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from senga.backends import Assignment
from senga.compose import Blend
from senga.registry import plugins

from .attempt import Painter, Result, attempt
from .invocation import Invocation
from .outputs import Target
from .report import Quiet
from .second import SecondPictures


@dataclass
class Near(Assignment):
    """The invocation, how results meet their originals, and which second pictures belong to them."""

    invocation: Invocation
    blend: Blend
    second: SecondPictures

    def __post_init__(self) -> None:
        self.key = f"{os.getpid()}-{id(self)}"

    def do(self, piece: Any) -> Result:
        painter = Painter(self.invocation, plugins(), self.blend, self.second)
        return attempt(piece[1], self.invocation, painter, Quiet(), lambda: False)

    def piece(self, number: int, target: Target, count: int) -> tuple[int, Target, int]:
        """The input itself."""
        return number, target, count

    def result(self, target: Target, answer: Result) -> Result:
        """The answer is one."""
        del target
        return answer
