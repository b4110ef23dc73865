"""First weights that pass the photo on."""

from __future__ import annotations

import numpy as np

from senga.neural.executor import Array
from senga.neural.graph import Network
from senga.neural.training.initial import COLOUR_TAPS, first_weights

from .network import BLOCKS


def passing_weights(network: Network, seed: int) -> dict[str, Array]:
    """Weights of a generator that pass the photo on, with some noise; a short training needs them.

    Sums are halved, residual blocks begin near nothing, and the last layer turns the colour differences of the first
    one back into RGB.
    """
    weights = first_weights(network, "identity", seed)
    factors = dict.fromkeys(("Conv_5", "Conv_6", "Conv_7", "Conv_8"), 0.5)
    factors |= {f"block_{i}/conv2": 0.1 for i in range(BLOCKS)}
    for name, factor in factors.items():
        weights[f"{name}.weight"] *= np.float32(factor)
    last = weights["Conv_9.weight"]
    numbers = np.arange(last.shape[1])
    signs = np.where(numbers // 3 % 2 == 0, 1, -1)
    last *= np.float32(0.1)
    last[:, :, 3, 3] += np.linalg.inv(COLOUR_TAPS)[:, numbers % 3] * signs * 6 / len(numbers)
    return weights
