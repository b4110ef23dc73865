"""Trains CartoonGAN and ComixGAN, on MindSpore; pictures are RGB in [-1, 1], (N, 3, H, W).

In the first phase the generator learns to keep the content of the photo. Then a discriminator tells drawings from what
is generated and from drawings with blurred edges, so that clear edges pay. ComixGAN is the same with a discriminator
that knows blurred edges before it meets the generator, and that learns at every third step only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from senga.neural.executor import Array
from senga.neural.graph import Network
from senga.neural.training import losses
from senga.neural.training import training as shared
from senga.neural.training.batches import to_batch
from senga.neural.training.cell import to_tensor
from senga.neural.training.edges import smooth_edges
from senga.neural.training.features import Features
from senga.neural.training.perceptual import Encoder

from .network import judge, network_of
from .presets import Preset


@dataclass(frozen=True)
class Batch:
    """What one step sees: photos, what they are compared with, drawings, and these with blurred edges."""

    photo: Array
    target: Array
    style: Array
    smooth: Array


class Training(shared.Training[Preset, Batch]):
    """The generator and its discriminator, their losses and steps."""

    columns = ("judge", "adversarial", "content", "colour", "gradient", "total")
    features: Features

    @classmethod
    def network(cls, preset: Preset) -> Network:
        """The generator of a preset."""
        return network_of({"architecture": preset.architecture, "width": repr(preset.width)})

    def set_up(self, encoder: Encoder | None) -> None:
        """The discriminator, and where losses look."""
        assert encoder is not None  # noqa: S101 - the family takes one
        preset = self.preset
        self.judge, self.judge_adam = self.player(
            "judge", judge(preset.channels), "normal", self.seed + 1, spectral_norm=preset.spectral_norm
        )
        (self.tap,) = shared.present((preset.layer,), encoder)
        self.look(encoder, (preset.layer,))

    def batch(self, step: int) -> Batch:
        """The pictures of a step."""
        photo, target = self.pictures.pairs(self.preset, self.seed, step)
        drawn = self.pictures.drawn(self.preset, self.seed, step)
        smooth = [smooth_edges(picture) for picture in drawn]
        return Batch(photo, target, to_batch(drawn), to_batch(smooth))

    def wanted(self, step: int, batch: Batch, drawing: Array) -> Array | None:
        """Features of the target."""
        return self.features.of(batch.target)[self.tap] if self.preset.weights.content else None

    def judged(self, step: int, batch: Batch, drawing: Array) -> dict[str, float]:
        """A step of the discriminator, where it is its turn."""
        start = self.phase(step) == "start"
        if step % self.preset.judge_every or (start and not self.preset.judge_first):
            return {}
        shown = [(batch.style, True), (batch.smooth, False), *([] if start else [(drawing, False)])]
        count, kind = len(drawing), self.preset.adversarial

        def loss(verdict: Any) -> dict[str, Any]:
            parts = [
                losses.judge(kind, verdict[i * count : (i + 1) * count], genuine)
                for i, (_, genuine) in enumerate(shown)
            ]
            return {"judge": sum(parts[1:], parts[0])}

        self.judge.follow()
        slope, found = self.judge.learn_from(np.concatenate([pictures for pictures, _ in shown]), loss)
        self.judge_adam.update(slope, self.schedule.rate(step, 2))
        return found

    def parts(self, step: int, x: Any, batch: Batch, wanted: Array | None) -> dict[str, Any]:
        """The generator's loss, part by part, of a drawing."""
        weights, target = self.preset.weights, to_tensor(batch.target)
        parts: dict[str, Any] = {}
        if wanted is not None:
            near = shared.distance(self.features(x)[self.tap], wanted, relative=self.preset.relative)
            parts["content"] = weights.content * near
        parts["colour"] = weights.colour * losses.absolute_colour(x, target)
        parts["gradient"] = weights.gradient * losses.gradient(x, target)
        if self.phase(step) == "style":
            verdict = self.judge(x, False)
            parts["adversarial"] = weights.adversarial * losses.fool(self.preset.adversarial, verdict)
        return parts
