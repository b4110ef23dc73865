"""A filter: its fields are the settings, calling it is the act."""

from __future__ import annotations

import inspect
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator

from . import language as languages
from .errors import SettingsError
from .image import Animation, Image
from .job import Job
from .plain import plain
from .settings import SettingInfo, describe, kinds_of, read_typed, setting
from .strangers import at_work

__all__ = ["About", "Filter", "SettingInfo", "about", "describe", "domain_of", "setting"]

Makes = Literal["", "picture", "layers", "alternatives", "animation"]
"""What a filter gives for a still picture; an empty text where that is not said."""


class Filter(BaseModel, ABC):
    """Base of every filter. A subclass declares its settings with ``setting`` and implements ``__call__``.

    Hosts build options, dialogs and recipes from the JSON Schema of the class, so nothing is written twice.

    Attributes:
        name: lower case with dashes, unique: what users type.
        title: what a menu shows.
        summary: one line in lists.
        group: the sub-menu and heading it stands under, such as ``Edges``; empty for none.
        keywords: other words by which a painter may look for it.
        families: the families of networks it paints with, by name; their styles are what it is offered.
        models: a ``weights.toml`` of a filter that has a family to itself and names none, or None.
        locale: the folder of the catalogues that translate this filter, or None for those of Senga.
        wants_before: the frames of a film are painted in order, and ``job.frame.before`` is the last result.
        draws_strokes: it paints with strokes, which are carried along whole in steady films rather than mixed.
        fills_gaps: transparent places are painted too, so that the result is opaque; other filters keep the alpha.
        measures_whole: the result depends a little on all that is seen, for example by its mean; the pixels beyond
            ``reach`` then shift it as a whole, but draw nothing.
        cuts: its results may have an alpha of their own, which is multiplied with that of the picture.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    name: ClassVar[str]
    title: ClassVar[str]
    summary: ClassVar[str] = ""
    group: ClassVar[str] = ""
    keywords: ClassVar[tuple[str, ...]] = ()
    families: ClassVar[tuple[str, ...]] = ()
    models: ClassVar[Path | None] = None
    locale: ClassVar[Path | None] = None
    wants_before: ClassVar[bool] = False
    draws_strokes: ClassVar[bool] = False
    fills_gaps: ClassVar[bool] = False
    measures_whole: ClassVar[bool] = False
    cuts: ClassVar[bool] = False

    @abstractmethod
    def __call__(self, image: Image, job: Job) -> Image | Animation:
        """Make the result. ``image`` has no alpha (core carries it) and must not be written into.

        Returns:
            A picture, normally of the same size and in any depth (core brings alpha, depth, selection, strength and
            colour profile back), or an Animation. It has an alpha only where the class says ``cuts``.

        Raises:
            Cancelled: by way of ``job.progress`` or ``job.check``, which must be called often.
            SengaError: with one sentence for the painter.
        """

    def paints_color(self) -> bool:
        """Whether the result of a grey picture is coloured; otherwise core turns it back to grey."""
        return False

    def makes(self) -> Makes:
        """What the result will be, so that a host can name it before any work starts."""
        return ""

    def reach(self, height: int, width: int) -> int | None:
        """How far a pixel of the result can see, in pixels of a picture of this size; None means everywhere.

        It is the margin that is kept around a selection.
        """
        return at_size(REACH, height, width)

    if not TYPE_CHECKING:
        reach: ClassVar[Any] = reach  # filters of an older day have a number there, without an annotation

    def prepare(self, job: Job) -> Any:
        """What is made once from the settings and the whole second pictures, and then used for many pictures.

        A run finds it in ``job.prepared``. Hosts keep it as long as there is room; it must not be written into.
        """
        return None

    def picture(self, name: str) -> Image | None:
        """A second picture with finite numbers in range, or None when there is none.

        Raises:
            SettingsError: no host has read its file yet.
        """
        value = getattr(self, name)
        if isinstance(value, str):
            raise SettingsError(f"The picture “{name}” ({value}) was not read: give an Image, or run it by a host.")
        from .visible import expected

        assert value is None or isinstance(value, Image)  # noqa: S101 - narrows the type
        return value and expected(value)

    def with_pictures(self, pictures: Mapping[str, Image | None]) -> Self:
        """The same filter with other second pictures, by the name of the setting."""
        return self.model_copy(update=dict(pictures)) if pictures else self

    @field_validator("*", mode="before")
    @classmethod
    def _read_typed(cls, value: Any, about: ValidationInfo) -> Any:
        return read_typed(kinds_of(cls)[str(about.field_name)], value) if isinstance(value, str) else value


REACH = 64
"""Pixels of a one-megapixel picture that a filter sees around a selection if it does not say otherwise."""


def at_size(pixels: float, height: int, width: int) -> int:
    """A length given for a picture of one megapixel, in pixels of a larger one; smaller pictures keep it."""
    return round(pixels * max(1.0, math.sqrt(height * width / 1e6)))


def reach_of(act: Filter, height: int, width: int) -> int | None:
    """``act.reach``, also where a filter of an older day has a number of pixels of a one-megapixel picture."""
    reach: Any = act.reach
    with at_work(act.name):
        return reach(height, width) if callable(reach) else at_size(reach, height, width)


@dataclass(frozen=True)
class About:
    """What a host shows of a filter before its settings.

    Attributes:
        title: what a menu shows.
        summary: one line in lists.
        text: a longer description.
        group: the heading it stands under, or empty.
        keywords: other words by which it may be looked for, in this language and in English.
    """

    title: str
    summary: str
    text: str
    group: str = ""
    keywords: tuple[str, ...] = ()


def about(kind: type[Filter], language: str = "") -> About:
    """Title, summary and description of a filter in a language; by default in the user's."""
    domain = domain_of(kind)
    text = " ".join(inspect.cleandoc(kind.__doc__ or "").split())

    def say(part: str, context: str = "") -> str:
        return plain(languages.tr(part, domain=domain, context=context, language=language)) if part else ""

    words = [*(say(word, "keyword") for word in kind.keywords), *kind.keywords]
    return About(say(kind.title), say(kind.summary), say(text), say(kind.group, "group"), tuple(dict.fromkeys(words)))


def domain_of(kind: type[Filter]) -> str:
    """The name of the catalogues that translate a filter: that of its package; they are made known."""
    domain = kind.__module__.partition(".")[0]
    if kind.locale is not None:
        languages.bind(domain, kind.locale)
    return domain
