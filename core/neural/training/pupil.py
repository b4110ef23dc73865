"""Trains a narrow network to paint like a wide one, on MindSpore; pictures are RGB in [-1, 1], (N, 3, H, W).

The pupil begins with the teacher's own channels, as far as it has room for them (``narrowing``), and learns what the
teacher makes of photographs: the colours, the hues by themselves, and the steps between neighbours, which are lines.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from senga.neural.executor import Array
from senga.neural.graph import Network

from . import losses
from . import training as shared
from .album import Album
from .batches import crops, to_batch, to_bytes
from .cell import NetworkCell, to_tensor
from .distilling import Preset, Teacher, teacher_of
from .narrowing import narrowed
from .perceptual import Encoder
from .pictures import OTHER, Pictures, rng_of

GAIN, SHIFT = (0.5, 1.1), (-0.3, 0.3)
"""Contrast and brightness that photographs get: nothing is to depend on what is brightest."""
FIRST = 12
"""Crops by which the first weights are found."""
SHOWN = 4
"""Photographs on a sample sheet."""


@dataclass(frozen=True)
class Batch:
    """What one step sees."""

    photo: Array


class Training(shared.Training[Preset, Batch]):
    """The pupil, its teacher, and how far they are apart."""

    columns = ("colour", "hue", "lines", "total")

    def __init__(self, preset: Preset, pictures: Pictures, encoder: Encoder | None, seed: int = 0) -> None:
        learned, held = parted(pictures.photos, preset.held)
        super().__init__(preset, replace(pictures, photos=learned, targets=learned, style=learned), encoder, seed)
        self.held = middles(held, self._side(held))

    @classmethod
    def network(cls, preset: Preset) -> Network:
        """The pupil of a preset."""
        return teacher_of(preset).pupil(preset.width)[1]

    @cached_property
    def _teacher(self) -> tuple[Teacher, NetworkCell]:
        teacher = teacher_of(self.preset)
        return teacher, NetworkCell(teacher.network, teacher.weights.arrays, learns=False)

    def settle(self) -> None:
        """Take the first weights from the teacher, where its layers allow that."""
        photos = np.concatenate([self.batch(-1 - i).photo for i in range(-(-FIRST // self.preset.batch))])
        teacher, _ = self._teacher

        def look(network: Network, weights: Mapping[str, Array]) -> list[Array]:
            return NetworkCell(network, weights, learns=False).predict_all(photos)

        with suppress(ValueError):  # channels that are sorted or joined: it begins with random weights
            first = narrowed(teacher.network, teacher.weights.arrays, self.drawer.network, look)
            self.start_with(first)

    def batch(self, step: int) -> Batch:
        """Photographs near and, at every other step, half as large, in some other light."""
        far = 1 + step % 2
        photo, _ = self.pictures.pairs(
            self.preset.model_copy(update={"crop": far * self.preset.crop}), self.seed, abs(step)
        )
        rng, shape = rng_of(self.seed, OTHER, abs(step)), (len(photo), 1, 1, 1)
        lit = pooled(photo, far) * rng.uniform(*GAIN, shape) + rng.uniform(*SHIFT, shape)
        return Batch(np.clip(lit, -1, 1).astype(np.float32))

    def wanted(self, step: int, batch: Batch, drawing: Array) -> Array:
        """What the teacher makes of them."""
        return self._teacher[1].predict(batch.photo)

    def parts(self, step: int, x: Any, batch: Batch, wanted: Array) -> dict[str, Any]:
        """The pupil's loss, part by part, of a drawing."""
        weights, wish = self.preset.weights, to_tensor(wanted)
        rough = pooled(x - wish, 4)
        return {
            "colour": weights.colour * losses.mean_absolute(x, wish),
            "hue": weights.hue * losses.mean_absolute(rough, rough.mean(1, True)),
            "lines": weights.lines * (losses.gradient(x, wish) + losses.gradient(pooled(x, 2), pooled(wish, 2))),
        }

    def sample(self) -> Array:
        """Photographs that are held back, below them what the teacher makes of them and what the pupil does."""
        rows = self.held[:SHOWN], *self._both(self.held[:SHOWN])
        return np.stack([to_bytes(row) for row in rows])

    def apart(self) -> float:
        """The mean absolute difference of both on photographs that are held back, of 255."""
        theirs, ours = (to_bytes(pictures).astype(np.float32) for pictures in self._both(self.held))
        return float(np.abs(theirs - ours).mean())

    def _both(self, photos: Array) -> tuple[Array, Array]:
        now = self.drawer.arrays()
        self.drawer.load(self.weights())
        cells = self._teacher[1], self.drawer
        theirs, ours = (np.concatenate([cell.predict(photo[None]) for photo in photos]) for cell in cells)
        self.drawer.load(now)
        return theirs, ours

    def _side(self, album: Album) -> int:
        """Of the squares of photographs that are held back."""
        least = min(min(shape) for shape in album.shapes)
        return least - least % self.drawer.network.multiple

    def facts(self) -> dict[str, str]:
        """What a model card says of the network, and of what it learned from."""
        teacher, _ = self._teacher
        told = {"family": teacher.family.name, "draft_of": teacher.name, "teacher_digest": teacher.digest()}
        return teacher.pupil(self.preset.width)[0] | told

    def told(self) -> dict[str, str]:
        """Whose terms hold, and how far it is from the teacher now."""
        teacher, _ = self._teacher
        style, count = teacher.weights.card.get("training_data", "unknown"), len(self.pictures.photos)
        note = f"Differs from {teacher.name} by {self.apart():.1f} of 255, on photographs that it has not learned from."
        data = f"What {teacher.name} makes of {count} photographs; that style: {style}"
        return teacher.terms() | {"training_data": data, "note": f"Draft form. {note}"}


def parted(album: Album, held: int) -> tuple[Album, Album]:
    """The pictures to learn from, and the last few, at most a quarter but one at least."""
    first = len(album) - max(1, min(held, len(album) // 4))
    own = [slice(first), slice(first, None)] if first else [slice(None)] * 2
    return tuple(  # type: ignore[return-value] # two of them
        replace(album, names=album.names[part], shapes=album.shapes[part], offsets=album.offsets[part]) for part in own
    )


def middles(album: Album, side: int) -> Array:
    """The middles of all pictures, (N, 3, side, side)."""
    some = list(range(len(album)))
    places = [((album.shapes[i][0] - side) // 2, (album.shapes[i][1] - side) // 2, False) for i in some]
    return to_batch(crops(album, some, places, side))


def pooled(x: Any, size: int) -> Any:
    """Means of squares of so many pixels a side, of arrays and of tensors."""
    count, channels, height, width = x.shape
    if size == 1:
        return x
    cells = x.reshape(count, channels, height // size, size, width // size, size)
    return cells.mean(5).mean(3)  # one axis after the other: tensors take no two
