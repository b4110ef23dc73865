"""Settings of a training that every family has; a family's own presets add what its losses count."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from senga.errors import SettingsError

P = TypeVar("P", bound="Preset")


class Group(BaseModel):
    """Settings that belong together, as the weights of losses; ``--set group.name=value`` reaches them."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Preset(Group):
    """What a training depends on beside its pictures.

    What has a description is an option of ``senga train``; ``--set`` reaches the rest.

    Attributes:
        name: of the preset.
        architecture: of the generator, as a card says it.
        width: share of the channels.
        start: first weights of the generator.
        crop: side of the crops in pixels.
        zoom: short side of the prepared pictures, in crops.
        mirror: crops are mirrored at random.
        batch: crops in a step.
        start_epochs: epochs of the first phase, which learns to reproduce.
        start_steps: its steps, in place of epochs.
        epochs: epochs after it.
        style_steps: its steps, in place of epochs.
        rates: learning rates: first phase, generator, discriminators.
        rate_end: share of the rates that is left at the end; they fall over the second half.
        target: ``photo``; ``drawn``: a drawing made from the photo by smoothing and ink lines; ``pairs``: what the
            family makes of it (``Family.pairs``).
        cast: how far photo and target are tinted at random.
        clip: longest gradient; 0: any.
        average: how long the weights are averaged; 0: not at all.
    """

    name: str
    architecture: str = ""
    width: float = Field(
        1.0, ge=0.25, le=2, description="Share of the channels: 0.5 trains and runs four times faster."
    )
    start: Literal["he", "xavier", "normal", "identity"] = "he"
    crop: int = Field(256, ge=32, multiple_of=16, description="Side of the crops in pixels, a multiple of 16.")
    zoom: float = Field(1.0, ge=1, le=4)
    mirror: bool = False
    batch: int = Field(12, ge=1, description="Crops in a step.")
    start_epochs: float = Field(10, ge=0, description="Epochs of the first phase.")
    start_steps: int | None = Field(None, ge=0)
    epochs: float = Field(101, ge=0, description="Epochs of the second phase.")
    style_steps: int | None = Field(None, ge=0)
    rates: tuple[float, float, float] = (2e-4, 2e-5, 4e-5)
    rate_end: float = Field(1.0, gt=0, le=1)
    target: Literal["photo", "drawn", "pairs"] = "photo"
    cast: float = Field(0.0, ge=0, lt=1)
    clip: float = Field(0.0, ge=0)
    average: float = Field(0.0, ge=0, lt=1)

    def start_length(self, epoch: int) -> int:
        """Steps of the first phase, for epochs of so many steps."""
        return round(self.start_epochs * epoch) if self.start_steps is None else self.start_steps

    def style_length(self, epoch: int) -> int:
        """Steps of the second phase, for epochs of so many steps."""
        return round(self.epochs * epoch) if self.style_steps is None else self.style_steps


def named(*presets: P) -> dict[str, P]:
    """Presets by their names, in this order; the first is the default."""
    return {preset.name: preset for preset in presets}


def make_preset(presets: Mapping[str, P], name: str, changes: Mapping[str, Any]) -> P:
    """A preset with some of its settings changed; ``weights.style`` and the like reach into its groups.

    Args:
        presets: of a family, the default first.
        name: of one of them; empty for the default.
        changes: values, or texts of them, by the names of settings.

    Raises:
        SettingsError: there is no such preset or setting, or a value is out of range.
    """
    name = name or next(iter(presets), "")
    if name not in presets:
        raise SettingsError(f"There is no preset “{name}”; there are {', '.join(presets)}.")
    preset = presets[name]
    values = preset.model_dump()
    for phase, asked in (("start_steps", "start_epochs"), ("style_steps", "epochs")):
        if asked in changes:
            values[phase] = None
    for key, value in changes.items():
        group, _, inner = key.rpartition(".")
        table = values.get(group) if group else values
        if not isinstance(table, dict) or inner not in table:
            raise SettingsError(f"A preset has no setting “{key}”; the model card of a training lists them all.")
        several = isinstance(value, str) and isinstance(table[inner], tuple)
        table[inner] = value.split(",") if several else value
    return read_preset(preset, values)


def read_preset(like: P, values: Any) -> P:
    """A preset from its values.

    Raises:
        SettingsError: one is out of range.
    """
    try:
        return like.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        said = first["msg"].removeprefix("Value error, ").rstrip(".")
        raise SettingsError(f"The setting “{place}” is wrong: {said}." if place else f"{said}.") from error
