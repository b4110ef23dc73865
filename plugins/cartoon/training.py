"""Trains White-box Cartoonization: phases and losses, on MindSpore; pictures are RGB in [-1, 1], (N, C, H, W).

The generator first learns to reproduce the photo; then two discriminators with spectral norm judge its surfaces (the
guided filter of the picture by itself) and its textures (one channel, mixed of the three at random), and features of
the picture are held against those of its flat patches (structure) and of the photo (content).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from senga.job import Job
from senga.neural.executor import Array
from senga.neural.graph import Network
from senga.neural.training import losses
from senga.neural.training import training as shared
from senga.neural.training.batches import to_batch, to_bytes
from senga.neural.training.cell import from_tensor, to_tensor
from senga.neural.training.features import Features
from senga.neural.training.guided import guided_filter
from senga.neural.training.perceptual import Encoder
from senga.neural.training.pictures import OTHER, Pictures, rng_of
from senga.neural.training.targets import TargetStyle, draw_target

from .first import passing_weights
from .network import generator, judge
from .painting import flat
from .presets import Preset

JUDGES = ("surface", "texture")
SHARES = (0.199, 0.399), (0.487, 0.687), (0.014, 0.214)
"""Between what the shares of red, green and blue in a texture are drawn, before they are made to sum to one."""


@dataclass(frozen=True)
class Batch:
    """What one step sees: photos, what colours are compared with, pictures of the style."""

    photo: Array
    target: Array
    style: Array


class Training(shared.Training[Preset, Batch]):
    """The generator and its two discriminators, their losses and steps."""

    columns = ("judge", *JUDGES, "structure", "content", "variation", "colour", "gradient", "total")
    features: Features

    @classmethod
    def network(cls, preset: Preset) -> Network:
        """The generator of a preset."""
        return generator(preset.width)

    def set_up(self, encoder: Encoder | None) -> None:
        """The discriminators, and where losses look."""
        assert encoder is not None  # noqa: S101 - the family takes one
        preset = self.preset
        if preset.start == "identity":
            self.start_with(passing_weights(self.network(preset), self.seed))
        self.judges = {
            name: self.player(name, judge(inputs, preset.channels), "he", self.seed + 1, spectral_norm=True)
            for name, inputs in zip(JUDGES, (3, 1), strict=True)
        }
        (self.tap,) = shared.present((preset.layer,), encoder)
        self.look(encoder, (preset.layer,))

    def batch(self, step: int) -> Batch:
        """The pictures of a step; every fifth time of faces."""
        faces = self.pictures.others.get("faces")
        if faces is None or step % self.preset.faces_every != self.preset.faces_every - 1:
            return self._of(self.pictures, step)
        style = self.pictures.others.get("drawn_faces", self.pictures.style)
        found = self._of(Pictures(faces, faces, style), step)
        return replace(found, target=_drawn(found.target)) if self.preset.target == "drawn" else found

    def _of(self, pictures: Pictures, step: int) -> Batch:
        photo, target = pictures.pairs(self.preset, self.seed, step)
        return Batch(photo, target, to_batch(pictures.drawn(self.preset, self.seed, step)))

    def judged(self, step: int, batch: Batch, drawing: Array) -> dict[str, float]:
        """A step of the discriminators, from the second phase on."""
        return {} if self.phase(step) == "start" else {"judge": self._train_judges(step, batch, drawing)}

    def _represented(self, name: str, step: int, x: Any) -> Any:
        """What a discriminator sees of a picture; of all pictures of a step the same."""
        if name == "surface":
            return surface(x)
        shares = np.array([rng_of(self.seed, OTHER, step).uniform(*bounds) for bounds in SHARES])
        return texture(x, shares / shares.sum())

    def _train_judges(self, step: int, batch: Batch, drawing: Array) -> float:
        total, count = 0.0, len(drawing)
        for name, (cell, adam) in self.judges.items():
            cell.follow()
            seen = self._represented(name, step, to_tensor(np.concatenate([batch.style, drawing])))

            def loss(verdict: Any) -> dict[str, Any]:
                genuine, made = verdict[:count], verdict[count:]
                both = losses.judge("lsgan", genuine, True) + losses.judge("lsgan", made, False)
                return {"judge": 0.5 * both}

            slope, found = cell.learn_from(from_tensor(seen), loss)
            adam.update(slope, self.schedule.rate(step, 2))
            total += found["judge"]
        return total

    def wanted(self, step: int, batch: Batch, drawing: Array) -> dict[str, Array]:
        """Features that the drawing shall have: of its own flat patches, and of the photo or the target."""
        if self.phase(step) == "start":
            return {}
        side = max(4, self.preset.crop // self.preset.patches)
        aims = {"structure": patches(drawing, side), "content": batch.target}
        kept = {name: aim for name, aim in aims.items() if getattr(self.preset.weights, name)}
        return {name: self.features.of(aim)[self.tap] for name, aim in kept.items()}

    def parts(self, step: int, x: Any, batch: Batch, wanted: dict[str, Array]) -> dict[str, Any]:
        """The generator's loss, part by part, of a drawing."""
        weights, target = self.preset.weights, to_tensor(batch.target)
        if self.phase(step) == "start":
            return {"content": losses.mean_absolute(x, target)}
        parts = {
            name: getattr(weights, name) * losses.fool("lsgan", cell(self._represented(name, step, x), False))
            for name, (cell, _) in self.judges.items()
            if getattr(weights, name)
        }
        drawn = self.features(x)[self.tap] if wanted else None
        for name, aim in wanted.items():
            parts[name] = getattr(weights, name) * shared.distance(drawn, aim, relative=self.preset.relative)
        numbers = float(np.prod(x.shape[1:]))
        parts["variation"] = 2 * weights.variation / numbers * losses.variation(x)
        parts["colour"] = weights.colour * losses.absolute_colour(x, target)
        parts["gradient"] = weights.gradient * losses.gradient(x, target)
        return parts


def surface(picture: Any) -> Any:
    """The smooth surfaces of pictures."""
    return guided_filter(picture, picture, 5, 0.2)


def texture(picture: Any, shares: Array | Sequence[float]) -> Any:
    """One channel, mixed of red, green and blue."""
    return losses.mixed(picture, np.reshape(shares, (1, 3)))


def patches(pictures: Array, size: int) -> Array:
    """Flat patches of pictures, each in its adaptive colour; without gradient."""
    planes = np.ascontiguousarray((np.clip(pictures, -1, 1).transpose(0, 2, 3, 1) + 1) / 2, np.float32)
    return np.stack([flat(each, Job(), size) for each in planes]).transpose(0, 3, 1, 2) * np.float32(2) - np.float32(1)


def _drawn(pictures: Array) -> Array:
    """The drawn targets of pictures."""
    return to_batch([draw_target(each, TargetStyle()) for each in to_bytes(pictures)])
