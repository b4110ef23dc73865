"""Trains a network that colours lines as another picture is coloured, on MindSpore.

Squares of ink, (N, 1, S, S) in 0..1, and a vector of another picture, (N, F, 1, 1), become colours, (N, 3, S, S) in
[-1, 1]. Two guides are trained with it, and a critic with as many numbers as the vector has. Every step sees other
examples, see ``samples``; the loss is that of ``training/colour_reference.py``.

Where the article prints grey values for the second guide it means the first, which no colours reach.

Reference:
    L. Zhang, Y. Ji, X. Lin, C. Liu: Style Transfer for Anime Sketches with Enhanced Residual U-net and Auxiliary
    Classifier GAN. ACPR 2017, arXiv:1706.03319.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from senga.neural.executor import Array
from senga.neural.graph import Network
from senga.neural.networks import reference_features, style2paints
from senga.neural.networks.style2paints import reference_painter
from senga.neural.training import losses
from senga.neural.training import training as shared
from senga.neural.training.batches import to_bytes
from senga.neural.training.cell import NetworkCell, numbers_of, to_tensor
from senga.neural.training.inked import Pair
from senga.neural.training.perceptual import Encoder
from senga.neural.training.pictures import OTHER, rng_of
from senga.neural.training.runtime import ms

from .network import shape_of
from .presets import Preset
from .samples import GREY, Example, example

FAINT = 1e-6
"""What logarithms are taken of is larger."""


@dataclass(frozen=True)
class Batch:
    """What one step sees: ink, (N, 1, S, S), colours, (N, 3, S, S), and other pictures, (N, 3, R, R) in [-1, 1]."""

    photo: Array
    colours: Array
    reference: Array


class Training(shared.Training[Preset, Batch]):
    """The network, its guides and the critic, their losses and steps."""

    columns = ("critic", "colours", "entry", "exit", "adversarial", "total")

    @classmethod
    def network(cls, preset: Preset) -> Network:
        """The network of a preset, with guides."""
        return reference_painter(shape_of(_facts(preset)), guides=True)

    def set_up(self, encoder: Encoder | None) -> None:
        """The critic, and what looks at other pictures."""
        features = shape_of(self.facts()).features
        self.drawer.set_train()
        self.critic = self.player("critic", style2paints.critic(features, self.preset.critic), "he", self.seed + 1)
        weights = reference_features.observer_weights()
        self._observer = NetworkCell(reference_features.observer(), weights, learns=False)

    def examples(self, step: int) -> list[Example]:
        """The squares of a step."""
        rng = rng_of(self.seed, OTHER, step)
        both = map(to_bytes, self.pictures.pairs(self.preset, self.seed, step))
        pairs = [Pair.of(colour, np.ascontiguousarray(line[:, :, 0])) for colour, line in zip(*both, strict=True)]
        return [example([pair], self.preset.side, rng) for pair in pairs]

    def batch(self, step: int) -> Batch:
        """Lines, colours, and pictures that have the same colours."""
        found = self.examples(step)
        colours, others = (_planes([getattr(each, name) for each in found]) for name in ("colours", "reference"))
        return Batch(np.stack([each.ink for each in found])[:, None], colours, others)

    def vectors(self, batch: Batch) -> Array:
        """What the other pictures look like, (N, F, 1, 1)."""
        seen = self._observer.predict_all(batch.reference)[0]
        pictures = (batch.reference.transpose(0, 2, 3, 1) + 1) / 2
        colours = np.stack([reference_features.histogram(each) for each in pictures])
        found = reference_features.joined(colours, seen.reshape(len(seen), -1))  # (N, statistics)
        return found[:, :, None, None]

    def train(self, step: int, batch: Batch) -> dict[str, float]:
        """A step of the critic, and then of the network and its guides."""
        if step == self.start_steps:
            self.adam.reset()
        vectors = self.vectors(batch)
        judged = self._train_critic(step, batch, vectors)
        ink, given = to_tensor(batch.photo), to_tensor(vectors)
        wanted = to_tensor(normalised(vectors[:, :, 0, 0]))

        def loss() -> tuple[Any, dict[str, Any]]:
            made = self.drawer((ink, given))
            parts = self.losses(made, to_tensor(batch.colours), wanted)
            return sum(parts.values()), parts

        (_, parts), slopes = ms.value_and_grad(loss, None, self.drawer.weights, has_aux=True)()
        names = self.drawer.network.parameters
        found = {name: slope.asnumpy() for name, slope in zip(names, slopes, strict=True)}
        self.drawer.follow()
        self.update(step, found, self.schedule.rate(step, 1))
        numbers = numbers_of(parts)
        return {"critic": judged} | numbers | {"total": sum(numbers.values())}

    def _train_critic(self, step: int, batch: Batch, vectors: Array) -> float:
        (cell, adam), count, kind = self.critic, len(batch.photo), self.preset.adversarial
        made = self.drawer.predict_all(batch.photo, vectors)[0]
        wanted = to_tensor(normalised(vectors[:, :, 0, 0]))
        slope, found = cell.learn_from(
            np.concatenate([batch.colours, made]),
            lambda verdict: {"critic": told_apart(kind, _flat(verdict[:count]), _flat(verdict[count:]), wanted)},
        )
        adam.update(slope, self.schedule.rate(step, 2))
        return found["critic"]

    def losses(self, made: tuple[Any, Any, Any], colours: Any, wanted: Any) -> dict[str, Any]:
        """The loss of what the network and its guides give, part by part.

        Args:
            made: colours, (N, 3, S, S), grey values of the first guide, (N, 1, S, S), and colours of the second.
            colours: as they should be, (N, 3, S, S) in [-1, 1].
            wanted: normed vectors, (N, F).
        """
        weights, (painted, grey, guided) = self.preset.weights, made
        plain = losses.mixed(colours, GREY[None])
        verdict = _flat(self.critic[0](painted, False))
        return {
            "colours": weights.colours * losses.mean_absolute(painted, colours),
            "entry": weights.entry * losses.mean_absolute(grey, plain),
            "exit": weights.exit * losses.mean_absolute(guided, colours),
            "adversarial": weights.adversarial * fooled(self.preset.adversarial, verdict, wanted),
        }

    def parts(self, step: int, x: Any, batch: Batch, wanted: Any) -> dict[str, Any]:
        """What colours pay for not being those that they should be, without guides and critic."""
        return {"colours": self.preset.weights.colours * losses.mean_absolute(x, to_tensor(batch.colours))}

    def weights(self) -> dict[str, Array]:
        """Without the guides."""
        return {name: each for name, each in super().weights().items() if style2paints.without_guides(name)}

    def start_with(self, weights: Mapping[str, Array]) -> None:
        """Begin with a network that was trained before, and new guides."""
        super().start_with({**self.drawer.arrays(), **weights})

    def facts(self) -> dict[str, str]:
        """What a model card says of the network."""
        return _facts(self.preset)

    def sample(self) -> Array:
        """Lines, other pictures, what is made of both, and the colours of the drawings."""
        found, now = self.batch(0), self.drawer.arrays()
        self.drawer.load({**now, **self.weights()})
        some = slice(shared.SHOWN)
        made = self.drawer.predict_all(found.photo[some], self.vectors(found)[some])[0]
        self.drawer.load(now)
        side = made.shape[2]
        seen = [reference_features.squeezed((each.transpose(1, 2, 0) + 1) / 2, side) for each in found.reference[some]]
        lines = np.repeat(1 - 2 * found.photo[some], 3, axis=1)
        return np.stack([to_bytes(each) for each in (lines, _planes(seen), made, found.colours[some])])


def _facts(preset: Preset) -> dict[str, str]:
    features = reference_features.FEATURES
    return {
        "architecture": preset.architecture,
        "form": preset.form,
        "width": f"{preset.width:g}",
        "features": str(features),
    }


def normalised(vectors: Array) -> Array:
    """Vectors (N, F), each by its largest number: what the critic should say of a genuine drawing, 0..1.

    The paper's formulas for this are lost; features behind a ReLU are never negative, so that this leaves their
    proportions as they are.
    """
    return np.asarray(vectors / np.maximum(vectors.max(1, keepdims=True), FAINT), np.float32)


def told_apart(kind: str, genuine: Any, made: Any, wanted: Any) -> Any:
    """What the critic pays for its verdicts, (N, F): of genuine drawings ``wanted``, of others 0.

    With logarithms, verdicts go through a logistic function first.
    """
    if kind == "squares":
        return ms.ops.square(genuine - wanted).mean() + ms.ops.square(made).mean()
    sure = ms.ops.log(ms.ops.sigmoid(genuine) + (1 - wanted) + FAINT).mean()
    return losses.softplus(made).mean() - sure


def fooled(kind: str, made: Any, wanted: Any) -> Any:
    """What the network pays for the verdicts of its drawings, (N, F)."""
    if kind == "squares":
        return ms.ops.square(made - wanted).mean()
    return -losses.softplus(made).mean()


def _flat(verdict: Any) -> Any:
    return verdict.reshape(verdict.shape[0], -1)  # (N, features)


def _planes(pictures: Any) -> Array:
    """(H, W, 3) in 0..1 as (N, 3, H, W) in [-1, 1]."""
    return np.ascontiguousarray(np.stack(pictures).transpose(0, 3, 1, 2) * 2 - 1, np.float32)
