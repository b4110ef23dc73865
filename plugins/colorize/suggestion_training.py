"""Trains a network that colours drawings in nine ways, on MindSpore: (N, 1, S, S) lines to (N, 27, S, S) colours.

Every step sees other examples, see ``suggestion_samples``; the loss is that of ``training/sgru.py``: the best of nine
pictures counts, and a little the mean of all, so that they come to differ.

References:
    Q. Chen, V. Koltun: Photographic Image Synthesis with Cascaded Refinement Networks. ICCV 2017, arXiv:1707.09405.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from senga.neural.executor import Array
from senga.neural.graph import Network
from senga.neural.networks.sgru import PICTURES, apart, sgru
from senga.neural.training import training as shared
from senga.neural.training.batches import to_bytes
from senga.neural.training.cell import to_tensor
from senga.neural.training.features import Features
from senga.neural.training.inked import Pair
from senga.neural.training.perceptual import REFERENCE_LEVEL, Encoder
from senga.neural.training.pictures import OTHER, rng_of
from senga.neural.training.runtime import ms

from .suggestion_presets import LEVEL, Preset, layers_of
from .suggestion_samples import Example, example, tints


@dataclass(frozen=True)
class Batch:
    """What one step sees: lines, the colours below them in [-1, 1], and what each pixel counts."""

    photo: Array
    colours: Array
    counts: Array


class Training(shared.Training[Preset, Batch]):
    """The network, its loss and steps."""

    columns = ("best", "mean", "total")

    @classmethod
    def network(cls, preset: Preset) -> Network:
        """The network of a preset."""
        return sgru(preset.width)

    def set_up(self, encoder: Encoder | None) -> None:
        """Looks through the perceptual network; the nine begin in different tints."""
        assert encoder is not None  # noqa: S101 - the family takes one
        self.layers = layers_of(encoder.kernels)
        self.features = Features(encoder, tuple(self.layers))
        tinted = tints(self.preset.tint)
        self.drawer.load({**self.drawer.arrays(), "pictures.bias": tinted})
        self.average = self.drawer.arrays() if self.preset.average else {}

    def calibrating(self) -> Array:
        """The colours of the first step."""
        return self.batch(0).colours

    def examples(self, step: int) -> list[Example]:
        """The squares of a step."""
        rng = rng_of(self.seed, OTHER, step)
        halves = map(to_bytes, self.pictures.pairs(self.preset, self.seed, step))
        pairs = [Pair.of(colour, np.ascontiguousarray(line[:, :, 0])) for colour, line in zip(*halves, strict=True)]
        return [example(pair, self.preset.side, rng, self.preset.paper) for pair in pairs]

    def batch(self, step: int) -> Batch:
        """Lines of whole drawings, and their colours."""
        found = self.examples(step)
        colours = np.stack([each.colours for each in found]).transpose(0, 3, 1, 2)
        lines, counts = (
            np.stack(several)[:, None] for several in zip(*((e.lines, e.counts) for e in found), strict=True)
        )
        return Batch(lines, np.ascontiguousarray(colours), counts)

    def parts(self, step: int, x: Any, batch: Batch, wanted: Any) -> dict[str, Any]:
        """The loss of (N, 27, S, S), part by part."""
        count, _, rows, columns = x.shape
        made = x.reshape(count, 3, PICTURES, rows, columns).swapaxes(1, 2)  # (N, 9, 3, S, S)
        off = self.off(made, batch)
        mean = self.preset.weights.share(step / max(1, self.steps))
        return {"best": (1 - mean) * ms.ops.ReduceMin()(off, 1).mean(), "mean": mean * off.mean()}

    def off(self, made: Any, batch: Batch) -> Any:
        """How far each of the pictures (N, 9, 3, S, S) is from the one that it should be, (N, 9)."""
        assert self.features is not None  # noqa: S101 - see set_up
        counts = to_tensor(batch.counts)[:, None]
        step = ms.ops.abs(made - to_tensor(batch.colours)[:, None])
        found = self.preset.weights.colours * 127.5 * (counts * step).mean((2, 3, 4))
        ours = self.features(made.reshape(-1, *made.shape[2:]))
        theirs = self.features.of(batch.colours)
        share = 1.0 if self.features.encoder.original else LEVEL / REFERENCE_LEVEL
        for tap, weight in self.layers.items():
            here = to_tensor(reduced(batch.counts, theirs[tap].shape[2:]))[:, None]
            seen = ours[tap].reshape(*made.shape[:2], *theirs[tap].shape[1:])
            step = ms.ops.abs(seen - to_tensor(theirs[tap])[:, None])
            found = found + weight * share * (here * step).mean((2, 3, 4))
        return found

    def sample(self) -> Array:
        """Drawings in their colours, and below them in the first three of nine suggestions."""
        found, now = self.examples(0)[: shared.SHOWN], self.drawer.arrays()
        self.drawer.load(self.weights())
        made = [apart(self.drawer.predict(each.lines[None, None])[0].transpose(1, 2, 0)) for each in found]
        self.drawer.load(now)
        rows = [[each.colours for each in found], *([each[number] for each in made] for number in range(3))]
        inks = np.stack([each.lines for each in found])[:, :, :, None] / np.float32(255)
        return np.stack([np.rint(127.5 * (np.clip(np.stack(row), -1, 1) + 1) * inks).astype(np.uint8) for row in rows])


def reduced(counts: Array, size: tuple[int, ...]) -> Array:
    """Planes (N, 1, H, W) at another size, (N, 1, h, w)."""
    smaller = [cv2.resize(plane, size[::-1], interpolation=cv2.INTER_AREA) for plane in counts[:, 0]]
    return np.asarray(np.stack(smaller)[:, None], np.float32)
