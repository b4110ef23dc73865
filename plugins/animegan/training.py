"""Trains a generator of the AnimeGAN family: the two players, their losses, their steps.

References:
    J. Chen, G. Liu, X. Chen: AnimeGAN: A Novel Lightweight GAN for Photo Animation. ISICA 2019,
    doi:10.1007/978-981-15-5577-0_18; the settings of the second version: TachibanaYoshino/AnimeGANv2.
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
from senga.neural.training.cell import from_tensor, to_tensor
from senga.neural.training.edges import grey_twice, smooth_edges
from senga.neural.training.features import Features
from senga.neural.training.perceptual import Encoder
from senga.neural.training.pictures import PENALTY, rng_of

from .discriminator import discriminator
from .painting import network_of
from .presets import SECOND, Preset


@dataclass(frozen=True)
class Batch:
    """What one step sees, (N, 3, H, W) in [-1, 1].

    Attributes:
        photo: what is drawn.
        target: what content and colour are compared with.
        style: pictures of the style, in colour.
        grey: the same in grey.
        smooth: the same in grey, with blurred edges.
    """

    photo: Array
    target: Array
    style: Array
    grey: Array
    smooth: Array


def generator(preset: Preset) -> Network:
    """The generator of a preset."""
    return network_of(preset.card())


class Training(shared.Training[Preset, Batch]):
    """The generator and its discriminator, their losses and steps."""

    columns = ("judge", "penalty", "adversarial", "content", "style", "colour", "variation", "gradient", "total")
    features: Features

    @classmethod
    def network(cls, preset: Preset) -> Network:
        """The generator of a preset."""
        return generator(preset)

    def facts(self) -> dict[str, str]:
        """What a model card says of the network."""
        return self.preset.card()

    def set_up(self, encoder: Encoder | None) -> None:
        """The discriminator, and where losses look."""
        assert encoder is not None  # noqa: S101 - the family takes one
        preset = self.preset
        judging = discriminator(preset.channels, "instance" if preset.architecture == "animeganv1" else "layer")
        self.judge, self.judge_adam = self.player(
            "judge", judging, "normal", self.seed + 1, second=preset.adversarial in SECOND, spectral_norm=True
        )
        self.content_taps = shared.present(preset.content_layers, encoder)
        self.style_taps = shared.present(preset.style_layers, encoder)
        self.look(encoder, (*preset.content_layers, *preset.style_layers))

    def batch(self, step: int) -> Batch:
        """The pictures of a step."""
        photo, target = self.pictures.pairs(self.preset, self.seed, step)
        drawn = self.pictures.drawn(self.preset, self.seed, step)
        smooth = [smooth_edges(picture) for picture in drawn]
        return Batch(photo, target, to_batch(drawn), to_batch(grey_twice(drawn)), to_batch(grey_twice(smooth)))

    def judged(self, step: int, batch: Batch, drawing: Array) -> dict[str, float]:
        """A step of the discriminator, from the second phase on."""
        return self.train_judge(step, batch, drawing) if step >= self.start_steps else {}

    def train_judge(self, step: int, batch: Batch, drawing: Array) -> dict[str, float]:
        """One step of the discriminator, which sees all kinds of pictures as one batch."""
        self.judge.follow()
        shares = self.preset.judge
        shown = [(batch.style, shares.drawn, True), (drawing, shares.generated, False)]
        shown += [(batch.grey, shares.grey, False), (batch.smooth, shares.smooth, False)]
        kinds = tuple(kind for kind in shown if kind[1])
        seen = np.concatenate([pictures for pictures, _, _ in kinds])
        slope, judged = self.judge.learn_from(
            seen, lambda verdict: self._judge_parts(verdict, kinds, step, batch, drawing)
        )
        self.judge_adam.update(slope, self.schedule.rate(step, 2))
        return judged

    def _judge_parts(
        self, verdict: Any, kinds: tuple[tuple[Array, float, bool], ...], step: int, batch: Batch, drawing: Array
    ) -> dict[str, Any]:
        kind, weight, count = self.preset.adversarial, self.preset.weights.adversarial, len(batch.photo)
        parts = [
            share * losses.judge(kind, verdict[i * count : (i + 1) * count], genuine)
            for i, (_, share, genuine) in enumerate(kinds)
        ]
        found = {"judge": weight * sum(parts[1:], parts[0])}
        if kind in SECOND:
            rng = rng_of(self.seed, PENALTY, step)
            penalty = losses.gradient_penalty(kind, self.judge, to_tensor(batch.style), to_tensor(drawing), rng)
            found["penalty"] = weight * self.preset.judge.penalty * penalty
        return found

    def wanted(self, step: int, batch: Batch, drawing: Array) -> tuple[dict[str, Array], dict[str, Array]]:
        """Features of the target, and gram matrices of the style."""
        styled = step >= self.start_steps and self.preset.weights.style > 0
        count = len(batch.target)
        needed = styled or self._content_weight(step) > 0
        pictures = np.concatenate([batch.target, batch.grey]) if styled else batch.target
        found = self.features.of(pictures) if needed else {}
        content = {name: feature[:count] for name, feature in found.items()}
        grams = {name: self._gram(name, found[name][count:]) for name in self.style_taps} if styled else {}
        if styled and self.preset.gram_memory:
            grams = self._remembered(grams)
        return content, grams

    def _gram(self, name: str, feature: Array) -> Array:
        return from_tensor(losses.gram(to_tensor(feature))) * np.float32(self.features.gram_share(name))

    def _remembered(self, grams: dict[str, Array]) -> dict[str, Array]:
        """The running mean of the style's gram matrices."""
        share, kept = np.float32(self.preset.gram_memory), self.memory.setdefault("gram", {})
        for name, gram in grams.items():
            mean = gram.mean(0, keepdims=True)
            kept[name] = mean if name not in kept else share * kept[name] + (1 - share) * mean
        return dict(kept)

    def parts(
        self, step: int, x: Any, batch: Batch, wanted: tuple[dict[str, Array], dict[str, Array]]
    ) -> dict[str, Any]:
        """The generator's loss, part by part, of a drawing."""
        weights, start, target = self.preset.weights, self.phase(step) == "start", to_tensor(batch.target)
        parts = self._perceptual_parts(step, x, wanted)
        if not start or self.preset.colour == "absolute":
            compare = losses.colour if self.preset.colour == "huber" else losses.absolute_colour
            parts["colour"] = (1.0 if start else weights.colour) * compare(x, target)
        if start:
            return parts
        parts["adversarial"] = weights.adversarial * losses.fool(self.preset.adversarial, self.judge(x, False))
        parts["variation"] = weights.variation * losses.variation(x)
        parts["gradient"] = weights.gradient * losses.gradient(x, target) if weights.gradient else 0 * parts["colour"]
        return parts

    def _perceptual_parts(self, step: int, x: Any, wanted: tuple[dict[str, Array], dict[str, Array]]) -> dict[str, Any]:
        content, grams = wanted
        preset, parts = self.preset, dict[str, Any]()
        weight = self._content_weight(step)
        if not content:
            return parts
        drawn = self.features(x)
        if weight:
            pairs = [(drawn[name], content[name]) for name in self.content_taps]
            parts["content"] = weight * self._mean_distance(pairs)
        if grams:
            seen = self.features(losses.grey_of(x)) if preset.grey_drawing else drawn
            pairs = [(losses.gram(seen[name]) * self.features.gram_share(name), gram) for name, gram in grams.items()]
            if preset.gram_memory:
                pairs = [(gram.mean(0, True), wish) for gram, wish in pairs]
            parts["style"] = self._style_weight(step) * self._mean_distance(pairs)
        return parts

    def _mean_distance(self, pairs: list[tuple[Any, Array]]) -> Any:
        """The mean over layers of absolute differences; with ``relative`` divided by the size of what is wished."""
        return shared.mean_of([shared.distance(x, wish, relative=self.preset.relative) for x, wish in pairs])

    def _content_weight(self, step: int) -> float:
        """In the first phase content alone counts, or with ``absolute`` colour that alone."""
        return 0.0 if self.phase(step) == "start" and self.preset.colour == "absolute" else self.preset.weights.content

    def _style_weight(self, step: int) -> float:
        """The weight of the style, which may change in the second half of the second phase."""
        weights = self.preset.weights
        if weights.style_end is None:
            return weights.style
        return weights.style + (weights.style_end - weights.style) * self.schedule.fall(step)
