"""A filter: its fields are the settings, calling it is the act."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from . import language as languages
from .image import Animation, Image
from .job import Job
from .plain import plain


class Filter(BaseModel, ABC):
    """Base of every filter. A subclass declares its settings with ``setting`` and implements ``__call__``.

    Hosts build options, dialogs and recipes from the JSON Schema of the class, so nothing is written twice.

    Attributes:
        name: lower case with dashes, unique: what users type.
        title: what a menu shows.
        summary: one line in lists.
        models: a ``weights.toml`` that lists the models this filter can use, or None.
        reach: how far, in pixels of a one-megapixel picture, a result depends on its surroundings: the margin that is
            kept around a selection.
        locale: the folder of the catalogues that translate this filter, or None for those of Senga.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    name: ClassVar[str]
    title: ClassVar[str]
    summary: ClassVar[str] = ""
    models: ClassVar[Path | None] = None
    reach: ClassVar[int] = 64
    locale: ClassVar[Path | None] = None

    @abstractmethod
    def __call__(self, image: Image, job: Job) -> Image | Animation:
        """Make the result. ``image`` has no alpha (core carries it) and must not be written into.

        Returns:
            A picture, normally of the same size and in any depth (core brings alpha, depth, selection, strength and
            colour profile back), or an Animation.

        Raises:
            Cancelled: by way of ``job.progress`` or ``job.check``, which must be called often.
            SengaError: with one sentence for the painter.
        """

    def paints_color(self) -> bool:
        """Whether the result of a grey picture is coloured; otherwise core turns it back to grey."""
        return False


def setting(
    default: Any,
    text: str,
    *,
    ge: float | None = None,
    le: float | None = None,
    unit: str = "",
    advanced: bool = False,
    labels: Mapping[str, str] | None = None,
) -> Any:
    """Declare one setting of a filter: default, help text, range, unit; ``advanced`` ones are shown last.

    ``labels`` says how menus show the values of a choice; others are shown as their words.
    """
    extra: dict[str, Any] = {"unit": unit, "advanced": advanced, "labels": dict(labels or {})}
    return Field(default, description=text, ge=ge, le=le, json_schema_extra=extra)


@dataclass(frozen=True)
class SettingInfo:
    """What a host needs to show one setting: as an option, a slider, a menu or a check box.

    Attributes:
        name: of the field.
        kind: ``int``, ``float``, ``bool``, ``choice`` or ``text``.
        default: value when it is not given.
        text: help for a painter.
        minimum: least value, or None.
        maximum: greatest value, or None.
        choices: allowed values of a ``choice``.
        unit: of the numbers, or empty.
        advanced: shown last.
        optional: None is allowed too.
        label: the name as a dialog shows it.
        labels: the choices as a menu shows them.
    """

    name: str
    kind: str
    default: Any
    text: str
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    unit: str = ""
    advanced: bool = False
    optional: bool = False
    label: str = ""
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class About:
    """What a host shows of a filter before its settings.

    Attributes:
        title: what a menu shows.
        summary: one line in lists.
        text: a longer description.
    """

    title: str
    summary: str
    text: str


def about(kind: type[Filter], language: str = "") -> About:
    """Title, summary and description of a filter in a language; by default in the user's."""
    domain = domain_of(kind)
    text = " ".join(inspect.cleandoc(kind.__doc__ or "").split())
    return About(
        *(plain(languages.tr(part, domain=domain, language=language)) for part in (kind.title, kind.summary, text))
    )


def domain_of(kind: type[Filter]) -> str:
    """The name of the catalogues that translate a filter: that of its package; they are made known."""
    domain = kind.__module__.partition(".")[0]
    if kind.locale is not None:
        languages.bind(domain, kind.locale)
    return domain


_KINDS = {"integer": "int", "number": "float", "boolean": "bool"}


def describe(kind: type[Filter], language: str = "") -> tuple[SettingInfo, ...]:
    """The settings of a filter, read from its JSON Schema; advanced ones last.

    Args:
        kind: the filter.
        language: of texts, labels and units; by default the user's.
    """
    schema, domain = kind.model_json_schema(), domain_of(kind)

    def say(text: str, context: str) -> str:
        return plain(languages.tr(text, domain=domain, context=context, language=language))

    found = [
        _setting_info(name, facts, schema.get("$defs", {}), say) for name, facts in schema.get("properties", {}).items()
    ]
    return tuple(sorted(found, key=lambda info: info.advanced))


def _setting_info(
    name: str, facts: dict[str, Any], definitions: dict[str, Any], say: Callable[[str, str], str]
) -> SettingInfo:
    variants = [part for part in facts.get("anyOf", [facts]) if part.get("type") != "null"]
    first = variants[0] | {key: value for key, value in facts.items() if key in ("minimum", "maximum")}
    if "$ref" in first:
        first = definitions[first["$ref"].rsplit("/", 1)[-1]]
    choices = tuple(str(value) for value in first.get("enum", ()))
    shown: Mapping[str, str] = facts.get("labels", {})
    return SettingInfo(
        name=name,
        kind="choice" if choices else _KINDS.get(first.get("type", ""), "text"),
        default=facts.get("default"),
        text=say(facts.get("description", ""), ""),
        minimum=first.get("minimum", first.get("exclusiveMinimum")),
        maximum=first.get("maximum", first.get("exclusiveMaximum")),
        choices=choices,
        unit=say(facts.get("unit", ""), "unit"),
        advanced=bool(facts.get("advanced", False)),
        optional=len(variants) < len(facts.get("anyOf", [facts])),
        label=say(_words(name), "setting"),
        labels=tuple(say(shown.get(choice) or _words(choice), name) for choice in choices),
    )


def _words(name: str) -> str:
    """A name of the code as words."""
    words = name.replace("_", " ").replace("-", " ")
    return words[:1].upper() + words[1:]
