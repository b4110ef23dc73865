"""Spectral norm: kernels divided by their largest singular value, which one power iteration a step follows.

References:
    T. Miyato et al.: Spectral Normalization for Generative Adversarial Networks. ICLR 2018, arXiv:1802.05957.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from senga.neural.blocks import Conv
from senga.neural.executor import Array
from senga.neural.graph import Network

EPS = 1e-12
RAW = "raw "
"""Before the name of a kernel: as it is before it is divided."""


def name_of(block: Conv, weights: Mapping[str, Any]) -> str:
    """Under which name a convolution finds its kernel."""
    return f"{RAW}{block.weight}" if block.raw and f"{RAW}{block.weight}" in weights else block.weight


def unit(vector: Array) -> Array:
    """The vector at length one."""
    return np.asarray(vector / max(float(np.linalg.norm(vector)), EPS), np.float32)


@dataclass(frozen=True)
class Sigma:
    """A kernel's largest singular value as the two vectors see it.

    Attributes:
        left: (outputs,), of length one.
        right: (inputs * height * width,), of length one.
        value: ``left @ kernel @ right``.
    """

    left: Array
    right: Array
    value: float

    @classmethod
    def of(cls, kernel: Array, left: Array) -> Sigma:
        """The value for the left vector that is remembered, and the right one that follows from it."""
        flat = kernel.reshape(len(kernel), -1)  # (outputs, inputs * height * width)
        right = unit(flat.T @ left)
        return cls(left, right, float(left @ (flat @ right)))

    def gradient(self, g: Array, kernel: Array) -> Array:
        """The gradient of the kernel from that of the divided one; both vectors count as constant."""
        along = float(np.vdot(g, kernel)) / self.value
        straight = np.outer(self.left, self.right).reshape(kernel.shape)
        return np.asarray((g - along * straight) / self.value, np.float32)


def iterate(kernel: Array, left: Array) -> Array:
    """One power iteration: a left vector nearer to the largest singular value."""
    flat = kernel.reshape(len(kernel), -1)  # (outputs, inputs * height * width)
    return unit(flat @ unit(flat.T @ left))


def first_vectors(network: Network) -> dict[str, Array]:
    """A left vector for each kernel of a network, the same in every run."""
    rng = np.random.default_rng(0)
    kernels = {name: shape for name, shape in network.parameters.items() if len(shape) == 4}
    return {name: unit(rng.standard_normal(shape[0]).astype(np.float32)) for name, shape in kernels.items()}
