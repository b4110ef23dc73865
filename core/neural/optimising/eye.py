"""What a picture is optimised for: the features of one picture, and how those of another go together.

References:
    L. Gatys, A. Ecker, M. Bethge: Image Style Transfer Using Convolutional Neural Networks. CVPR 2016,
    doi:10.1109/CVPR.2016.265.
    F. Luan, S. Paris, E. Shechtman, K. Bala: Deep Photo Style Transfer. CVPR 2017, arXiv:1703.07511: parts by masks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal

import cv2
import numpy as np

from senga.neural.executor import Array
from senga.neural.networks.vgg import Pools
from senga.neural.training.perceptual import REFERENCE_CHANNELS, REFERENCE_LEVEL, Encoder
from senga.neural.training.steps import Plan, Walk

COLOURS = "colours"
"""The layer of the picture itself: red, green, blue, and 1."""
BROAD = "broad"
"""The layer of the means of its squares of ``_SQUARE`` pixels."""
_SQUARE = 16
_OWN = (COLOURS, BROAD)


@dataclass(frozen=True)
class Weighing:
    """How much each layer counts.

    Attributes:
        content: by layer, what the squared difference of features counts; also of ``BROAD``.
        style: by layer, what that of products counts; also of ``COLOURS``.
        kind: ``relative`` to what is aimed at; or the ``mean`` over all products; then content is a mean over all
            features, or with ``sum`` their sum.
        centred: products are those of features less their means in the style, so that texture counts beside colour.
        pools: of the network.
    """

    content: Mapping[str, float]
    style: Mapping[str, float]
    kind: Literal["relative", "sum", "mean"] = "relative"
    centred: bool = True
    pools: Pools = "average"


@dataclass(frozen=True, eq=False)
class Look:
    """How features of a layer go together in a part of a picture: their means (C,), taken off, and products (C, C)."""

    centre: Array
    products: Array


@dataclass(frozen=True, eq=False)
class Aim:
    """What a picture is to become.

    Attributes:
        content: features of the photograph by layer, (C, pixels).
        style: for each part, by layer, how its features go together.
        parts: (parts, H, W) how much each pixel belongs to each part, or None for one part that is everything.
        content_weight, style_weight: how much more both count than the weighing says.
    """

    content: Mapping[str, Array]
    style: Sequence[Mapping[str, Look]]
    parts: Array | None
    content_weight: float
    style_weight: float


class Eye:
    """Looks at pictures (3, H, W) in 0..255 through a perceptual network.

    Args:
        encoder: the network.
        weighing: what is looked at; layers that the network lacks are its nearest ones.
        margin: pixels at each edge that are not looked at, but for what they do to others.
    """

    def __init__(self, encoder: Encoder, weighing: Weighing, margin: int = 0) -> None:
        content, style = (_gathered(encoder, each) for each in (weighing.content, weighing.style))
        self.weighing = replace(weighing, content=content, style=style)
        self._taps = tuple(tap for tap in dict.fromkeys((*style, *content)) if tap not in _OWN)
        self._plan = Plan(encoder.network(self._taps, weighing.pools), by_products=True)
        self._weights, self._original, self._margin = encoder.weights(), encoder.original, margin
        self._factors = dict.fromkeys(self._taps, np.float32(1))

    def calibrate(self, picture: Array) -> None:
        """Scale features to the size that those of the original network have, by this picture; its own stay."""
        if not self._original:
            sizes = {tap: float(np.abs(x).mean()) for tap, x in zip(self._taps, self._seen(picture), strict=True)}
            self._factors = {tap: np.float32(REFERENCE_LEVEL / max(size, 1e-6)) for tap, size in sizes.items()}

    def content(self, picture: Array) -> dict[str, Array]:
        """Features that a picture is to keep."""
        found = dict(self._layers(picture, self._seen(picture)))
        return {tap: found[tap] for tap in self.weighing.content}

    def content_of_pixels(self, picture: Array) -> dict[str, Array]:
        """The broad colours that a picture is to have, where they count: of another picture than its features."""
        has = BROAD in self.weighing.content
        return {BROAD: _squares(self._inside(picture, 1)) / np.float32(255)} if has else {}

    def looks(self, picture: Array, parts: Array | None = None) -> list[dict[str, Look]]:
        """How features go together in each part of a picture; ``parts`` as in ``Aim``."""
        found = {tap: x for tap, x in self._layers(picture, self._seen(picture)) if tap in self.weighing.style}
        shares = {tap: self._shares(tap, parts, picture.shape) for tap in found}
        return [
            {tap: self._look(tap, x, shares[tap][part]) for tap, x in found.items()}
            for part in range(1 if parts is None else len(parts))
        ]

    def slope(self, picture: Array, aim: Aim) -> tuple[float, Array]:
        """How far a picture is from an aim, and the gradient of that, (3, H, W)."""
        walk = Walk(self._plan, self._weights)
        made = walk.forward(_given(picture))
        slopes: list[Array] = []
        total, rest = 0.0, np.zeros_like(picture)
        for tap, x in self._layers(picture, made):
            loss, slope = self._of_layer(tap, x, aim, picture.shape)
            total += loss
            if tap in _OWN:
                self._inside(rest, 1)[...] += self._of_pixels(tap, slope, picture)
            else:
                slopes.append(self._spread(slope * self._factors[tap], made[len(slopes)], tap))
        inner = walk.backward(slopes, learn=False, to_input=True)[0][0]
        assert inner is not None  # noqa: S101 - asked for
        return total, inner[0] * np.float32(1 / 127.5) + rest

    def _seen(self, picture: Array) -> list[Array]:
        return Walk(self._plan, self._weights, remember=False).forward(_given(picture))

    def _layers(self, picture: Array, made: Sequence[Array]) -> list[tuple[str, Array]]:
        """Each layer inside of the margin, (channels, pixels)."""
        found = []
        for tap, x in zip(self._taps, made, strict=True):
            inside = self._inside(x[0], _stride(tap))
            found.append((tap, inside.reshape(len(inside), -1) * self._factors[tap]))
        if COLOURS in self.weighing.style:
            flat = self._inside(picture, 1).reshape(3, -1) / np.float32(255)
            found.append((COLOURS, np.vstack([flat, np.ones_like(flat[:1])])))
        if BROAD in self.weighing.content:
            found.append((BROAD, _squares(self._inside(picture, 1)) / np.float32(255)))
        return found

    def _of_pixels(self, tap: str, slope: Array, picture: Array) -> Array:
        """The gradient inside of the margin from that of a layer of the picture itself."""
        shape = self._inside(picture, 1).shape
        if tap == COLOURS:
            return slope[:3].reshape(shape) / np.float32(255)
        return _spread_squares(slope / np.float32(255), shape)

    def _inside(self, x: Array, stride: int) -> Array:
        """A view of (…, rows, columns) without the margin."""
        rows, columns = (slice(self._margin // stride, side - self._margin // stride) for side in x.shape[-2:])
        return x[..., rows, columns]

    def _spread(self, slope: Array, made: Array, tap: str) -> Array:
        """The gradient of a whole layer from that inside of the margin."""
        whole = np.zeros_like(made)
        inside = self._inside(whole, _stride(tap))
        inside[...] = slope.reshape(inside.shape)
        return whole

    def _shares(self, tap: str, parts: Array | None, shape: tuple[int, ...]) -> list[Any]:
        """For each part, how much each pixel of a layer counts, 1 in all."""
        stride = _stride(tap)
        rows, columns = (side // stride - 2 * (self._margin // stride) for side in shape[1:])
        if parts is None:
            return [np.float32(1 / (rows * columns))]
        found = []
        for part in parts:
            small = cv2.resize(self._inside(part, 1), (columns, rows), interpolation=cv2.INTER_AREA).ravel()
            found.append(small / np.float32(max(float(small.sum()), 1e-6)))
        return found

    def _look(self, tap: str, x: Array, share: Any) -> Look:
        centred = self.weighing.centred and tap != COLOURS
        centre = (x * share).sum(1) if centred else np.zeros(len(x), np.float32)
        apart = x - centre[:, None]
        return Look(centre, (apart * share) @ apart.T)

    def _of_layer(self, tap: str, x: Array, aim: Aim, shape: tuple[int, ...]) -> tuple[float, Array]:
        total, slope = 0.0, np.zeros_like(x)
        if tap in self.weighing.content:
            step, weight = x - aim.content[tap], aim.content_weight * self.weighing.content[tap]
            weight *= self._unit(aim.content[tap], REFERENCE_CHANNELS / len(x))
            total += weight * float(np.vdot(step, step))
            slope += np.float32(2 * weight) * step
        if tap in self.weighing.style:
            sizes = np.ones(1) if aim.parts is None else aim.parts.mean((1, 2))
            for look, share, size in zip(aim.style, self._shares(tap, aim.parts, shape), sizes, strict=True):
                apart = x - look[tap].centre[:, None]
                step = (apart * share) @ apart.T - look[tap].products
                weight = aim.style_weight * self.weighing.style[tap] * float(size)
                weight *= self._unit(look[tap].products, 1 / step.size)
                total += weight * float(np.vdot(step, step))
                slope += (step @ apart) * (np.float32(4 * weight) * share)
        return total, slope

    def _unit(self, wanted: Array, summed: float) -> float:
        """What a squared difference counts before weights."""
        if self.weighing.kind == "relative":
            return 1 / max(float(np.vdot(wanted, wanted)), 1e-6)
        return summed if self.weighing.kind == "sum" else 1 / wanted.size


def variation(picture: Array) -> tuple[float, Array]:
    """The squared steps down and to the right, summed, and the gradient of that."""
    slope = np.zeros_like(picture)
    total = 0.0
    for axis in (1, 2):
        step = np.diff(picture, axis=axis)
        total += float(np.vdot(step, step))
        before, after = ((slice(None),) * axis + (part,) for part in (slice(-1), slice(1, None)))
        slope[before] -= 2 * step
        slope[after] += 2 * step
    return total, slope


def _stride(tap: str) -> int:
    """Pixels between two of a layer."""
    return 1 if tap in _OWN else 2 ** (int(tap[4]) - 1)


def _gathered(encoder: Encoder, weights: Mapping[str, float]) -> dict[str, float]:
    """The weights by layers that the network has."""
    found: dict[str, float] = {}
    for tap, weight in weights.items():
        has = tap if tap in _OWN or f"conv{tap[4:]}" in encoder.kernels else encoder.nearest(tap)
        found[has] = found.get(has, 0.0) + weight
    return found


def _squares(picture: Array) -> Array:
    """(3, squares) means, of squares as near to ``_SQUARE`` as fill the picture."""
    down, across = (_areas(side) for side in picture.shape[1:])
    return np.asarray((down @ picture @ across.T).reshape(3, -1), np.float32)


def _spread_squares(slope: Array, shape: tuple[int, ...]) -> Array:
    """The gradient of a picture from that of ``_squares``."""
    down, across = (_areas(side) for side in shape[1:])
    return np.asarray(down.T @ slope.reshape(3, len(down), len(across)) @ across, np.float32)


@lru_cache(maxsize=32)
def _areas(length: int) -> Array:
    """(parts, length): the mean of each part of a line."""
    parts = max(1, round(length / _SQUARE))
    edges, pixels = np.linspace(0, length, parts + 1), np.arange(length)
    shared = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    return np.asarray(np.maximum(shared, 0) * (parts / length), np.float32)


def _given(picture: Array) -> Array:
    return np.asarray(picture[None] * np.float32(1 / 127.5) - 1, np.float32)
