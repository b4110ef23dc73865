"""Trainings of several paintings, none of which takes more of the photographs than the others."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor

from training.running import Running


class Balanced(Running):
    """A generator whose paintings have weights of their own, which follow what they leave of the content of photos.

    Attributes:
        first_weight: of every painting at the beginning.
        least_weight: the lowest.
        most_weight: the highest.
        haste: how fast the weights follow.
        allowed: (N,), how far from the content of a photo each painting may go; see `styles.content_distance`.
        style_weights: (N,), of the paintings now.
    """

    first_weight: ClassVar[float]
    least_weight: ClassVar[float]
    most_weight: ClassVar[float]
    haste: ClassVar[float]

    def balance(self, allowed: Tensor) -> None:
        """Begin with equal weights."""
        self.allowed = allowed
        self.style_weights = torch.full_like(allowed, self.first_weight)

    def weigh(self, which: Tensor, content: Tensor) -> None:
        """Paintings that leave more content than is allowed to be lost get more weight, others less."""
        free = (self.allowed[which] - content) / self.allowed[which]
        changed = self.style_weights[which] * (self.haste * free.clamp(-1, 1)).exp()
        self.style_weights[which] = changed.clamp(self.least_weight, self.most_weight)

    def state(self) -> dict[str, Any]:
        """Everything that the next step depends on, but for the pictures."""
        return {**super().state(), "style_weights": self.style_weights}

    def restore(self, state: Any) -> None:
        """Goes back to a state."""
        super().restore(state)
        self.style_weights = state["style_weights"]
