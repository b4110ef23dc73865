"""Trains a network that paints from hints, on MindSpore: (N, 5, S, S) that it sees, (N, 3, S, S) colours in [-1, 1].

Every step sees other examples, see ``samples``; losses are those of ``training/colour_hints.py``: absolute differences
of Y, U and V and of features, and what a judge of places says, by least squares.

References:
    T. Yonetsuji: PaintsChainer, 2017, https://github.com/pfnet/PaintsChainer.
    X. Mao et al.: Least Squares Generative Adversarial Networks. ICCV 2017, doi:10.1109/ICCV.2017.304.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from senga.neural.executor import Array
from senga.neural.graph import Network
from senga.neural.networks.colour_hints import hint_judge, hint_unet
from senga.neural.training import losses
from senga.neural.training import training as shared
from senga.neural.training.batches import to_bytes
from senga.neural.training.cell import to_tensor
from senga.neural.training.features import Features
from senga.neural.training.inked import Pair, halved
from senga.neural.training.perceptual import Encoder
from senga.neural.training.pictures import OTHER, rng_of
from senga.neural.training.runtime import ms

from .hint_network import quiet_start
from .hint_presets import Preset
from .samples import Square, example

LAYERS = "relu3_1", "relu4_1"
CHANNELS = 16
"""Of a network of width 1."""


@dataclass(frozen=True)
class Batch:
    """What one step sees, and the colours that it should paint."""

    photo: Array
    colours: Array


class Training(shared.Training[Preset, Batch]):
    """The network and its judge, their losses and steps."""

    columns = ("judge", "colour", "content", "adversarial", "total")
    features: Features

    @classmethod
    def network(cls, preset: Preset) -> Network:
        """The network of a preset."""
        return hint_unet(channels_of(preset))

    def set_up(self, encoder: Encoder | None) -> None:
        """The judge, and where the loss looks."""
        assert encoder is not None  # noqa: S101 - the family takes one
        self.start_with(quiet_start(self.network(self.preset), self.seed))
        self.judge, self.judge_adam = self.player("judge", hint_judge(self.preset.channels), "he", self.seed + 1)
        self.layers = shared.present(LAYERS, encoder)
        self.look(encoder, LAYERS)

    def calibrating(self) -> Array:
        """Coloured drawings."""
        return self.batch(0).colours

    def facts(self) -> dict[str, str]:
        """What a model card says of the network."""
        return {"architecture": self.preset.architecture, "width": f"{channels_of(self.preset)}"}

    def examples(self, step: int) -> list[tuple[Array, Square]]:
        """What the network sees at a step, and the squares that it should paint."""
        rng = rng_of(self.seed, OTHER, step)
        pairs = [
            halved(Pair.of(colour, np.ascontiguousarray(line[:, :, 0])))
            for colour, line in zip(*map(to_bytes, self.pictures.pairs(self.preset, self.seed, step)), strict=True)
        ]
        return [example([pair], self.preset.side, rng) for pair in pairs]

    def batch(self, step: int) -> Batch:
        """Lines and hints, and the colours below the lines."""
        found = self.examples(step)
        seen, colours = np.stack([each for each, _ in found]), np.stack([2 * one.colours - 1 for _, one in found])
        return Batch(*(np.ascontiguousarray(each.transpose(0, 3, 1, 2), np.float32) for each in (seen, colours)))

    def wanted(self, step: int, batch: Batch, drawing: Array) -> dict[str, Array]:
        """The features that painted colours should have."""
        return self.features.of(batch.colours)

    def judged(self, step: int, batch: Batch, drawing: Array) -> dict[str, float]:
        """A step of the judge."""
        lines, count = batch.photo[:, :1], len(drawing)
        shown = [np.concatenate([each, lines], axis=1) for each in (batch.colours, drawing)]

        def loss(verdict: Any) -> dict[str, Any]:
            drawn, made = verdict[:count], verdict[count:]
            return {"judge": losses.judge("lsgan", drawn, True) + losses.judge("lsgan", made, False)}

        self.judge.follow()
        slope, found = self.judge.learn_from(np.concatenate(shown), loss)
        self.judge_adam.update(slope, self.schedule.rate(step, 2))
        return found

    def parts(self, step: int, x: Any, batch: Batch, wanted: dict[str, Array]) -> dict[str, Any]:
        """The loss of painted colours, part by part."""
        weights, seen = self.preset.weights, self.features(x)
        near = [shared.distance(seen[layer], wanted[layer], relative=True) for layer in self.layers]
        verdict = self.judge(ms.ops.concat([x, to_tensor(batch.photo[:, :1])], axis=1), False)
        return {
            "colour": weights.colour * losses.absolute_colour(x, to_tensor(batch.colours)),
            "content": weights.content * shared.mean_of(near),
            "adversarial": weights.adversarial * losses.fool("lsgan", verdict),
        }

    def sample(self) -> Array:
        """Lines with hints, and what is painted below them."""
        found, now = self.examples(0)[: shared.SHOWN], self.drawer.arrays()
        self.drawer.load(self.weights())
        made = [self.drawer.predict(seen.transpose(2, 0, 1)[None])[0].transpose(1, 2, 0) for seen, _ in found]
        self.drawer.load(now)
        shown = [np.where(seen[..., 4:] > 0, seen[..., 1:4], seen[..., :1]) for seen, _ in found]
        both = np.stack([np.stack(shown), np.stack(made)])
        return np.asarray(np.rint((both.clip(-1, 1) + 1) * 127.5).astype(np.uint8))


def channels_of(preset: Preset) -> int:
    """Channels at full size."""
    return max(1, round(CHANNELS * preset.width))
