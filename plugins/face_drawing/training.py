"""Trains U-GAT-IT on MindSpore; pictures are RGB in [-1, 1], (N, 3, H, W).

One generator makes drawings of faces, another faces of drawings; judges see whole pictures and parts of them, of both
kinds. Judges learn to tell what was made from what was given, by places and by their attention; generators learn to
pass for given, to be undone by each other, to leave alone what is as they paint, and to look where both kinds differ.

Reference:
    J. Kim, M. Kim, H. Kang, K. Lee: U-GAT-IT: Unsupervised Generative Attentional Networks with Adaptive Layer-Instance
    Normalization for Image-to-Image Translation. ICLR 2020, arXiv:1907.10830.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from senga.neural.executor import Array
from senga.neural.graph import Network
from senga.neural.training import losses
from senga.neural.training import training as shared
from senga.neural.training.adam import Adam
from senga.neural.training.batches import to_batch
from senga.neural.training.cell import NetworkCell, numbers_of, to_tensor
from senga.neural.training.perceptual import Encoder
from senga.neural.training.runtime import ms

from .first import beginning, first_of_judge
from .network import Shape, generator, judge
from .presets import Preset
from .published import facts

DRAWINGS, PHOTOS = "drawings", "photos"
BACK = "back"


def shape_of(preset: Preset) -> Shape:
    """The generators of a preset."""
    return Shape(round(preset.width), preset.blocks, preset.light)


@dataclass(frozen=True)
class Batch:
    """What one step sees: faces and drawings, which have nothing to do with each other."""

    photo: Array
    drawing: Array


class Training(shared.Training[Preset, Batch]):
    """Two generators and four judges, their losses and steps."""

    columns = ("judge", "adversarial", "cycle", "identity", "attention", "total")

    @classmethod
    def network(cls, preset: Preset) -> Network:
        """The generator of a preset."""
        return generator(shape_of(preset))

    def set_up(self, encoder: Encoder | None) -> None:
        """The other generator, and the judges of both kinds of pictures."""
        preset, described = self.preset, self.network(self.preset)
        self.back, self.back_adam = self.player(BACK, described, preset.start, self.seed + 1)
        self.back.load(beginning(described, preset.start, self.seed + 1))
        self.start_with(beginning(described, preset.start, self.seed))
        self.judges = {
            kind: [self._judge(kind, layers) for layers in (preset.whole, preset.parts)] for kind in (DRAWINGS, PHOTOS)
        }

    def _judge(self, kind: str, layers: int) -> tuple[NetworkCell, Adam]:
        described, seed = judge(layers, self.preset.channels), self.seed + layers
        cell, adam = self.player(f"{kind}{layers}", described, "he", seed, spectral_norm=True)
        cell.load(first_of_judge(described, seed))
        return cell, adam

    def batch(self, step: int) -> Batch:
        """Faces and drawings of a step."""
        photo, _ = self.pictures.pairs(self.preset, self.seed, step)
        return Batch(photo, to_batch(self.pictures.drawn(self.preset, self.seed, step)))

    def train(self, step: int, batch: Batch) -> dict[str, float]:
        """A step of the judges, and then of both generators."""
        made = {DRAWINGS: self.drawer.predict(batch.photo), PHOTOS: self.back.predict(batch.drawing)}
        given = {DRAWINGS: batch.drawing, PHOTOS: batch.photo}
        judged = sum(self._train_judges(step, kind, given[kind], made[kind]) for kind in made)
        return {"judge": judged} | self._train_generators(step, batch)

    def _train_judges(self, step: int, kind: str, given: Array, made: Array) -> float:
        count, total, weight = len(given), 0.0, self.preset.weights.adversarial
        for cell, adam in self.judges[kind]:
            cell.follow()
            slope, found = cell.learn_from(
                np.concatenate([given, made]), lambda seen: {"judge": weight * told_apart(seen, count)}
            )
            self._move(cell, adam, slope, self.schedule.rate(step, 2))
            total += found["judge"]
        return total

    def _train_generators(self, step: int, batch: Batch) -> dict[str, float]:
        """One step of both generators."""
        photo, drawing = to_tensor(batch.photo), to_tensor(batch.drawing)

        def loss() -> tuple[Any, dict[str, Any]]:
            parts = self.losses(photo, drawing)
            return sum(parts.values()), parts

        sides = {"drawer": self.drawer, BACK: self.back}
        weights = [weight for cell in sides.values() for weight in cell.weights]
        (_, parts), slopes = ms.value_and_grad(loss, None, weights, has_aux=True)()
        arrays = [slope.asnumpy() for slope in slopes]
        names = list(self.drawer.network.parameters)
        own, other = (dict(zip(names, half, strict=True)) for half in (arrays[: len(names)], arrays[len(names) :]))
        rate = self.schedule.rate(step, 1)
        self._move(self.back, self.back_adam, other, rate)
        self.update(step, self._decayed(self.drawer, own), rate)
        clip_shares(self.back)
        found = numbers_of(parts)
        return found | {"total": sum(found.values())}

    def update(self, step: int, gradients: Mapping[str, Array], rate: float) -> None:
        """Move the generator of drawings, and its running mean after it."""
        super().update(step, gradients, rate)
        clip_shares(self.drawer)
        self.average = {name: np.clip(x, 0, 1) if name.endswith(".rho") else x for name, x in self.average.items()}

    def losses(self, photo: Any, drawing: Any) -> dict[str, Any]:
        """The generators' loss, part by part, of tensors."""
        weights = self.preset.weights
        drawn, _, drawn_verdict = self.drawer(photo)
        made, _, made_verdict = self.back(drawing)
        same, _, same_verdict = self.drawer(drawing)
        left, _, left_verdict = self.back(photo)
        fooled = [self._fooled(DRAWINGS, drawn), self._fooled(PHOTOS, made)]
        again = losses.mean_absolute(self.back(drawn)[0], photo) + losses.mean_absolute(self.drawer(made)[0], drawing)
        alike = losses.mean_absolute(same, drawing) + losses.mean_absolute(left, photo)
        looks = attentive(drawn_verdict, same_verdict) + attentive(made_verdict, left_verdict)
        return {
            "adversarial": weights.adversarial * sum(fooled),
            "cycle": weights.cycle * again,
            "identity": weights.identity * alike,
            "attention": weights.attention * looks,
        }

    def _fooled(self, kind: str, made: Any) -> Any:
        """What a generator pays for what judges say, of places and by their attention."""
        seen = [verdict for cell, _ in self.judges[kind] for verdict in cell(made, False)]
        return sum(losses.fool("lsgan", verdict) for verdict in seen)

    def parts(self, step: int, x: Any, batch: Batch, wanted: Any) -> dict[str, Any]:
        """What the generator of drawings pays for one of them alone."""
        return {"adversarial": self.preset.weights.adversarial * self._fooled(DRAWINGS, x)}

    def _decayed(self, cell: NetworkCell, slopes: Mapping[str, Array]) -> dict[str, Array]:
        """Gradients with a share of the weights."""
        share, now = np.float32(self.preset.decay), cell.arrays()
        return {name: slope + share * now[name] for name, slope in slopes.items()}

    def _move(self, cell: NetworkCell, adam: Adam, slopes: Mapping[str, Array], rate: float) -> None:
        adam.update(self._decayed(cell, slopes), rate)

    def facts(self) -> dict[str, str]:
        """What a model card says of the network."""
        return facts(shape_of(self.preset))


def told_apart(seen: tuple[Any, ...], given: int) -> Any:
    """What a judge pays for its verdicts of pictures, of which so many come first that were given."""
    return sum(
        losses.judge("lsgan", verdict[:given], True) + losses.judge("lsgan", verdict[given:], False) for verdict in seen
    )


def attentive(painted: Any, same: Any) -> Any:
    """How badly the attention of a generator tells pictures to paint from those that are as it paints.

    The binary cross entropy of its two verdicts, which are logarithms of odds.
    """
    return losses.softplus(-painted).mean() + losses.softplus(same).mean()


def clip_shares(cell: NetworkCell) -> None:
    """Shares of instance norm stay between 0 and 1."""
    for name, weight in zip(cell.network.parameters, cell.weights, strict=True):
        if name.endswith(".rho"):
            ms.ops.assign(weight, ms.Tensor(np.clip(weight.asnumpy(), 0, 1)))
