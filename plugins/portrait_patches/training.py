"""Trains a network that paints portraits, on MindSpore; pictures are RGB in [-1, 1], (N, 3, H, W).

What it draws is held against the painting of ``face-style`` in colours and features, and in what features of both have
in common; from the second phase on a discriminator with spectral norm judges patches.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from senga.neural.executor import Array
from senga.neural.graph import Network
from senga.neural.training import losses
from senga.neural.training import training as shared
from senga.neural.training.cell import to_tensor
from senga.neural.training.features import Features
from senga.neural.training.perceptual import Encoder
from senga.neural.training.pictures import OTHER, rng_of

from .network import generator, judge, passing_weights
from .presets import Preset


@dataclass(frozen=True)
class Batch:
    """What one step sees."""

    photo: Array
    target: Array


class Training(shared.Training[Preset, Batch]):
    """The generator and its discriminator, their losses and steps."""

    columns = ("judge", "adversarial", "colour", "content", "style", "total")
    features: Features

    @classmethod
    def network(cls, preset: Preset) -> Network:
        """The generator of a preset."""
        return generator(preset.width, preset.blocks)

    def set_up(self, encoder: Encoder | None) -> None:
        """The discriminator, and where losses look."""
        assert encoder is not None  # noqa: S101 - the family takes one
        preset = self.preset
        if preset.start == "identity":
            self.start_with(passing_weights(self.network(preset), self.seed))
        self.judge = self.player("judge", judge(preset.channels), "he", self.seed + 1, spectral_norm=True)
        self.look(encoder, tuple(dict.fromkeys((*preset.style_layers, *preset.content_layers))))
        self._content, self._style = (
            shared.present(layers, encoder) for layers in (preset.content_layers, preset.style_layers)
        )

    def batch(self, step: int) -> Batch:
        """Photographs in some other light, and their paintings."""
        photo, target = self.pictures.pairs(self.preset, self.seed, step)
        rng, light, count = rng_of(self.seed, OTHER, step), self.preset.light, len(photo)
        gain = rng.uniform(1 - light, 1 + light, (count, 1, 1, 1))
        shift = rng.uniform(-light, light, (count, 3, 1, 1))
        return Batch(np.clip(photo * gain + shift, -1, 1).astype(np.float32), target)

    def calibrating(self) -> Array:
        """Photographs and paintings of the first step."""
        batch = self.batch(0)
        return np.concatenate([batch.photo, batch.target])

    def judged(self, step: int, batch: Batch, drawing: Array) -> dict[str, float]:
        """A step of the discriminator, from the second phase on."""
        if self.phase(step) == "start":
            return {}
        (cell, adam), count = self.judge, len(drawing)
        cell.follow()

        def loss(verdict: Any) -> dict[str, Any]:
            genuine, made = verdict[:count], verdict[count:]
            return {"judge": losses.judge("lsgan", genuine, True) + losses.judge("lsgan", made, False)}

        slope, found = cell.learn_from(np.concatenate([batch.target, drawing]), loss)
        adam.update(slope, self.schedule.rate(step, 2))
        return found

    def wanted(self, step: int, batch: Batch, drawing: Array) -> dict[str, Array]:
        """Features of the paintings."""
        return self.features.of(batch.target)

    def parts(self, step: int, x: Any, batch: Batch, wanted: dict[str, Array]) -> dict[str, Any]:
        """The generator's loss, part by part, of a drawing."""
        weights, seen = self.preset.weights, self.features(x)
        content = [shared.distance(seen[tap], wanted[tap], relative=True) for tap in self._content]
        style = [shared.distance(losses.gram(seen[tap]), _gram(wanted[tap]), relative=True) for tap in self._style]
        found = {
            "colour": weights.colour * losses.absolute_colour(x, to_tensor(batch.target)),
            "content": weights.content * shared.mean_of(content),
            "style": weights.style * shared.mean_of(style),
        }
        if self.phase(step) != "start":
            found["adversarial"] = weights.adversarial * losses.fool("lsgan", self.judge[0](x, False))
        return found

    def facts(self) -> dict[str, str]:
        """What a model card says of the network."""
        return super().facts() | {"blocks": str(self.preset.blocks), "face": f"{self.preset.face:g}"}


def _gram(feature: Array) -> Array:
    """``losses.gram`` of an array."""
    flat = feature.reshape(*feature.shape[:2], -1)
    return np.asarray(flat @ flat.swapaxes(1, 2) / (flat.shape[1] * flat.shape[2]), np.float32)
