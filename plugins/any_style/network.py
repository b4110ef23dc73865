"""Which network weights belong to, and how published files become such weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from senga.errors import ModelError
from senga.job import Weights
from senga.neural.checkpoints import Checkpoint
from senga.neural.graph import Network
from senga.neural.networks import adain, any_style
from senga.store.matching import Candidate, matched

PARTS = {"any-style": any_style.whole, "adain-encoder": adain.vgg_encoder, "adain-decoder": adain.vgg_decoder}
"""By what a card calls its architecture."""

_ENCODER = ("0", "2", "5", "9", "12", "16", "19", "22", "25", "29")
_DECODER = ("1", "5", "8", "11", "14", "18", "21", "25", "28")
"""The convolutions of both published files, by their places in a sequence of layers."""


def network_of(card: Mapping[str, str]) -> Network:
    """The network that a model card describes.

    Raises:
        ModelError: it is none of this family.
    """
    stated = card.get("architecture", "")
    if stated not in PARTS:
        raise ModelError(f"The model card says architecture = “{stated}”; it must be one of {', '.join(PARTS)}.")
    return PARTS[stated]()


def to_senga(checkpoint: Checkpoint) -> Weights:
    """The weights in the names of our network, with its architecture on the card.

    Published are two files, an encoder and a decoder; each is a model by itself, and ``any-style`` takes both.

    Raises:
        ModelError: the file holds no network of this family, or only a part of one.
    """
    arrays = {**checkpoint.arrays, **_renamed(checkpoint.arrays)}
    spelt = Checkpoint(checkpoint.format, arrays, checkpoint.metadata, checkpoint.nodes)
    name = _architecture(arrays)
    return matched(spelt, [Candidate(PARTS[name](), {"architecture": name})])


def _architecture(arrays: Mapping[str, NDArray[Any]]) -> str:
    """What arrays under our names belong to, if they belong to any: layers have the same names in several."""
    if "conv0.weight" in arrays:
        return "adain-encoder"
    return "adain-decoder" if "up4_1.weight" in arrays and "conv1_1.weight" not in arrays else "any-style"


def _renamed(arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The arrays of a published file under our names; none if it is no such file."""
    for places, build in ((_ENCODER, adain.vgg_encoder), (_DECODER, adain.vgg_decoder)):
        shapes = build().parameters
        layers = dict.fromkeys(name.rpartition(".")[0] for name in shapes)
        pairs = {f"{layer}.{leaf}": f"{place}.{leaf}" for layer, place in zip(layers, places, strict=True)
                 for leaf in ("weight", "bias")}  # fmt: skip
        if all(theirs in arrays and arrays[theirs].shape == shapes[ours] for ours, theirs in pairs.items()):
            return {ours: np.asarray(arrays[theirs]) for ours, theirs in pairs.items()}
    return {}


@dataclass(frozen=True, eq=False)
class Pair:
    """What paints, what looks at a style, and the weights of both.

    Attributes:
        painter: picture and statistics to a picture.
        observer: picture to statistics.
        arrays: of both.
        side: short side that a style has when its brushwork has the size 1, in pixels.
        grain: deviation of the grain that photographs get, where white is 1.
    """

    painter: Network
    observer: Network
    arrays: Mapping[str, NDArray[Any]]
    side: int
    grain: float = 0.0

    def of_observer(self) -> dict[str, NDArray[Any]]:
        """The weights that the observer needs."""
        return {name: self.arrays[name] for name in self.observer.parameters}


def pair_of(weights: Weights, encoder: Weights | None) -> Pair:
    """What works together with these weights, and those of an encoder if they need one.

    Raises:
        ModelError: they do not go together.
    """
    kinds = [each.card.get("architecture", "") for each in (weights, encoder) if each]
    if kinds == ["any-style"]:
        return Pair(any_style.painter(), any_style.observer(), weights.arrays, 448, grain=0.03)
    if encoder is not None and kinds == ["adain-decoder", "adain-encoder"]:
        return Pair(adain.vgg_painter(), adain.vgg_observer(), {**encoder.arrays, **weights.arrays}, 512)
    if kinds == ["adain-decoder"]:
        raise ModelError("This network is a decoder: name the model of its encoder (vgg_normalised.pth) as “encoder”.")
    raise ModelError("Choose a network of the family any-style, or a decoder of AdaIN and its encoder.")
