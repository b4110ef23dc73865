"""Trains a network of lines, on MindSpore: (N, 3, S, S) that it sees, and (N, 1, S, S) ink in 0..1.

Every step sees other examples, see ``samples``; the loss is that of ``training/lines.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from senga.neural.executor import Array
from senga.neural.graph import Network
from senga.neural.networks.lines import lines
from senga.neural.training import training as shared
from senga.neural.training.batches import to_bytes
from senga.neural.training.cell import to_tensor
from senga.neural.training.inked import Pair
from senga.neural.training.pictures import OTHER, rng_of
from senga.neural.training.runtime import ms

from .presets import Preset
from .samples import Example, example


@dataclass(frozen=True)
class Batch:
    """What one step sees, and the lines that it should find."""

    photo: Array
    ink: Array


class Training(shared.Training[Preset, Batch]):
    """The network, its loss and steps."""

    columns = ("entropy", "dice", "total")

    @classmethod
    def network(cls, preset: Preset) -> Network:
        """The network of a preset."""
        return lines(preset.width)

    def examples(self, step: int) -> list[Example]:
        """The squares of a step."""
        rng = rng_of(self.seed, OTHER, step)
        pairs = [
            Pair.of(colour, np.ascontiguousarray(line[:, :, 0]))
            for colour, line in zip(*map(to_bytes, self.pictures.pairs(self.preset, self.seed, step)), strict=True)
        ]
        return [example([pair], (), self.preset.side, rng) for pair in pairs]

    def batch(self, step: int) -> Batch:
        """What the network sees of drawings in some other light, and their ink."""
        found = self.examples(step)
        seen = np.stack([each.seen for each in found]).transpose(0, 3, 1, 2)
        return Batch(np.ascontiguousarray(seen), np.stack([each.ink for each in found])[:, None])

    def parts(self, step: int, x: Any, batch: Batch, wanted: Any) -> dict[str, Any]:
        """The loss of ink in [-1, 1], part by part."""
        weights, ink = self.preset.weights, to_tensor(batch.ink)
        share = 0.4999 * x + 0.5
        heavy = to_tensor(np.asarray(1 + self.preset.heavy * batch.ink, np.float32))
        entropy = -(heavy * (ink * ms.ops.log(share) + (1 - ink) * ms.ops.log(1 - share))).mean()
        common = 2 * (share * ink).sum() + 1
        dice = 1 - common / ((share * share).sum() + (ink * ink).sum() + 1)
        return {"entropy": weights.entropy * entropy, "dice": weights.dice * dice}

    def sample(self) -> Array:
        """Pictures, and below them the ink that is found in them."""
        found, now = self.examples(0)[: shared.SHOWN], self.drawer.arrays()
        self.drawer.load(self.weights())
        made = [self.drawer.predict(each.seen.transpose(2, 0, 1)[None])[0, 0] for each in found]
        self.drawer.load(now)
        inks = np.repeat(np.stack(made)[..., None], 3, axis=3)
        pictures = np.stack([each.picture for each in found])
        return np.stack([np.rint(each * 255).astype(np.uint8) for each in (pictures, (1 - inks) / 2)])
