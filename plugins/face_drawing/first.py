"""First weights of generators."""

from __future__ import annotations

import numpy as np

from senga.neural.executor import Array
from senga.neural.graph import Network
from senga.neural.training.initial import COLOUR_TAPS, Start, first_weights

SHARE = 0.9
"""Of instance norm in norms that what is seen scales, as published."""
FAINT = 0.1
SEEN = 0.28
"""About how large the numbers are from which scales are made."""


def beginning(network: Network, start: Start, seed: int) -> dict[str, Array]:
    """First weights of a generator; ``identity`` passes the photograph on, with some noise."""
    weights, rng = first_weights(network, start, seed), np.random.default_rng([seed, 0xCA])
    channels = len(weights["means.weight"])
    for name in ("means", "maxima"):
        weights[f"{name}.weight"] = rng.normal(0, channels**-0.5, (channels, 1, 1, 1)).astype(np.float32)
    for name in weights:
        if name.startswith("drawn") and name.endswith(".rho"):
            weights[name] += np.float32(SHARE)
    return _passing(weights, channels) if start == "identity" else weights


def first_of_judge(network: Network, seed: int) -> dict[str, Array]:
    """First weights of a judge."""
    weights = first_weights(network, "he", seed)
    for name in ("means.weight", "maxima.weight"):
        weights[name] /= np.float32(len(weights[name]) ** 0.5)
    return weights


def _passing(weights: dict[str, Array], channels: int) -> dict[str, Array]:
    """Weights that weigh all channels alike, scale norms by one, and turn colour differences back into colours.

    Half of the channels are weighed by less than nothing, which is undone behind, so that verdicts begin near nothing.
    """
    signs = np.where(np.arange(channels) % 2 == 0, 1, -1).astype(np.float32)
    for name in ("means", "maxima"):
        weights[f"{name}.weight"][...] = signs.reshape(-1, 1, 1, 1) * np.float32(channels**-0.5)  # channels
    weights["attended.weight"] *= np.tile(signs, 2)[None, :, None, None] * np.float32(channels**0.5 / 2)
    weights["gamma.weight"][...] = 1 / (SEEN * channels)
    weights["beta.weight"] *= np.float32(FAINT)
    last = weights["last.weight"]
    numbers = np.arange(last.shape[1])
    signs = np.where(numbers // 3 % 2 == 0, 1, -1)
    last *= np.float32(FAINT)
    last[:, :, last.shape[2] // 2, last.shape[3] // 2] += (
        np.linalg.inv(COLOUR_TAPS)[:, numbers % 3] * signs * 6 / len(numbers)
    )
    return weights
