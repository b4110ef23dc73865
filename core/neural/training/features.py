"""Runs a perceptual network, with the gradient of its input; losses and their gradients around it are MindSpore's."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from senga.neural.blocks import Padding
from senga.neural.executor import Array

from . import arithmetic
from .cell import to_tensor
from .convolution import convolve_by_product, slope_by_product
from .perceptual import LAYERS, REFERENCE_CHANNELS, REFERENCE_LEVEL, Encoder
from .runtime import Cell


@dataclass
class _Walk:
    """One way through the network: what the way back needs."""

    encoder: Encoder
    taps: tuple[str, ...]
    factors: dict[str, float]
    remember: bool
    _active: dict[str, Array] = field(default_factory=dict, repr=False)
    _pooled: dict[str, tuple[Array, Array]] = field(default_factory=dict, repr=False)

    def forward(self, picture: Array) -> list[Array]:
        """Features in front of the activation, in the order of ``taps``."""
        encoder = self.encoder
        x = np.einsum("oi,nihw->nohw", encoder.scale, picture, optimize=True) + encoder.shift[:, None, None]
        found: dict[str, Array] = {}
        for name in self.layers:
            if name.endswith("_1") and name != "conv1_1":
                x = self._pool(name, x)
            y = self._convolve(name, x)
            if name in self.taps:
                found[name] = y * np.float32(self.factors[name])
            x = np.maximum(y, 0, out=y)
            if self.remember:
                self._active[name] = x
        return [found[name] for name in self.taps]

    def backward(self, grads: list[Array]) -> Array:
        """The gradient of the picture."""
        given = dict(zip(self.taps, grads, strict=True))
        g: Array | None = None
        for name in reversed(self.layers):
            if g is not None:
                g = g * (self._active[name] > 0)
            if name in given:
                tapped = given[name] * np.float32(self.factors[name])
                g = tapped if g is None else g + tapped
            assert g is not None  # noqa: S101 - the last layer is a tap
            g = self._back_conv(name, g)
            if name in self._pooled:
                g = self._back_pool(name, g)
        assert g is not None  # noqa: S101 - there is at least one layer
        slope: Array = np.einsum("oi,nohw->nihw", self.encoder.scale, g, optimize=True)
        return slope

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers up to the deepest tap."""
        return LAYERS[: max(LAYERS.index(tap) for tap in self.taps) + 1]

    @property
    def padding(self) -> Padding:
        """The margins of every convolution."""
        return Padding.same(3, "reflect" if self.encoder.mirrored else "zero")

    def _convolve(self, name: str, x: Array) -> Array:
        kernel, bias = self.encoder.kernels[name]
        base, out = arithmetic.with_margin(x, self.padding)
        out[...] = x
        arithmetic.fill_margin(base, self.padding)
        y = convolve_by_product(base, kernel)
        y += bias[:, None, None]
        return y

    def _back_conv(self, name: str, g: Array) -> Array:
        kernel, _ = self.encoder.kernels[name]
        return arithmetic.fold_margin(slope_by_product(g, kernel), self.padding)

    def _pool(self, name: str, x: Array) -> Array:
        corners = _corners(x)
        y = np.maximum(np.maximum(corners[0], corners[1]), np.maximum(corners[2], corners[3]))
        if self.remember:
            self._pooled[name] = x, y
        return y

    def _back_pool(self, name: str, g: Array) -> Array:
        """Each gradient goes to the first of the four that was the largest."""
        x, y = self._pooled[name]
        out = np.zeros(x.shape, np.float32)
        free = np.ones(y.shape, np.bool_)
        for source, target in zip(_corners(x), _corners(out), strict=True):
            chosen = free & (source == y)
            target[...] = np.where(chosen, g, 0)
            free &= ~chosen
        return out


def _corners(x: Array) -> list[Array]:
    rows, columns = x.shape[2] // 2 * 2, x.shape[3] // 2 * 2
    return [x[:, :, i:rows:2, j:columns:2] for i in (0, 1) for j in (0, 1)]


class Features:
    """The features of pictures at chosen layers, scaled so that published loss weights keep their meaning.

    Args:
        encoder: the network.
        taps: the layers.
    """

    def __init__(self, encoder: Encoder, taps: tuple[str, ...]) -> None:
        self.encoder, self.taps = encoder, taps
        self.factors = dict.fromkeys(taps, 1.0)

    def calibrate(self, pictures: Array) -> dict[str, float]:
        """Scale features to the reference level on these pictures; the original network keeps its own.

        Returns:
            The factor of each layer.
        """
        if not self.encoder.original:
            found = self.of(pictures)
            levels = {tap: float(np.abs(feature).mean()) / self.factors[tap] for tap, feature in found.items()}
            self.factors = {tap: REFERENCE_LEVEL / max(level, 1e-6) for tap, level in levels.items()}
        return dict(self.factors)

    def gram_share(self, tap: str) -> float:
        """The factor that makes a gram matrix of fewer channels count as much as one of the original network."""
        return 1.0 if self.encoder.original else len(self.encoder.kernels[tap][0]) / REFERENCE_CHANNELS

    def of(self, pictures: Array) -> dict[str, Array]:
        """Features of (N, 3, H, W) in [-1, 1], without gradients."""
        walk = _Walk(self.encoder, self.taps, self.factors, remember=False)
        return dict(zip(self.taps, walk.forward(pictures), strict=True))

    def __call__(self, pictures: Any) -> dict[str, Any]:
        """Features of a tensor, with the gradient of the tensor."""
        found = _FeatureCell(_Walk(self.encoder, self.taps, self.factors, remember=True))(pictures)
        return dict(zip(self.taps, found, strict=True))


class _FeatureCell(Cell):  # type: ignore[misc]  # MindSpore has no types
    """One way through the network and back."""

    def __init__(self, walk: _Walk) -> None:
        super().__init__(auto_prefix=False)
        self._walk = [walk]

    def construct(self, x: Any) -> tuple[Any, ...]:
        return tuple(to_tensor(feature) for feature in self._walk[0].forward(x.asnumpy()))

    def bprop(self, x: Any, out: Any, grads: Any) -> tuple[Any]:
        several = grads if isinstance(grads, tuple | list) else (grads,)  # MindSpore unpacks a tuple of one
        return (to_tensor(self._walk.pop().backward([g.asnumpy() for g in several])),)
