"""Weights of many styles, as files have them and as the network that trains does; styles that join a network.

In files what belongs to styles is a row for each (``senga.store.several``); in training it is columns of matrices.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from safetensors.torch import load_file
from torch import Tensor

from senga.neural.executor import Array
from senga.neural.networks.johnson import Shape
from senga.plugins.fast_style.network import shape_of
from senga.store.several import EACH
from training.weights import read_description

_KINDS = {".scale.weight": ".norm.weight", ".shift.weight": ".norm.bias"}
STYLED = tuple(_KINDS)
"""How the names of what belongs to styles end, in training."""


def rows(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights as files have them."""
    found = {}
    for name, tensor in state.items():
        place, kind = name[: -len(STYLED[0])], name[-len(STYLED[0]) :]
        found[f"{EACH}{place}{_KINDS[kind]}" if kind in _KINDS else name] = tensor.T if kind in _KINDS else tensor
    return found


def columns(arrays: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights of a file as the network that trains has them: the reverse of `rows`."""
    found = {}
    for name, tensor in arrays.items():
        if not name.startswith(EACH):
            found[name] = tensor
            continue
        ours, theirs = next(pair for pair in _KINDS.items() if name.endswith(pair[1]))
        found[name.removeprefix(EACH).removesuffix(theirs) + ours] = tensor.T
    return found


@dataclass(frozen=True)
class Known:
    """A network that new styles join: it stands still, and so do its own.

    Attributes:
        weights: as the network that trains has them.
        card: what its file says.
    """

    weights: dict[str, Tensor]
    card: dict[str, str]

    @classmethod
    def read(cls, path: Path) -> Known:
        """From a file that a training wrote."""
        return cls(columns(load_file(path)), read_description(path))

    @property
    def names(self) -> list[str]:
        """Its styles."""
        return self.card["styles"].split(",")

    @property
    def shape(self) -> Shape:
        """What it looks like, for its own styles."""
        return replace(shape_of(self.card), styles=len(self.names))

    def beside(self, weights: Mapping[str, Array]) -> dict[str, Array]:
        """Weights for more styles, which begin as the mean of those that are known."""
        found = dict(weights)
        for name, tensor in self.weights.items():
            array = tensor.float().numpy()
            if name.endswith(STYLED):
                mean = array.mean(1, keepdims=True)  # (channels, 1)
                array = np.concatenate([array, np.repeat(mean, weights[name].shape[1] - array.shape[1], 1)], 1)
            found[name] = array
        return found
