"""Features of VGG-19 or its 16-fold compressed form (`e4_base.pth` of Collaborative-Distillation, MIT)."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from senga.neural.training.perceptual import load_encoder
from training.module import NetworkModule

KEPT = ("relu2_1", "relu3_1", "relu4_1")


class Features(NetworkModule):
    """Runs the network and returns what is named in `KEPT`; its weights do not learn."""

    def __init__(self, weights: Path) -> None:
        encoder = load_encoder(weights)
        super().__init__(encoder.network(KEPT), encoder.weights())
        self.requires_grad_(False)

    def forward(self, picture: Tensor) -> dict[str, Tensor]:
        """Features of RGB pictures in [-1, 1]."""
        return dict(zip(KEPT, super().forward(picture), strict=True))
