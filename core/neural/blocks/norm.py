"""Norms: of each channel, of the whole picture, or between both; with numbers of their own, or of the network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from senga.neural.executor import Array, Executor
from senga.neural.moments import Moments

from .block import Block, Shape, Weights, Window

if TYPE_CHECKING:
    from senga.neural.onnx.page import Page

Over = Literal["picture", "channel", "mixed"]


@dataclass(frozen=True)
class Norm(Block):
    """Subtract the mean, divide by the deviation, then scale and shift each channel.

    The scales and shifts are parameters of the network, or the second and third input: vectors that the network
    computes (AdaLIN) or that it is given (conditional norms, AdaIN). Without either there are none.

    Attributes:
        over: ``picture``: one mean and deviation over channels, rows and columns (layer norm, equal to a group norm of
            one group); ``channel``: one for each channel (instance norm); ``mixed``: ``rho`` parts of the latter and
            ``1 - rho`` of the former.
        gamma: name of the (channels,) scales, or None.
        beta: name of the (channels,) shifts, or None.
        eps: added to the variance.
        unbiased: the variance is the sum of squares over the count less one.
        rho: name of the (channels,) shares of ``mixed``.
    """

    over: Over
    gamma: str | None
    beta: str | None
    eps: float
    unbiased: bool = False
    rho: str | None = None

    pointwise = True
    cheap = True
    scales = True
    whole = "moments"

    def parameters(self, channels: int) -> dict[str, Shape]:
        return {name: (channels,) for name in (self.gamma, self.beta, self.rho) if name}

    def channels(self, inputs: Sequence[int]) -> int:
        if len(inputs) not in (1, 3) or any(count != inputs[0] for count in inputs):
            raise ValueError(f"a norm takes a picture, or also as many scales and shifts as channels, not {inputs}")
        if (self.over == "mixed") != bool(self.rho):
            raise ValueError("a mixed norm, and no other, has rho")
        return inputs[0]

    def prepare(self, weights: Weights, executor: Executor, scale: float) -> NormParameters:
        given = [np.asarray(weights[name], np.float64) if name else None for name in (self.gamma, self.beta, self.rho)]
        return NormParameters(self, given[0], given[1], self.eps * scale**2, given[2])

    def affine(self, part: NormParameters, moments: Moments | None, vectors: Sequence[Array]) -> tuple[Array, Array]:
        assert moments is not None  # noqa: S101 - it asks for them
        return part.affine(moments, *vectors)

    def forward(self, values: list[Array], window: Window) -> Array:
        """The norm of a whole picture."""
        vectors = [vector.reshape(-1) for vector in values[1:]]  # (C,)
        scale, shift = self.affine(window.part, Moments.of(values[0]), vectors)
        normed: Array = values[0] * scale[:, None, None] + shift[:, None, None]
        return normed

    def write(self, page: Page, name: str, inputs: Sequence[str], weights: Weights) -> str:
        """The mean first, then the deviation from it."""
        own = [name for name in (self.gamma, self.beta) if name]
        parameters = [page.constant(each, np.reshape(weights[each], (-1, 1, 1))) for each in own]
        scale, shift = [*parameters, *inputs[1:], "", ""][:2]
        if self.over == "mixed":
            rho = np.reshape(weights[self.rho or ""], (-1, 1, 1))
            parts = [self._normal(page, f"{name}.{over}", over, inputs[0]) for over in ("channel", "picture")]
            shares = [page.constant(f"{name}.{i}", each) for i, each in enumerate((rho, 1 - rho))]
            pair = [page.add("Mul", [x, y], f"{x}.part") for x, y in zip(parts, shares, strict=True)]
            normal = page.add("Add", pair, f"{name}.normal")
        else:
            normal = self._normal(page, name, self.over, inputs[0], scale)
            scale = ""
        normal = page.add("Mul", [normal, scale], f"{name}.scaled") if scale else normal
        return page.add("Add", [normal, shift], name) if shift else page.add("Identity", [normal], name)

    def _normal(self, page: Page, name: str, over: Over, x: str, scale: str = "") -> str:
        """Centred and divided by the deviation; times ``scale``."""
        mean = page.mean(f"{name}.mean", x, over == "picture")
        centred = page.add("Sub", [x, mean], f"{name}.centred")
        variance = page.variance(name, centred, over == "picture", self.unbiased)
        above = page.add("Add", [variance, *page.floats([self.eps])], f"{name}.above")
        deviation = page.add("Sqrt", [above], f"{name}.deviation")
        if not scale:
            return page.add("Div", [centred, deviation], f"{name}.unit")
        return page.add("Mul", [centred, page.add("Div", [scale, deviation], f"{name}.factor")], f"{name}.unit")


@dataclass(frozen=True)
class NormParameters:
    """What a norm needs beside the statistics."""

    norm: Norm
    gamma: NDArray[np.float64] | None
    beta: NDArray[np.float64] | None
    eps: float
    rho: NDArray[np.float64] | None = None

    def affine(self, moments: Moments, gamma: Array | None = None, beta: Array | None = None) -> tuple[Array, Array]:
        """The norm of a layer with these statistics as a scale and a shift for each channel."""
        scale, mean = self._unit(moments)
        factors = self.gamma if gamma is None else gamma
        shifts = self.beta if beta is None else beta
        factor = np.ones(len(moments.mean)) if factors is None else factors
        shift = -mean * factor if self.norm.over == "mixed" else -mean * (factor * scale)
        shift = shift if shifts is None else shifts + shift
        return (factor * scale).astype(np.float32), shift.astype(np.float32)

    def _unit(self, moments: Moments) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What makes the unit norm: a scale, and the mean; of ``mixed`` the mean is scaled already."""
        if self.norm.over != "mixed":
            mean, variance = moments.of_all() if self.norm.over == "picture" else (moments.mean, moments.variance())
            return 1 / np.sqrt(self._corrected(variance, moments) + self.eps), mean
        assert self.rho is not None  # noqa: S101 - a mixed norm has it
        own = self.rho / np.sqrt(self._corrected(moments.variance(), moments) + self.eps)
        mean, variance = moments.of_all()
        overall = (1 - self.rho) / np.sqrt(self._corrected(variance, moments, whole=True) + self.eps)
        return own + overall, moments.mean * own + mean * overall

    def _corrected(
        self, variance: NDArray[np.float64], moments: Moments, *, whole: bool | None = None
    ) -> NDArray[np.float64]:
        whole = self.norm.over == "picture" if whole is None else whole
        count = moments.count * (len(moments.mean) if whole else 1)
        return variance * (count / max(count - 1, 1)) if self.norm.unbiased else variance


