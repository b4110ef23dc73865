"""Families of networks: what a plug-in says of networks that paint, so that they are listed, imported and trained."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, Field

from .errors import ModelError, PluginError, SettingsError
from .job import Weights
from .strangers import telling

__all__ = ["Family", "Number", "network_of"]

if TYPE_CHECKING:
    from .neural.graph import Network


Number = Annotated[str, Field(pattern=r"^(\d{1,9}(\.\d{0,12})?(e-?\d{1,3})?)$")]
"""A number on a card, kept as it was written."""


COMMON = frozenset(
    (
        *("name", "title", "family", "architecture", "licence", "licence_url", "terms", "commercial", "author"),
        *("source", "training_data", "steps", "note", "file_digest", "fetched_from", "verified", "content_sha256"),
        *("draft_of", "layout", "channels", "range", "type", "multiple", "format"),
    )
)
"""What every file may say, so that it is no fact of a family: of the model, of where it came from, of its interface."""


@dataclass(frozen=True)
class Family:
    """A family of networks, as the hook ``senga_families`` returns it.

    It is light: what needs MindSpore or OpenCV is named as ``package.module:NAME`` and imported when it is used.

    Attributes:
        name: lower case with dashes: the first half of a style's full name (``animegan/hayao``), and what
            ``senga train`` takes.
        title: what a list shows.
        models: its list of models, a ``weights.toml``; None for a family of imported styles alone.
        architectures: what cards of this family say under ``architecture``; a card without a family is known by it.
        facts: the other facts on its cards, a pydantic class with a default for each; None allows any.
        converter: of a function from a ``senga.neural.checkpoints.Checkpoint`` to ``senga.Weights``, which raises
            ModelError for what is none of the family.
        network: of a function from a model card, a mapping of texts, to the ``senga.neural.graph.Network`` that it
            describes.
        presets: of a mapping from names to settings of a training (``senga.neural.training.presets.Preset``), the
            default first, in a module that needs neither MindSpore nor OpenCV; empty for what cannot be trained.
        trainer: of a class, as a rule a ``senga.neural.training.training.Training``; it is made with a preset, the
            prepared pictures, the perceptual network and a seed.
        perceptual: its training looks through a perceptual network.
        folders: folders of pictures that its training takes beside ``photos`` and ``style``, each with its help.
        pairs: of a function that makes what photographs are to become, in place of a folder ``style``: from the preset,
            the folder of photographs, one to write into and two listeners (a sentence; the share that is done) to the
            folders of both halves, whose pictures have the same names and sizes.
        shown: of a function that makes of photographs what the network is to see of them, such as upright faces: from
            the same as ``pairs`` to the folder of these pictures.
        styled: its training learns from a folder of pictures in the style, as long as there are no ``pairs``.
    """

    name: str
    title: str
    models: Path | None = None
    architectures: tuple[str, ...] = ()
    facts: type[BaseModel] | None = None
    converter: str = ""
    network: str = ""
    presets: str = ""
    trainer: str = ""
    perceptual: bool = True
    folders: Mapping[str, str] = field(default_factory=dict)
    pairs: str = ""
    shown: str = ""
    styled: bool = True

    @property
    def takes_style(self) -> bool:
        """Whether its training takes a folder of pictures in the style."""
        return self.styled and not self.pairs


def resolve(reference: str) -> Any:
    """What ``package.module:NAME`` names.

    Raises:
        PluginError: there is no such thing, or its module fails.
    """
    module, _, name = reference.partition(":")
    with using(reference):
        return getattr(importlib.import_module(module), name)


def using(what: str) -> AbstractContextManager[None]:
    """Call code of a family inside; what it does not say to the user names it.

    Raises:
        PluginError: it failed.
    """
    return telling(lambda why: PluginError(f"“{what}” cannot be used: {why}."))


def presets_of(family: Family) -> Mapping[str, Any]:
    """The presets of a family (``senga.neural.training.presets.Preset``), the default first.

    Raises:
        SettingsError: it has none.
        PluginError: they are none, or cannot be imported.
    """
    if not (family.presets and family.trainer):
        raise SettingsError(f"The family “{family.name}” brings no training.")
    presets = resolve(family.presets)
    if not (isinstance(presets, Mapping) and presets and all(isinstance(each, BaseModel) for each in presets.values())):
        raise PluginError(f"“{family.presets}” names no presets of a training.")
    return presets


def network_of(weights: Weights) -> Network:
    """The network that weights belong to, as their family describes it.

    Raises:
        ModelError: nobody knows it, or the card describes none of the family.
    """
    reference = weights.network or _known_by(weights.card)
    if not reference:
        stated = weights.card.get("architecture", "")
        raise ModelError(f"The model card says architecture = “{stated}”, which no family of networks knows.")
    return described(reference, weights.card)


def described(reference: str, card: Mapping[str, str]) -> Network:
    """The network of a card, by the function of its family.

    Raises:
        ModelError: the card describes none of the family.
        PluginError: the function fails.
    """
    function = resolve(reference)
    with using(reference):
        network: Network = function(card)
    return network


def _known_by(card: Mapping[str, str]) -> str:
    """The reference of weights that come from no store."""
    from .registry import plugins

    found = family_of(card, plugins().families)
    return found.network if found else ""


def family_of(card: Mapping[str, str], families: Mapping[str, Family]) -> Family | None:
    """The family that a card names, or to which its architecture belongs."""
    stated = families.get(card.get("family", ""))
    if stated is not None:
        return stated
    return next((each for each in families.values() if card.get("architecture") in each.architectures), None)
