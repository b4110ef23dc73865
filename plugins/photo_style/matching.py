"""The ways to give colours the statistics of others: what is measured of a reference, and what it does to a photo."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from senga.ops.transfer import Linear

Method = Literal["linear", "coral", "reinhard", "distribution", "luminance", "network"]
NOISE = 0.01
"""Standard deviation in Oklab up to which differences in a photo may be grain: they are not spread to a whole range."""
ROUNDS = 12
"""Triples of axes along which whole distributions are compared."""


@dataclass(frozen=True, eq=False)
class Matching:
    """One way, as two functions.

    Attributes:
        measure: (N, 3) Oklab of a reference and the votes (N,) -> what is aimed at.
        move: (N, 3) of a photo, the votes, and an aim -> (N, 3).
    """

    measure: Callable[[Any, Any], Any]
    move: Callable[[Any, Any, Any], Any]


def matching(method: Method, rng: Any, check: Callable[[], None]) -> Matching:
    """That of a name; random axes come from ``rng``, and ``check`` is asked now and then and may raise."""
    from senga.ops import transfer

    linear: dict[str, Linear] = {
        "linear": transfer.transported,
        "network": transfer.transported,  # where it begins
        "coral": transfer.whitened_and_coloured,
        "reinhard": transfer.mean_and_spread,
    }
    if method in linear:
        return _linear(linear[method])
    return _tones() if method == "luminance" else _distribution(rng, check)


def _linear(way: Linear) -> Matching:
    from senga.ops.transfer import Moments

    return Matching(Moments.of, lambda colours, votes, aim: way(Moments.of(colours, votes), aim, NOISE)(colours))


def _distribution(rng: Any, check: Callable[[], None]) -> Matching:
    from senga.ops import transfer

    axes = transfer.rotations(ROUNDS, rng)
    return Matching(
        lambda colours, votes: transfer.Distribution.of(colours, votes, axes),
        lambda colours, votes, aim: transfer.redistributed(colours, votes, aim, check),
    )


def _tones() -> Matching:
    from senga.ops import transfer

    def move(colours: Any, votes: Any, aim: Any) -> Any:
        result = colours.copy()
        result[:, 0] = transfer.matching(colours[:, 0], votes, aim)(colours[:, 0])
        return result

    return Matching(lambda colours, votes: transfer.quantiles(colours[:, 0], votes), move)
