"""What the trainings of all families share: a generator, other players, averages, state, samples."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, Generic, Literal, Protocol, Self, TypeVar

import numpy as np

from senga.errors import ModelError
from senga.neural.executor import Array
from senga.neural.graph import Network

from . import losses
from .adam import Adam, averaged
from .batches import crops, to_batch, to_bytes
from .cell import NetworkCell, gradient_of, to_tensor
from .features import Features
from .initial import Start, first_weights
from .perceptual import Encoder
from .pictures import Pictures
from .presets import Preset
from .schedule import Schedule


class Seen(Protocol):
    """What one step sees; families add to it."""

    @property
    def photo(self) -> Array:
        """What is drawn, (N, 3, H, W) in [-1, 1]."""
        ...


P = TypeVar("P", bound=Preset)
B = TypeVar("B", bound=Seen)

SHOWN = 4
"""Photos on a sample sheet."""

GENERATOR = "generator"


class Training(ABC, Generic[P, B]):
    """The state of a training and its steps; see ``senga.neural.training.loop.Trainee``.

    A family says with which networks it plays (``network``, ``set_up``), what a step sees (``batch``), what the
    generator's loss is made of (``parts``), what its other players learn (``judged``), and what a card says
    (``facts``).

    Args:
        preset: all settings.
        pictures: the prepared pictures.
        encoder: the perceptual network; None where the family takes none.
        seed: of everything random.

    Attributes:
        columns: the names of the losses.
        drawer: the generator.
        adam: its optimiser.
        features: what the losses see through the perceptual network; None until ``look`` is called.
        memory: arrays that a step leaves to the next, by part and name; a family may begin one at any step.
    """

    columns: tuple[str, ...] = ("total",)

    preset: P
    pictures: Pictures

    def __init__(self, preset: P, pictures: Pictures, encoder: Encoder | None, seed: int = 0) -> None:
        self._begin(preset, encoder, pictures.epoch(preset.batch), seed)
        self.pictures = pictures
        if self.features is not None:
            self.features.calibrate(self.calibrating())

    @classmethod
    def of_parts(cls, preset: P, encoder: Encoder | None, epoch: int, seed: int = 0) -> Self:
        """A training whose batches come from elsewhere.

        Args:
            preset: all settings.
            encoder: the perceptual network.
            epoch: steps of an epoch.
            seed: of everything random.
        """
        training = cls.__new__(cls)
        training._begin(preset, encoder, epoch, seed)
        return training

    def _begin(self, preset: P, encoder: Encoder | None, epoch: int, seed: int) -> None:
        self.preset, self.seed, self.epoch = preset, seed, epoch
        self.start_steps = preset.start_length(epoch)
        self.steps = self.start_steps + preset.style_length(epoch)
        self.schedule = Schedule(preset, self.start_steps, self.steps)
        self.features: Features | None = None
        self.memory: dict[str, dict[str, Array]] = {}
        self._players: dict[str, tuple[NetworkCell, Adam]] = {}
        self.drawer, self.adam = self.player(GENERATOR, self.network(preset), preset.start, seed)
        self.average = self.drawer.arrays() if preset.average else {}
        self.set_up(encoder)

    # ---- what a family says

    @classmethod
    @abstractmethod
    def network(cls, preset: P) -> Network:
        """The generator of a preset."""

    def set_up(self, encoder: Encoder | None) -> None:
        """Make the other players (``player``) and say which features are looked at (``look``)."""

    @abstractmethod
    def batch(self, step: int) -> B:
        """The pictures of a step, a function of the step alone; called from another thread."""

    def judged(self, step: int, batch: B, drawing: Array) -> dict[str, float]:
        """A step of the other players, who see what the generator drew; their losses by name."""
        return {}

    def wanted(self, step: int, batch: B, drawing: Array) -> Any:
        """What ``parts`` compares with and takes no gradient of."""
        return None

    @abstractmethod
    def parts(self, step: int, x: Any, batch: B, wanted: Any) -> dict[str, Any]:
        """The generator's loss, part by part, of a drawing as a tensor."""

    def facts(self) -> dict[str, str]:
        """What a model card says of the network."""
        return {"architecture": self.preset.architecture, "width": f"{self.preset.width:g}"}

    def told(self) -> dict[str, str]:
        """What else a card says of the generator as it is now."""
        return {}

    def settle(self) -> None:
        """What a new training does before its first step, unless it starts from a style."""

    def calibrating(self) -> Array:
        """Pictures on which features are brought to the level that the weights of losses reckon with."""
        photo, _ = self.pictures.pairs(self.preset, self.seed, 0)
        return np.concatenate([photo, to_batch(self.pictures.drawn(self.preset, self.seed, 0))])

    # ---- what it is made of

    def player(
        self,
        name: str,
        network: Network,
        start: Start = "normal",
        seed: int = 0,
        *,
        second: bool = False,
        spectral_norm: bool = False,
    ) -> tuple[NetworkCell, Adam]:
        """A network that learns, and its optimiser; both become part of the state under its name.

        Args:
            name: of the player.
            network: what it is.
            start: its first weights.
            seed: of these.
            second: a loss of its gradients is taken, so that second gradients are needed.
            spectral_norm: divide every kernel by its largest singular value.
        """
        form: Literal["plain"] | None = "plain" if second else None
        cell = NetworkCell(network, first_weights(network, start, seed), form, spectral_norm=spectral_norm)
        self._players[name] = cell, Adam(cell, clip=self.preset.clip)
        return self._players[name]

    def look(self, encoder: Encoder, layers: tuple[str, ...]) -> Features:
        """Look at pictures through these layers of the perceptual network, or the deepest that it has."""
        self.features = Features(encoder, present(layers, encoder))
        return self.features

    # ---- what every training does

    def train(self, step: int, batch: B) -> dict[str, float]:
        """Take a step, of the other players and then of the generator; the losses by name."""
        if step == self.start_steps:
            self.adam.reset()
        drawing, back = self.drawer.record(batch.photo)
        return self.judged(step, batch, drawing) | self.train_drawer(step, batch, drawing, back)

    def train_drawer(
        self, step: int, batch: B, drawing: Array, back: Callable[[Array], dict[str, Array]]
    ) -> dict[str, float]:
        """One step of the generator, whose drawing of the batch was recorded."""
        wanted = self.wanted(step, batch, drawing)
        slope, parts = gradient_of(lambda x: self.parts(step, x, batch, wanted), drawing)
        self.update(step, back(slope), self.schedule.rate(step, 1))
        return parts | {"total": sum(parts.values())}

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

    def update(self, step: int, gradients: Mapping[str, Array], rate: float) -> None:
        """Move the generator against the gradients, and its running mean after it."""
        self.adam.update(gradients, rate)
        if self.preset.average:
            self.average = averaged(self.average, self.drawer.arrays(), self.preset.average, step + 1)

    def weights(self) -> dict[str, Array]:
        """The generator as it would be used: averaged where the preset says so."""
        return dict(self.average) if self.average else self.drawer.arrays()

    def state(self) -> dict[str, Array]:
        """Everything that the next step depends on."""
        parts: dict[str, Mapping[str, Array]] = {"average": self.average, **self.memory}
        for name, (cell, adam) in self._players.items():
            parts |= {name: cell.arrays(), f"{name}_vectors": cell.vectors, _adam(name): adam.state()}
        if self.features is not None:
            parts["factor"] = {name: np.array([value]) for name, value in self.features.factors.items()}
        return {f"{part}/{name}": array for part, arrays in parts.items() for name, array in arrays.items()}

    def load(self, state: Mapping[str, Array]) -> None:
        """Go back to a state.

        Raises:
            ModelError: it is that of another network.
        """
        free = {f"{part}/{name}" for part, arrays in self.memory.items() for name in arrays}
        missing = sorted({*self.state()} - {*state} - free)
        if missing:
            raise ModelError(f"The checkpoint is of another network or of other settings: it lacks “{missing[0]}”.")
        parts: dict[str, dict[str, Array]] = {}
        for name, array in state.items():
            part, _, inner = name.partition("/")
            parts.setdefault(part, {})[inner] = np.array(array)
        for name, (cell, adam) in self._players.items():
            cell.load(parts.pop(name))
            cell.vectors = parts.pop(f"{name}_vectors", {})
            adam.load(parts.pop(_adam(name)))
        self.average = parts.pop("average", {})
        factors = parts.pop("factor", {})
        if self.features is not None:
            self.features.factors = {name: float(value[0]) for name, value in factors.items()}
        self.memory = parts

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


def present(layers: tuple[str, ...], encoder: Encoder) -> tuple[str, ...]:
    """Layers that losses ask for, the deepest one that the network has in place of those that it lacks."""
    return tuple(dict.fromkeys(encoder.nearest(name) for name in layers))


def distance(x: Any, wish: Array, *, relative: bool) -> Any:
    """The mean absolute difference, ``relative`` to the mean size of what is wished."""
    size = float(np.abs(wish).mean()) + 1e-6 if relative else 1.0
    return losses.mean_absolute(x, to_tensor(wish)) / size


def mean_of(terms: list[Any]) -> Any:
    """The mean of several losses."""
    return sum(terms[1:], terms[0]) / len(terms)


def _adam(name: str) -> str:
    return "adam" if name == GENERATOR else f"{name}_adam"
