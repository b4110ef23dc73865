"""The network of a style, and the sizes of the published test program."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from senga.errors import ModelError
from senga.neural.blocks import Sampling
from senga.neural.canvas import automatic_scale, match_luma, mean_luma, paint
from senga.neural.graph import Network

from .network import animeganv1, animeganv2, animeganv2_lite

__all__ = ["automatic_scale", "match_luma", "mean_luma", "network_of", "official_size", "paint"]


def network_of(card: Mapping[str, str], upsample: Sampling | None = None) -> Network:
    """The network that a model card describes.

    Args:
        card: ``architecture``; ``width`` (default 1), ``eps`` (1e-5) and ``upsample`` (``tf1``).
        upsample: in place of the card's.

    Raises:
        ModelError: the card describes none of this family.
    """
    architecture = card.get("architecture", "")
    sampling: Any = upsample or card.get("upsample", "tf1")
    if sampling not in get_args(Sampling):
        known = ", ".join(get_args(Sampling))
        raise ModelError(f"The model card says upsample = “{sampling}”; it must be one of {known}.")
    eps, width = _number(card, "eps", 1e-5), _number(card, "width", 1.0)
    match architecture:
        case "animeganv2":
            return animeganv2(width, eps, sampling)
        case "animeganv2-lite":
            return animeganv2_lite(eps, sampling)
        case "animeganv1":
            return animeganv1(eps, sampling)
    raise ModelError(
        f"The model card says architecture = “{architecture}”; this filter paints with animeganv2, animeganv2-lite and "
        "animeganv1."
    )


def official_size(height: int, width: int) -> tuple[int, int]:
    """The size to which the test program of AnimeGANv2 resizes: multiples of 32, at least 256 on each side."""
    return tuple(max(length - length % 32, 256) for length in (height, width))  # type: ignore[return-value]


def _number(card: Mapping[str, str], name: str, default: float) -> float:
    try:
        value = float(card.get(name, default))
    except ValueError:
        value = 0.0
    if not value > 0:
        raise ModelError(f"The model card says {name} = “{card[name]}”; it must be a positive number.")
    return value
