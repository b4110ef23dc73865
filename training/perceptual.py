"""Features of the 16-fold compressed VGG-19 encoder (`e4_base.pth` of Collaborative-Distillation, MIT)."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from senga.neural.checkpoints import read

LAYERS = (
    *("conv11", "conv12", "pool"),
    *("conv21", "conv22", "pool"),
    *("conv31", "conv32", "conv33", "conv34", "pool"),
    "conv41",
)
KEPT = ("conv21", "conv31", "conv41")


class Features(nn.Module):
    """Runs the encoder and returns the activations named in `KEPT`; its weights do not learn."""

    def __init__(self, weights: Path) -> None:
        super().__init__()
        state = {name: torch.from_numpy(array.copy()) for name, array in read(weights).items()}
        for name in ("conv0", *(layer for layer in LAYERS if layer != "pool")):
            self.register_buffer(f"{name}_weight", state[f"{name}.weight"])
            self.register_buffer(f"{name}_bias", state[f"{name}.bias"])

    def _convolve(self, x: Tensor, name: str, margin: int) -> Tensor:
        padded = functional.pad(x, (margin,) * 4, mode="reflect") if margin else x
        return functional.conv2d(padded, getattr(self, f"{name}_weight"), getattr(self, f"{name}_bias"))

    def forward(self, picture: Tensor) -> dict[str, Tensor]:
        """Features of RGB pictures in [-1, 1]."""
        x = self._convolve((picture + 1) / 2, "conv0", 0)
        kept: dict[str, Tensor] = {}
        for name in LAYERS:
            x = functional.max_pool2d(x, 2) if name == "pool" else functional.relu(self._convolve(x, name, 1))
            if name in KEPT:
                kept[name] = x
        return kept
