"""Distillation: a narrow network learns to paint like a wide one of its family, for drafts and for small machines.

Here is what is trained; ``pupil`` trains it.

Reference:
    G. Hinton, O. Vinyals, J. Dean: Distilling the Knowledge in a Neural Network. 2015, arXiv:1503.02531.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from senga.errors import ModelError, SettingsError
from senga.families import Family, described, family_of, network_of
from senga.job import Weights
from senga.names import joined, parted
from senga.neural.graph import Network
from senga.store.facts import names_of
from senga.store.model_file import content_digest, usable

from . import presets
from .presets import Group, named

TERMS = ("licence", "licence_url", "terms", "commercial", "author", "source")
"""What of the teacher's card holds for the pupil, too."""


class LossWeights(Group):
    """What each part of the pupil's loss counts."""

    colour: float = Field(1.0, ge=0)
    hue: float = Field(6.0, ge=0)
    lines: float = Field(3.0, ge=0)


class Preset(presets.Preset):
    """Everything that a distillation depends on beside its photographs.

    Attributes:
        teacher: the style, or a file of one.
        held: photographs that are not learned from, for samples and the difference that is told.
        weights: of the loss.
    """

    teacher: str = Field("painted-comic", description="Style to learn from, or a file of one.")
    width: float = Field(0.25, gt=0, le=2, description="Share of the channels of the family's full network.")
    held: int = Field(8, ge=1, description="Photographs that are not learned from: they show how far it has come.")
    start_epochs: float = Field(0, ge=0)
    epochs: float = Field(101, ge=0)
    start_steps: int | None = Field(0, ge=0)
    style_steps: int | None = Field(2500, ge=0, description="Steps in all.")
    weights: LossWeights = LossWeights()


PRESETS = named(
    Preset(
        name="own",
        crop=192,
        zoom=2.0,
        mirror=True,
        batch=4,
        rates=(1e-3, 1e-3, 1e-3),
        rate_end=0.03,
        clip=5.0,
        average=0.995,
    )
)
"""The presets, the default first."""

DISTIL = Family(
    name="distil",
    title="Draft forms of styles",
    presets=f"{__name__}:PRESETS",
    trainer="senga.neural.training.pupil:Training",
    perceptual=False,
    styled=False,
)
"""Stands where families do for ``senga train``; what it trains belongs to the family of the teacher."""


@dataclass(frozen=True)
class Teacher:
    """A style that a smaller network learns from.

    Attributes:
        name: of the style, with its family; that of the file where it is one.
        family: of both networks.
        weights: of the style.
        network: of the style.
    """

    name: str
    family: Family
    weights: Weights
    network: Network

    @classmethod
    def of(cls, name: str) -> Teacher:
        """A style of the store, or a file.

        Raises:
            ModelError: there is none of that name.
            SettingsError: it is no style whose network can be made smaller.
        """
        from senga.registry import plugins

        known = plugins()
        weights = _from_file(Path(name), known.families) if Path(name).is_file() else known.store().load(name)
        family = family_of(weights.card, known.families)
        if family is None or "width" not in names_of(family, {"width": ""}):
            of = f"of the family {family.title}" if family else "of no family that is known"
            raise SettingsError(f"“{name}” is {of}, whose networks have no width: it can have no draft form.")
        found = cls(_full_name(name, family), family, weights, network_of(weights))
        _check(name, found.network)
        return found

    def pupil(self, width: float) -> tuple[dict[str, str], Network]:
        """The network facts and the network of a pupil of that width.

        Raises:
            SettingsError: it is no smaller.
        """
        full = float(self.family.facts().width) if self.family.facts else 1.0  # type: ignore[attr-defined] # it has one
        card = self._facts() | {"width": f"{width * full:g}"}
        network = described(self.weights.network or self.family.network, card)
        if network.parameter_count >= self.network.parameter_count:
            raise SettingsError(f"The network of “{self.name}” is no larger at width {width:g}: choose a smaller one.")
        return card, network

    def digest(self) -> str:
        """Of everything that is learned from."""
        return content_digest(self.weights.arrays, self._facts())

    def terms(self) -> dict[str, str]:
        """What holds for the pupil, too."""
        return {name: fact for name in TERMS if (fact := self.weights.card.get(name, ""))}

    def _facts(self) -> dict[str, str]:
        card = self.weights.card
        return {name: card[name] for name in ("architecture", *names_of(self.family, card)) if name in card}


def _from_file(path: Path, families: Mapping[str, Family]) -> Weights:
    from senga.store.conversion import from_file

    return usable(from_file(path, None, families, ())[0])


def _full_name(name: str, family: Family) -> str:
    """The name as a card says it: of a file its own, without the folders."""
    path = Path(name)
    return joined(family.name, (parted(name) or ("", path.stem))[1] if not path.is_file() else path.stem)


def _check(name: str, network: Network) -> None:
    """Whether it turns a picture into a picture.

    Raises:
        SettingsError: it does something else.
    """
    inputs, output = list(network.inputs), network.outputs[0].node
    plain = len(inputs) == 1 and not network.inputs[inputs[0]].vector and not network.fixed
    if not plain or len(network.outputs) > 1 or not network.keeps_size(output):
        raise SettingsError(f"“{name}” does more than turn pictures into pictures: it can have no draft form.")


def teacher_of(preset: Preset) -> Teacher:
    """The teacher that a preset names."""
    try:
        return Teacher.of(preset.teacher)
    except ModelError as error:
        raise SettingsError(f"--teacher: {error}") from error
