"""Trains a generator of the AnimeGAN family: the two players, their losses, their steps.

References:
    J. Chen, G. Liu, X. Chen: AnimeGAN: A Novel Lightweight GAN for Photo Animation. ISICA 2019,
    doi:10.1007/978-981-15-5577-0_18; the settings of the second version: TachibanaYoshino/AnimeGANv2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from senga.errors import ModelError
from senga.neural.executor import Array
from senga.neural.graph import Network
from senga.neural.training import losses
from senga.neural.training.adam import Adam, averaged
from senga.neural.training.batches import crops, to_batch, to_bytes
from senga.neural.training.cell import NetworkCell, from_tensor, gradient_of, to_tensor
from senga.neural.training.features import Features
from senga.neural.training.initial import first_weights
from senga.neural.training.perceptual import Encoder

from .discriminator import discriminator
from .network import animeganv1, animeganv2, animeganv2_lite
from .presets import Preset
from .schedule import Schedule
from .taps import all_taps, content_taps, style_taps
from .training_pictures import PENALTY, Batch, Pictures, rng_of

SHOWN = 4
"""Photos on a sample sheet."""


def generator(preset: Preset) -> Network:
    """The generator of a preset."""
    if preset.architecture == "animeganv1":
        return animeganv1(eps=max(preset.eps, 1e-5))
    return (
        animeganv2_lite(preset.eps)
        if preset.architecture == "animeganv2-lite"
        else animeganv2(preset.width, preset.eps)
    )


class Training:
    """The state of a training and its steps; see ``senga.neural.training.loop.Trainee``.

    Args:
        preset: all settings.
        pictures: the prepared pictures.
        encoder: the perceptual network.
        seed: of everything random.
    """

    columns: tuple[str, ...] = (
        "judge", "penalty", "adversarial", "content", "style", "colour", "variation", "gradient", "total",
    )  # fmt: skip

    def __init__(self, preset: Preset, pictures: Pictures, encoder: Encoder, seed: int = 0) -> None:
        self._set_up(preset, encoder, pictures.epoch(preset.batch), seed)
        self.pictures = pictures
        first = self.batch(0)
        self.features.calibrate(np.concatenate([first.photo, first.style]))

    @classmethod
    def of_parts(cls, preset: Preset, encoder: Encoder, epoch: int, seed: int = 0) -> Training:
        """A training whose batches come from elsewhere.

        Args:
            preset: all settings.
            encoder: the perceptual network.
            epoch: steps of an epoch.
            seed: of everything random.
        """
        training = cls.__new__(cls)
        training._set_up(preset, encoder, epoch, seed)
        return training

    def _set_up(self, preset: Preset, encoder: Encoder, epoch: int, seed: int) -> None:
        self.preset, self.seed, self.epoch = preset, seed, epoch
        self.start_steps = preset.start_length(self.epoch)
        self.steps = self.start_steps + preset.style_length(self.epoch)
        self.schedule = Schedule(preset, self.start_steps, self.steps)
        network = generator(preset)
        self.drawer = NetworkCell(network, first_weights(network, preset.start, seed))
        judging = discriminator(preset.channels, "instance" if preset.architecture == "animeganv1" else "layer")
        second = preset.adversarial in ("wgan-gp", "wgan-lp", "dragan")
        self.judge = NetworkCell(
            judging, first_weights(judging, "normal", seed + 1), "plain" if second else None, spectral_norm=True
        )
        self.adam, self.judge_adam = Adam(self.drawer, clip=preset.clip), Adam(self.judge, clip=preset.clip)
        self.features = Features(encoder, all_taps(preset, encoder))
        self.average = self.drawer.arrays() if preset.average else {}
        self.grams: dict[str, Array] = {}

    def start_with(self, weights: Mapping[str, Array]) -> None:
        """Begin with a generator that was trained before.

        Raises:
            ModelError: it does not fit.
        """
        self.drawer.load(weights)
        self.average = self.drawer.arrays() if self.preset.average else {}

    def phase(self, step: int) -> str:
        """``start`` while the generator learns to reproduce, then ``style``."""
        return self.schedule.phase(step)

    def batch(self, step: int) -> Batch:
        """The pictures of a step."""
        return self.pictures.batch(self.preset, self.seed, step)

    def train(self, step: int, batch: Batch) -> dict[str, float]:
        """One step of the discriminator, then one of the generator; in the first phase only of the generator."""
        if step == self.start_steps:
            self.adam.reset()
        drawing, back = self.drawer.record(batch.photo)
        found = self.train_judge(step, batch, drawing) if step >= self.start_steps else {}
        return found | self.train_drawer(step, batch, drawing, back)

    def train_drawer(
        self, step: int, batch: Batch, drawing: Array, back: Callable[[Array], dict[str, Array]]
    ) -> dict[str, float]:
        """One step of the generator, whose drawing of the batch was recorded."""
        wanted = self._wanted(step, batch)
        slope, parts = gradient_of(lambda x: self._parts(step, x, batch, wanted), drawing)
        self.adam.update(back(slope), self.schedule.rate(step, 1))
        if self.preset.average:
            self.average = averaged(self.average, self.drawer.arrays(), self.preset.average, step + 1)
        return parts | {"total": sum(parts.values())}

    def weights(self) -> dict[str, Array]:
        """The generator as it would be used: averaged where the preset says so."""
        return dict(self.average) if self.average else self.drawer.arrays()

    def facts(self) -> dict[str, str]:
        """What a model card says of the network."""
        preset = self.preset
        eps = preset.eps if preset.architecture != "animeganv1" else max(preset.eps, 1e-5)
        return {"architecture": preset.architecture, "width": f"{preset.width:g}", "upsample": "tf1", "eps": f"{eps:g}"}

    def state(self) -> dict[str, Array]:
        """Everything that the next step depends on."""
        parts = {
            "generator": self.drawer.arrays(),
            "judge": self.judge.arrays(),
            "judge_vectors": self.judge.vectors,
            "adam": self.adam.state(),
            "judge_adam": self.judge_adam.state(),
            "average": self.average,
            "gram": self.grams,
            "factor": {name: np.array([value]) for name, value in self.features.factors.items()},
        }
        return {f"{part}/{name}": array for part, arrays in parts.items() for name, array in arrays.items()}

    def load(self, state: Mapping[str, Array]) -> None:
        """Go back to a state.

        Raises:
            ModelError: it is that of another network.
        """
        missing = sorted({*self.state()} - {*state} - {f"gram/{name}" for name in self.features.taps})
        if missing:
            raise ModelError(f"The checkpoint is of another network or of other settings: it lacks “{missing[0]}”.")
        self.drawer.load(_part(state, "generator"))
        self.judge.load(_part(state, "judge"))
        self.judge.vectors = {name: np.array(vector) for name, vector in _part(state, "judge_vectors").items()}
        self.adam.load(_part(state, "adam"))
        self.judge_adam.load(_part(state, "judge_adam"))
        self.average, self.grams = _part(state, "average"), _part(state, "gram")
        self.features.factors = {name: float(value[0]) for name, value in _part(state, "factor").items()}

    def sample(self) -> Array:
        """Photos, and below them their drawings."""
        album, crop = self.pictures.photos, self.preset.crop
        some = list(range(min(SHOWN, len(album))))
        places = [((album.shapes[i][0] - crop) // 2, (album.shapes[i][1] - crop) // 2, False) for i in some]
        photos = to_batch(crops(album, some, places, crop))
        now = self.drawer.arrays()
        self.drawer.load(self.weights())
        drawings = np.concatenate([self.drawer.predict(photo[None]) for photo in photos])
        self.drawer.load(now)
        return np.stack([to_bytes(photos), to_bytes(drawings)])

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
        kind, weight, count = self.preset.adversarial, self._adversarial(), len(batch.photo)
        parts = [
            share * losses.judge(kind, verdict[i * count : (i + 1) * count], genuine)
            for i, (_, share, genuine) in enumerate(kinds)
        ]
        found = {"judge": weight * sum(parts[1:], parts[0])}
        if kind in ("wgan-gp", "wgan-lp", "dragan"):
            rng = rng_of(self.seed, PENALTY, step)
            penalty = losses.gradient_penalty(kind, self.judge, to_tensor(batch.style), to_tensor(drawing), rng)
            found["penalty"] = weight * self.preset.judge.penalty * penalty
        return found

    def _adversarial(self) -> float:
        """In the discriminator's loss the published weight stands too."""
        return self.preset.weights.adversarial

    def _wanted(self, step: int, batch: Batch) -> tuple[dict[str, Array], dict[str, Array]]:
        """Features of the target, and gram matrices of the style."""
        styled = step >= self.start_steps and self.preset.weights.style > 0
        count = len(batch.target)
        needed = styled or self.schedule.content(step) > 0
        pictures = np.concatenate([batch.target, batch.grey]) if styled else batch.target
        found = self.features.of(pictures) if needed else {}
        content = {name: feature[:count] for name, feature in found.items()}
        grams = (
            {name: self._gram(name, found[name][count:]) for name in style_taps(self.preset, self.features)}
            if styled
            else {}
        )
        if styled and self.preset.gram_memory:
            grams = self._remembered(grams)
        return content, grams

    def _gram(self, name: str, feature: Array) -> Array:
        return from_tensor(losses.gram(to_tensor(feature))) * np.float32(self.features.gram_share(name))

    def _remembered(self, grams: dict[str, Array]) -> dict[str, Array]:
        """The running mean of the style's gram matrices."""
        memory = np.float32(self.preset.gram_memory)
        for name, gram in grams.items():
            mean = gram.mean(0, keepdims=True)
            self.grams[name] = mean if name not in self.grams else memory * self.grams[name] + (1 - memory) * mean
        return dict(self.grams)

    def _parts(
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
        weight = self.schedule.content(step)
        if not content:
            return parts
        drawn = self.features(x)
        if weight:
            layers = content_taps(preset, self.features)
            parts["content"] = weight * self._mean_distance([(drawn[name], content[name]) for name in layers])
        if grams:
            seen = self.features(losses.grey_of(x)) if preset.grey_drawing else drawn
            pairs = [(losses.gram(seen[name]) * self.features.gram_share(name), gram) for name, gram in grams.items()]
            if preset.gram_memory:
                pairs = [(gram.mean(0, True), wish) for gram, wish in pairs]
            parts["style"] = self.schedule.style(step) * self._mean_distance(pairs)
        return parts

    def _mean_distance(self, pairs: list[tuple[Any, Array]]) -> Any:
        """The mean over layers of absolute differences; with ``relative`` divided by the size of what is wished."""
        terms = [
            losses.mean_absolute(x, to_tensor(wish))
            / (float(np.abs(wish).mean()) + 1e-6 if self.preset.relative else 1.0)
            for x, wish in pairs
        ]
        return sum(terms[1:], terms[0]) / len(terms)


def _part(state: Mapping[str, Array], part: str) -> dict[str, Array]:
    return {name.split("/", 1)[1]: np.array(array) for name, array in state.items() if name.startswith(f"{part}/")}
