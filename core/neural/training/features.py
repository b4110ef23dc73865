"""Features of pictures as losses look at them; losses around them are MindSpore's, with gradients of the pictures."""

from __future__ import annotations

from typing import Any

import numpy as np

from senga.neural.executor import Array

from .cell import NetworkCell
from .perceptual import REFERENCE_CHANNELS, REFERENCE_LEVEL, Encoder


class Features:
    """The features of pictures at chosen layers, scaled so that published loss weights keep their meaning.

    Args:
        encoder: the network.
        taps: the layers.
    """

    def __init__(self, encoder: Encoder, taps: tuple[str, ...]) -> None:
        self.encoder, self.taps = encoder, taps
        self.factors = dict.fromkeys(taps, 1.0)
        self._cell = NetworkCell(encoder.network(taps), encoder.weights(), learns=False)

    def calibrate(self, pictures: Array) -> dict[str, float]:
        """Scale features to the reference level on these pictures; the original network keeps its own.

        Returns:
            The factor of each layer.
        """
        if not self.encoder.original:
            found = self.of(pictures)
            levels = {tap: float(np.abs(feature).mean()) / self.factors[tap] for tap, feature in found.items()}
            self.factors = {tap: REFERENCE_LEVEL / max(level, 1e-6) for tap, level in levels.items()}
        return dict(self.factors)

    def gram_share(self, tap: str) -> float:
        """The factor that makes a gram matrix of fewer channels count as much as one of the original network."""
        return 1.0 if self.encoder.original else len(self.encoder.kernels[f"conv{tap[4:]}"][0]) / REFERENCE_CHANNELS

    def of(self, pictures: Array) -> dict[str, Array]:
        """Features of (N, 3, H, W) in [-1, 1], without gradients."""
        found = zip(self.taps, self._cell.predict_all(pictures), strict=True)
        return {tap: feature * np.float32(self.factors[tap]) for tap, feature in found}

    def __call__(self, pictures: Any) -> dict[str, Any]:
        """Features of a tensor, with the gradient of the tensor."""
        found = self._cell(pictures, False)
        several = found if isinstance(found, tuple) else (found,)
        return {tap: feature * self.factors[tap] for tap, feature in zip(self.taps, several, strict=True)}