@dataclass(frozen=True)
class BatchNorm(Block):
    """A norm with the statistics of the training, which is a scale and a shift for each channel.

    Attributes:
        gamma: name of the (channels,) scales, or None.
        beta: name of the (channels,) shifts, or None.
        mean: name of the (channels,) means.
        variance: name of the (channels,) variances.
        eps: added to the variance.
    """

    gamma: str | None
    beta: str | None
    mean: str
    variance: str
    eps: float

    pointwise = True
    cheap = True
    scales = True

    def parameters(self, channels: int) -> dict[str, Shape]:
        return {name: (channels,) for name in (self.gamma, self.beta, self.mean, self.variance) if name}

    def factors(self, weights: Weights) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Scale and shift of each channel, (channels,)."""
        mean, variance = (np.asarray(weights[name], np.float64) for name in (self.mean, self.variance))
        scale = 1 / np.sqrt(variance + self.eps)
        scale = scale * np.asarray(weights[self.gamma], np.float64) if self.gamma else scale
        shift = np.asarray(weights[self.beta], np.float64) if self.beta else np.zeros_like(scale)
        return scale, shift - mean * scale

    def prepare(self, weights: Weights, executor: Executor, scale: float) -> tuple[Array, Array]:
        factor, shift = self.factors(weights)
        return factor.astype(np.float32), shift.astype(np.float32)

    def affine(
        self, part: tuple[Array, Array], moments: Moments | None, vectors: Sequence[Array]
    ) -> tuple[Array, Array]:
        return part

    def forward(self, values: list[Array], window: Window) -> Array:
        scaled: Array = values[0] * window.part[0][:, None, None] + window.part[1][:, None, None]
        return scaled

    def write(self, page: Page, name: str, inputs: Sequence[str], weights: Weights) -> str:
        scale, shift = (each.astype(np.float32)[:, None, None] for each in self.factors(weights))
        scaled = page.add("Mul", [inputs[0], page.constant(f"{name}.scale", scale)], f"{name}.scaled")
        return page.add("Add", [scaled, page.constant(f"{name}.shift", shift)], name)
