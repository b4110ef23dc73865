"""How it is trained: to reproduce the photo, and then in the mean colour of the style."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from senga_wash_network import wash
from senga_wash_presets import Preset

from senga.neural.executor import Array
from senga.neural.graph import Network
from senga.neural.training import losses, training
from senga.neural.training.batches import to_batch
from senga.neural.training.cell import to_tensor


class Batch(NamedTuple):
    """Photos, and what they are to become."""

    photo: Array
    target: Array


class Training(training.Training[Preset, Batch]):
    """One network, no discriminator."""

    columns = ("colour", "total")

    @classmethod
    def network(cls, preset: Preset) -> Network:
        return wash(preset.inner)

    def facts(self) -> dict[str, str]:
        return {"architecture": "wash", "inner": str(self.preset.inner)}

    def batch(self, step: int) -> Batch:
        photo, _ = self.pictures.pairs(self.preset, self.seed, step)
        style = to_batch(self.pictures.drawn(self.preset, self.seed, step))
        colour = style.mean((0, 2, 3), keepdims=True)
        share = np.float32(self.preset.thin if self.phase(step) == "style" else 0)
        return Batch(photo, np.asarray((1 - share) * photo + share * colour, np.float32))

    def parts(self, step: int, x: Any, batch: Batch, wanted: Any) -> dict[str, Any]:
        return {"colour": losses.mean_absolute(x, to_tensor(batch.target))}
