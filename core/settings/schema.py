"""The settings of a filter, read from its JSON Schema."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from senga import language as languages
from senga.plain import plain

from .kinds import KINDS

if TYPE_CHECKING:
    from senga.filter import Filter

_OLD = {("seed", "int"): "seed", ("style", "text"): "model"}
"""Kinds of settings that were once known by their names: filters written then still work."""
_BY_TYPE = {"integer": "int", "number": "float", "boolean": "bool", "array": "list"}


@dataclass(frozen=True)
class SettingInfo:
    """What a host needs to show one setting: as an option, a slider, a menu or a check box.

    Attributes:
        name: of the field.
        kind: a name in ``KINDS``.
        default: value when it is not given, as JSON has it.
        text: help for a painter.
        minimum: least value of a number, or None.
        maximum: greatest value of a number, or None.
        choices: allowed values of a ``choice``.
        unit: of the numbers, or empty.
        advanced: shown last.
        optional: None is allowed too.
        label: the name as a dialog shows it.
        labels: the choices as a menu shows them.
        items: the kind of the items of a ``list``.
        aligned: a second picture that goes along with the picture, pixel by pixel.
        resources: what is offered for a text, such as ``brushes``.
        argument: what carries it where arguments have types, such as GIMP's procedures: ``int``, ``float``, ``bool``,
            ``choice``, ``text``, ``colour``, ``file`` or ``picture``.
        typed: the default as it is typed.
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
    items: str = ""
    aligned: bool = False
    resources: str = ""
    argument: str = "text"
    typed: str = ""

    @property
    def is_picture(self) -> bool:
        """Whether it is a second picture, a mask included."""
        return self.kind in ("picture", "mask")


def describe(kind: type[Filter], language: str = "") -> tuple[SettingInfo, ...]:
    """The settings of a filter, read from its JSON Schema; advanced ones last.

    Args:
        kind: the filter.
        language: of texts, labels and units; by default the user's.
    """
    from senga.filter import domain_of

    domain = domain_of(kind)

    def say(text: str, context: str) -> str:
        return plain(languages.tr(text, domain=domain, context=context, language=language))

    schema = _schema(kind)
    found = [_info(name, facts, schema.get("$defs", {}), say) for name, facts in schema.get("properties", {}).items()]
    return tuple(sorted(found, key=lambda info: info.advanced))


@cache
def _schema(kind: type[BaseModel]) -> dict[str, Any]:
    return kind.model_json_schema()


@cache
def kinds_of(kind: type[Filter]) -> Mapping[str, SettingInfo]:
    """The settings of a filter by name, in English."""
    return {info.name: info for info in describe(kind, "en")}


def pictures_of(kind: type[Filter]) -> tuple[SettingInfo, ...]:
    """The settings that are second pictures, masks included."""
    return tuple(info for info in kinds_of(kind).values() if info.is_picture)


def seeds_of(kind: type[Filter]) -> tuple[str, ...]:
    """The names of the settings that are seeds."""
    return tuple(info.name for info in kinds_of(kind).values() if info.kind == "seed")


def read_typed(info: SettingInfo, value: Any) -> Any:
    """A setting that may be a text where it is a list or points, as options and dialogs give them.

    Raises:
        ValueError: the text is no such list; half a sentence says which item is wrong.
    """
    has_items = info.kind in ("list", "points") and isinstance(value, str)
    return KINDS[info.kind].read(value, info.items) if has_items else value


def _info(name: str, facts: dict[str, Any], definitions: dict[str, Any], say: Callable[[str, str], str]) -> SettingInfo:
    variants = [part for part in facts.get("anyOf", [facts]) if part.get("type") != "null"]
    first = _resolved(variants[0] if variants else facts, facts, definitions)
    choices = tuple(str(value) for value in first.get("enum", ()))
    shown: Mapping[str, str] = facts.get("labels", {})
    kind = _kind_name(first, facts, bool(choices))
    kind = _OLD.get((name, kind), kind)
    optional = len(variants) < len(facts.get("anyOf", [facts]))
    # An optional setting travels as a text, empty for none, unless its kind has an empty value anyway.
    argument = KINDS[kind].argument if not optional or KINDS[kind].argument in ("file", "picture") else "text"
    return SettingInfo(
        name=name,
        kind=kind,
        default=facts.get("default"),
        text=say(facts.get("description", ""), ""),
        minimum=first.get("minimum", first.get("exclusiveMinimum")),
        maximum=first.get("maximum", first.get("exclusiveMaximum")),
        choices=choices,
        unit=say(facts.get("unit", ""), "unit"),
        advanced=bool(facts.get("advanced", False)),
        optional=optional,
        label=say(words_of(name), "setting"),
        labels=tuple(say(shown.get(choice) or words_of(choice), name) for choice in choices),
        items=_kind_name(_resolved(first.get("items") or {}, {}, definitions), {}, False) if kind == "list" else "",
        aligned=kind == "mask" or bool(facts.get("aligned", False)),
        resources=str(facts.get("resources", "brushes" if (name, kind) == ("brush", "text") else "")),
        argument=argument,
        typed=KINDS[kind].typed(facts.get("default")),
    )


def _resolved(part: dict[str, Any], facts: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    found = part | {key: value for key, value in facts.items() if key in ("minimum", "maximum")}
    return definitions[found["$ref"].rsplit("/", 1)[-1]] if "$ref" in found else found


def _kind_name(first: dict[str, Any], facts: dict[str, Any], is_choice: bool) -> str:
    named = str(first.get("format") or facts.get("format"))
    return "choice" if is_choice else named if named in KINDS else _BY_TYPE.get(first.get("type", ""), "text")


def words_of(name: str) -> str:
    """A name of the code as words."""
    words = name.replace("_", " ").replace("-", " ")
    return words[:1].upper() + words[1:]
