"""What a network is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .block import Block

Range = tuple[float, float]


@dataclass(frozen=True)
class Input(Block):
    """A picture or a vector.

    Attributes:
        range: what black and white are in a picture.
        vector: it is one number for each channel, without rows and columns.
    """

    range: Range = (-1.0, 1.0)
    vector: bool = False

    cheap = True

    def is_vector(self, inputs: Sequence[bool]) -> bool:
        return self.vector
