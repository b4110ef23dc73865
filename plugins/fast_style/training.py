"""Trains networks that paint in one pass, on MindSpore; pictures are RGB in [-1, 1], (N, 3, H, W).

For Johnson's network all pictures of the style are one style. Where styles share a network, each picture is a style of
its own; they take turns, step by step, and what belongs to one learns in its turns only. A StyleBank gives pictures
back, without its filters, at every third step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import numpy as np

from senga.neural.executor import Array
from senga.neural.graph import Network
from senga.neural.networks.johnson import Shape, johnson
from senga.neural.networks.stylebank import BANK, stylebank
from senga.neural.networks.stylebank import Shape as BankShape
from senga.neural.training import losses
from senga.neural.training import training as shared
from senga.neural.training.batches import crops, to_batch, to_bytes
from senga.neural.training.cell import NetworkCell, gradient_of, to_tensor
from senga.neural.training.features import Features
from senga.neural.training.initial import first_weights
from senga.neural.training.perceptual import Encoder
from senga.store.several import EACH

from .presets import Preset

FRESH = "fresh"
"""What a style has for itself before its first turn."""
FAINT = 0.03
"""Channels that are fainter in a painting, against its strongest, count less than the others."""

Wish = dict[str, tuple[Array, Array]]
"""By layer: what channels are multiplied with, (C, 1, 1), and the gram matrix of the style then, (C, C)."""


@dataclass(frozen=True)
class Batch:
    """What one step sees, and whose turn it is."""

    photo: Array
    style: int


class Training(shared.Training[Preset, Batch]):
    """The generator, what it pays for, and what each style has for itself."""

    columns = ("content", "style", "variation", "same", "total")
    features: Features

    @classmethod
    def network(cls, preset: Preset) -> Network:
        """The generator of a preset, for one style."""
        if preset.architecture == "stylebank":
            return stylebank(BankShape(preset.down, 1, preset.kernel))
        return johnson(Shape(preset.down, (), preset.blocks, preset.kernel), preset.architecture)

    def set_up(self, encoder: Encoder | None) -> None:
        """Where losses look, and the halves of a StyleBank by themselves."""
        assert encoder is not None  # noqa: S101 - the families take one
        preset = self.preset
        layers = dict.fromkeys((*preset.style_layers, *preset.content_layers))
        self.look(encoder, tuple(layers))
        self._wishes: dict[int, Wish] = {}
        self._halves: NetworkCell | None = None
        if preset.architecture == "stylebank":
            plain = stylebank(BankShape(preset.down, 1, preset.kernel), styled=False)
            self._halves = NetworkCell(plain, first_weights(plain, preset.start, self.seed))
        self._lay_down(FRESH)

    def start_with(self, weights: Mapping[str, Array]) -> None:
        """Begin with a generator that was trained before; every style begins with what that one has for itself."""
        super().start_with(weights)
        self._lay_down(FRESH)

    @property
    def own(self) -> list[str]:
        """The arrays that each style has for itself."""
        kind = {"cin": ".norm.", "stylebank": BANK}.get(self.preset.architecture)
        return [name for name in self.drawer.network.parameters if kind is not None and kind in name]

    @property
    def styles(self) -> list[str]:
        """The names of the styles that share the network."""
        names = [PurePath(name).stem.lower().replace("_", "-").replace(" ", "-") for name in self.pictures.style.names]
        return names if self.own else [""]

    def batch(self, step: int) -> Batch:
        """The pictures of a step."""
        return Batch(self.pictures.pairs(self.preset, self.seed, step)[0], step % len(self.styles))

    def wanted(self, step: int, batch: Batch, drawing: Array) -> tuple[dict[str, Array], Wish]:
        """Features of the photos, and what the style asks for."""
        return self.features.of(batch.photo), self._wish(batch.style)

    def parts(self, step: int, x: Any, batch: Batch, wanted: tuple[dict[str, Array], Wish]) -> dict[str, Any]:
        """The loss, part by part, of a drawing."""
        weights, (photo, wish), seen = self.preset.weights, wanted, self.features(x)
        content = [_relative(seen[tap], to_tensor(photo[tap])) for tap in self._present(self.preset.content_layers)]
        style = [
            _relative(_gram(seen[tap] * to_tensor(factor)), to_tensor(gram)) for tap, (factor, gram) in wish.items()
        ]
        return {
            "content": weights.content * shared.mean_of(content),
            "style": weights.style * shared.mean_of(style),
            "variation": weights.variation * losses.variation(x),
        }

    def train(self, step: int, batch: Batch) -> dict[str, float]:
        """A step of the style whose turn it is; a StyleBank's halves have turns of their own."""
        self._take_up(f"style{batch.style}")
        same = self._halves is not None and step % self.preset.same_every == self.preset.same_every - 1
        found = self._same(step, batch) if same else super().train(step, batch)
        if not same:
            self._lay_down(f"style{batch.style}")
        return found

    def update(self, step: int, gradients: Any, rate: float) -> None:
        """Move the generator, or only what the style has for itself."""
        if self.preset.frozen:
            gradients = {name: g if name in self.own else np.zeros_like(g) for name, g in gradients.items()}
        super().update(step, gradients, rate)

    def weights(self) -> dict[str, Array]:
        """What styles share, and a row of all else for each of them."""
        found, own = super().weights(), self.own
        if not own:
            return found
        rows = {name: [self._arrays_of(i, name) for i in range(len(self.styles))] for name in own}
        return {name: array for name, array in found.items() if name not in own} | {
            f"{EACH}{name}": np.stack(each) for name, each in rows.items()
        }

    def facts(self) -> dict[str, str]:
        """What a model card says of the network."""
        preset = self.preset
        facts = {"architecture": preset.architecture, "down": ",".join(map(str, preset.down))}
        facts |= {"kernel": str(preset.kernel)}
        facts |= {} if self._halves else {"blocks": str(preset.blocks), "form": "senga"}
        return facts | ({"styles": ",".join(self.styles)} if self.own else {})

    def sample(self) -> Array:
        """Photos, and below them their drawings, of one style after the other."""
        album, crop = self.pictures.photos, self.preset.crop
        some = [i % len(album) for i in range(shared.SHOWN)]
        places = [((album.shapes[i][0] - crop) // 2, (album.shapes[i][1] - crop) // 2, False) for i in some]
        photos, now, drawings = to_batch(crops(album, some, places, crop)), self.drawer.arrays(), []
        for i, photo in enumerate(photos):
            style = i % len(self.styles)
            self.drawer.load({**super().weights(), **{name: self._arrays_of(style, name) for name in self.own}})
            drawings.append(self.drawer.predict(photo[None]))
        self.drawer.load(now)
        return np.stack([to_bytes(photos), to_bytes(np.concatenate(drawings))])

    # ---- what belongs to styles

    def _take_up(self, style: str) -> None:
        """Put what belongs to a style into the generator and its optimiser."""
        if own := self.own:
            known = self.memory.get(style, self.memory[FRESH])
            self.drawer.load(self.drawer.arrays() | {name: known[name] for name in own})
            self.adam.load(self.adam.state() | {name: known[name] for name in self._moments()})

    def _lay_down(self, style: str) -> None:
        """Keep it until the next turn."""
        if own := self.own:
            arrays, state = self.drawer.arrays(), self.adam.state()
            kept = {name: arrays[name] for name in own} | {name: state[name] for name in self._moments()}
            self.memory[style] = kept

    def _moments(self) -> list[str]:
        return [f"{moment}.{name}" for moment in ("moment1", "moment2") for name in self.own]

    def _arrays_of(self, style: int, name: str) -> Array:
        return self.memory.get(f"style{style}", self.memory[FRESH])[name]

    # ---- what is wanted

    def _same(self, step: int, batch: Batch) -> dict[str, float]:
        """A step in which the halves of a StyleBank are to give the photo back; filters stay as they are."""
        assert self._halves is not None  # noqa: S101 - asked for such alone
        arrays = self.drawer.arrays()
        self._halves.load(arrays)
        drawing, back = self._halves.record(batch.photo)
        loss: Callable[[Any], dict[str, Any]] = lambda x: {  # noqa: E731 - one line
            "same": self.preset.weights.same * ((x - to_tensor(batch.photo)) ** 2).mean()
        }
        slope, parts = gradient_of(loss, drawing)
        own = {name: np.zeros_like(arrays[name]) for name in self.own}
        self.update(step, {**own, **back(slope)}, self.schedule.rate(step, 1))
        return parts | {"total": sum(parts.values())}

    def _present(self, layers: tuple[str, ...]) -> tuple[str, ...]:
        return shared.present(layers, self.features.encoder)

    def _wish(self, style: int) -> Wish:
        """What a style asks for, of the whole of its pictures."""
        if style not in self._wishes:
            album = self.pictures.style
            some = [style] if self.own else range(min(8, len(album)))
            seen = [self.features.of(to_batch([_whole(album[i])])) for i in some]
            self._wishes[style] = {
                tap: _wished([each[tap][0] for each in seen]) for tap in self._present(self.preset.style_layers)
            }
        return self._wishes[style]


def _whole(picture: Any) -> Any:
    """A picture with sides that perceptual networks can halve four times."""
    height, width = (max(16, n // 16 * 16) for n in picture.shape[:2])
    return np.ascontiguousarray(picture[:height, :width])


def _wished(features: list[Array]) -> tuple[Array, Array]:
    """From features, (C, H, W) each: the factors that make channels equally strong, and the gram matrix then."""
    size = np.sqrt(np.mean([np.square(each).mean((1, 2)) for each in features], axis=0))  # (C,)
    factor = 1 / np.maximum(size, FAINT * size.max() + 1e-8)
    flats = [(each * factor[:, None, None]).reshape(len(factor), -1) for each in features]  # (C, H * W)
    gram = np.mean([flat @ flat.T / flat.shape[1] for flat in flats], axis=0)
    return factor[:, None, None].astype(np.float32), gram.astype(np.float32)


def _gram(feature: Any) -> Any:
    """(N, C, C)."""
    count, channels, *_ = feature.shape
    flat = feature.reshape(count, channels, -1)  # (N, C, H * W)
    return flat.matmul(flat.swapaxes(1, 2)) / flat.shape[2]


def _relative(x: Any, wish: Any) -> Any:
    """The mean square of a difference, over that of what is wished."""
    return ((x - wish) ** 2).mean() / ((wish**2).mean() + 1e-6)
