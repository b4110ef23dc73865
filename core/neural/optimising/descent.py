"""Two ways downhill, L-BFGS and Adam, each some steps at a time, so that what is there can be seen in between.

References:
    J. Nocedal, S. Wright: Numerical Optimization. 2nd ed., 2006, algorithms 7.4 and 7.5, and the condition 3.4.
    D. Kingma, J. Ba: Adam: A Method for Stochastic Optimization. ICLR 2015, arXiv:1412.6980.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, Protocol

import numpy as np

from senga.neural.executor import Array

Method = Literal["lbfgs", "adam"]
Slope = Callable[[Array], tuple[float, Array]]
"""From a place to the loss there and its gradient."""
_HISTORY = 10
"""Steps that L-BFGS remembers."""
_TRIES = 8
"""How often a step that does not go down is made shorter."""
_SHORTER = np.float32(0.4)
_ENOUGH = 1e-4
"""Of the way down that the gradient promises, the share that a step must bring."""


class Descent(Protocol):
    """A way downhill."""

    def go(self, place: Array, slope: Slope, steps: int) -> Array:
        """The place after so many steps."""
        ...


class Adam:
    """Steps of about the same length in every direction.

    Args:
        rate: that length.
    """

    def __init__(self, rate: float) -> None:
        self._rate, self._steps = rate, 0
        self._mean: Any = 0.0
        self._square: Any = 0.0

    def go(self, place: Array, slope: Slope, steps: int) -> Array:
        """See ``Descent``."""
        for _ in range(steps):
            gradient, self._steps = slope(place)[1], self._steps + 1
            self._mean = np.float32(0.9) * self._mean + np.float32(0.1) * gradient
            self._square = np.float32(0.999) * self._square + np.float32(0.001) * gradient**2
            length = np.float32(self._rate * np.sqrt(1 - 0.999**self._steps) / (1 - 0.9**self._steps))
            place = place - length * self._mean / (np.sqrt(self._square) + np.float32(1e-8))
        return place


class Quasi:
    """L-BFGS: steps that reckon with how the gradient changed along the last ones.

    Args:
        first: about how long the first step is, the largest of its numbers.
    """

    def __init__(self, first: float) -> None:
        self._first = first
        self._past: list[tuple[Array, Array]] = []

    def go(self, place: Array, slope: Slope, steps: int) -> Array:
        """See ``Descent``; it ends early where nothing goes down any more."""
        value, gradient = slope(place)  # it may be another than the last time
        for _ in range(steps):
            found = self._step(place, value, gradient, slope)
            if found is None:
                self._past = []
                break
            ahead, (value, after) = found
            self._remember(ahead - place, after - gradient)
            place, gradient = ahead, after
        return place

    def _step(
        self, place: Array, value: float, gradient: Array, slope: Slope
    ) -> tuple[Array, tuple[float, Array]] | None:
        """The next place, with the loss and its gradient; None where every try is higher."""
        way = self._way(gradient)
        promised, length = float(np.vdot(gradient, way)), np.float32(1)
        for _ in range(_TRIES):
            ahead = place + length * way
            there = slope(ahead)
            if there[0] <= value + _ENOUGH * float(length) * promised:
                return ahead, there
            length *= _SHORTER
        return None

    def _way(self, gradient: Array) -> Array:
        """Two loops over the past: the gradient times about the inverse of the curvature, downhill."""
        if not self._past:
            return gradient * np.float32(-self._first / max(float(np.abs(gradient).max()), 1e-30))
        way, shares = gradient.copy(), []
        for step, change in reversed(self._past):
            shares.append(_ratio(step, way, step, change))
            way -= shares[-1] * change
        step, change = self._past[-1]
        way *= _ratio(step, change, change, change)
        for (step, change), share in zip(self._past, reversed(shares), strict=True):
            way += (share - _ratio(change, way, step, change)) * step
        return -way

    def _remember(self, step: Array, change: Array) -> None:
        """Only curvature that bends upwards: then every way leads down."""
        if float(np.vdot(step, change)) > 1e-10 * float(np.vdot(change, change)):
            self._past = [*self._past[1 - _HISTORY :], (step, change)]


def _ratio(a: Array, b: Array, c: Array, d: Array) -> np.float32:
    return np.float32(float(np.vdot(a, b)) / float(np.vdot(c, d)))


def descent(method: Method, size: float) -> Descent:
    """That of a name; steps are about as long as ``size`` at first, or always."""
    return Adam(size) if method == "adam" else Quasi(size)
