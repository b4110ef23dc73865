"""Generators of the families AnimeGAN and CartoonGAN as their model cards describe them."""

from __future__ import annotations

from collections.abc import Mapping

from senga.neural.executor import Array
from senga.neural.graph import Network
from senga.neural.training.initial import first_weights
from senga.plugins.animegan import painting
from senga.plugins.cartoongan import network as cartoongan
from training.module import NetworkModule

ARCHITECTURE = {"architecture": "animeganv2", "upsample": "tf1", "eps": "1e-05"}


def network_of(card: Mapping[str, str]) -> Network:
    """The network that a card describes, of the families whose styles `anime` paints with."""
    family = cartoongan if card["architecture"].startswith("cartoongan") else painting
    return family.network_of(card)


class Generator(NetworkModule):
    """A generator: RGB in [-1, 1], sides multiples of four or eight, to RGB of the same size in [-1, 1].

    Args:
        card: ``architecture``, ``width``, ``upsample`` and ``eps``.
        weights: first values, by name.
    """

    def __init__(self, card: Mapping[str, str], weights: Mapping[str, Array]) -> None:
        super().__init__(network_of(card), weights)
        self.card = dict(card)

    @classmethod
    def near_identity(cls, width: float = 1.0, seed: int = 0) -> Generator:
        """AnimeGANv2 with weights that pass the photo on: from plain noise red and green come very late."""
        card = ARCHITECTURE | {"width": f"{width:g}"}
        return cls(card, first_weights(network_of(card), "identity", seed))
