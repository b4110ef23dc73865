"""Trains a network that paints portraits, on MindSpore; pictures are RGB in [-1, 1], (N, 3, H, W).

What it draws is held against the painting of ``face-style``: in broad colours and features place by place, and in what
the features of small tiles have in common, wherever in a tile it is. Where strokes lie nobody can tell from the
photograph, so they are not asked for place by place, and photographs get grain to make them of. From the second phase
on a discriminator with spectral norm judges patches.
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
from senga.ops.grain import grained_anywhere

from .network import generator, judge, passing_weights
from .presets import Preset

BROAD = 4
"""Pixels over which colours are broad."""
TILES = 4
"""Across a crop: in each the features are compared as a whole."""


@dataclass(frozen=True)
class Batch:
    """What one step sees."""

    photo: Array
    target: Array


class Training(shared.Training[Preset, Batch]):
    """The generator and its discriminator, their losses and steps."""

    columns = ("judge", "adversarial", "colour", "detail", "content", "texture", "total")
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
        """Photographs in some other light and with grain, and their paintings."""
        photo, target = self.pictures.pairs(self.preset, self.seed, step)
        rng, light, count = rng_of(self.seed, OTHER, step), self.preset.light, len(photo)
        gain = rng.uniform(1 - light, 1 + light, (count, 1, 1, 1))
        shift = rng.uniform(-light, light, (count, 3, 1, 1))
        lit = np.clip(photo * gain + shift, -1, 1).astype(np.float32)
        return Batch(grained_anywhere(lit, self.preset.grain, rng), target)

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
        texture = [
            shared.distance(mark, wish, relative=True)
            for tap in self._style
            for mark, wish in zip(_marks(seen[tap]), _marks(wanted[tap]), strict=True)
        ]
        found = {
            "colour": weights.colour * losses.absolute_colour(_broad(x), to_tensor(_broad(batch.target))),
            "detail": weights.detail * losses.absolute_colour(x, to_tensor(batch.target)),
            "content": weights.content * shared.mean_of(content),
            "texture": weights.texture * shared.mean_of(texture),
        }
        if self.phase(step) != "start":
            found["adversarial"] = weights.adversarial * losses.fool("lsgan", self.judge[0](x, False))
        return found

    def facts(self) -> dict[str, str]:
        """What a model card says of the network."""
        preset = self.preset
        own = {"blocks": str(preset.blocks), "face": f"{preset.face:g}", "grain": f"{preset.grain:g}"}
        return super().facts() | own


def _broad(pictures: Any) -> Any:
    """Means of squares of ``BROAD`` pixels, of arrays and of tensors."""
    height, width = (side // BROAD for side in pictures.shape[2:])
    whole = pictures[:, :, : height * BROAD, : width * BROAD]
    return whole.reshape(len(pictures), 3, height, BROAD, width, BROAD).mean((3, 5))


def _marks(feature: Any) -> tuple[Any, Any, Any]:
    """Of every tile of features means (N, C), deviations (N, C) and covariances (N, C, C); arrays or tensors."""
    count, channels = feature.shape[:2]
    high, wide = (max(1, side // TILES) for side in feature.shape[2:])
    whole = feature[:, :, : TILES * high, : TILES * wide]
    tiles = whole.reshape(count, channels, TILES, high, TILES, wide).transpose(0, 2, 4, 1, 3, 5)
    flat = tiles.reshape(count * TILES * TILES, channels, high * wide)
    mean = flat.mean(2)
    flat = flat - mean.reshape(-1, channels, 1)
    return mean, ((flat * flat).mean(2) + 1e-6) ** 0.5, (flat @ flat.swapaxes(1, 2)) / (high * wide)
