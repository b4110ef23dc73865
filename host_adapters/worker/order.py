"""What a client asks for, checked once more, and done by the same function as everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from senga.compose import Blend
from senga.errors import SettingsError
from senga.image import Image, Pixels
from senga.job import Precision
from senga.recipe import Recipe
from senga.registry import Plugins
from senga.settings import SettingInfo
from senga.visible import scaled
from senga.work import Work

from . import second
from .pixels import Sheet


class Order(BaseModel):
    """A filter with settings, or a recipe, and how its result meets the picture."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    filter: str | None = None
    settings: dict[str, Any] = {}
    recipe: str | None = None
    folder: Path | None = None
    strength: float = Field(1.0, ge=0, le=1)
    keep_colors: bool = False
    feather: float = Field(0.0, ge=0, allow_inf_nan=False)
    seed: int | None = None
    memory: int | None = Field(None, gt=0)
    precision: Precision | None = None

    @model_validator(mode="after")
    def _one_act(self) -> Self:
        if (self.filter is None) == (self.recipe is None) or (self.settings and self.filter is None):
            raise ValueError("it names either a filter with settings or a recipe")
        return self

    def work(
        self,
        known: Plugins,
        selection: Pixels | None,
        pictures: Mapping[str, Image] | None = None,
        window: Window | None = None,
    ) -> Work:
        """The same as the value that every host makes.

        Args:
            known: where filters are found.
            selection: (H, W) mask, or None.
            pictures: second pictures by the name of the setting, or ``step.name`` in a recipe; the others are files.
            window: what aligned files are reduced or cropped to.

        Raises:
            SengaError: a filter is unknown, or a setting is wrong.
        """
        act = Recipe.parse(self.recipe or "").at(self.folder) if self.filter is None else self.filter
        blend = Blend(selection, self.feather, self.strength, self.keep_colors)
        work = Work.of(known, act, self.settings, seed=self.seed, blend=blend)
        second.check_files(work)
        return work.with_pictures(pictures or {}).opened(
            lambda path, info: _seen(window, second.read(path, info), info)
        )


class Place(BaseModel):
    """Where the canvas of a preview lies in the picture, all in pixels of the picture.

    ``reduced`` says that it holds the whole picture in a smaller size.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    height: int = Field(ge=1)
    width: int = Field(ge=1)
    top: int = Field(0, ge=0)
    left: int = Field(0, ge=0)
    reduced: bool = False


@dataclass(frozen=True)
class Window:
    """The canvas of a preview: where it lies in the picture, and its own size."""

    place: Place
    height: int
    width: int

    def seen(self, picture: Image, name: str) -> Image:
        """What is seen of a second picture that has the size of the picture.

        Raises:
            SettingsError: it has another size.
        """
        place = self.place
        if (picture.height, picture.width) != (place.height, place.width):
            sizes = f"{picture.width} x {picture.height}", f"{place.width} x {place.height}"
            raise SettingsError(
                f"The picture “{name}” is {sizes[0]} pixels, but the picture is {sizes[1]}: they must be equal."
            )
        if place.reduced:
            return scaled(picture, self.height, self.width)
        return picture.crop(place.top, place.left, place.top + self.height, place.left + self.width)


def _seen(window: Window | None, picture: Image, info: SettingInfo) -> Image:
    return window.seen(picture, info.name) if window and info.aligned else picture


class Request(BaseModel):
    """The message that asks for a job; with ``growth`` its picture is shown now and then while it grows."""

    model_config = ConfigDict(frozen=True)

    order: Order
    canvas: Sheet
    pictures: dict[str, Sheet] = Field({}, max_length=100)
    language: str = Field("en", max_length=200)
    preview: str = Field("", max_length=200)
    place: Place | None = None
    growth: bool = False

    @property
    def precision(self) -> Precision:
        """That of the order; else previews are drafts, and nothing else is."""
        return self.order.precision or ("draft" if self.preview else "full")

    @classmethod
    def read(cls, message: dict[str, Any]) -> Request:
        """Check a message.

        Raises:
            SettingsError: something is missing, unknown or out of range.
        """
        try:
            return cls.model_validate(message)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"]) or "message"
            raise SettingsError(f"The worker was asked wrongly: {place}: {first['msg']}.") from error
