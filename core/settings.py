"""Kinds of settings: how each is declared, typed, checked, shown and carried, written once for every host.

A filter declares a setting with a type and ``setting``; ``describe`` reads the JSON Schema of the filter and says of
which kind each setting is. Hosts ask the kind and never the name:

======== ================================ =====================================================
kind     declared as                      typed as
======== ================================ =====================================================
int      ``int``                          ``12``
float    ``float``                        ``0.5``
bool     ``bool``                         ``--name``, ``--no-name``
choice   ``Literal["a", "b"]``            ``a``
text     ``str``                          any text
seed     ``Seed``                         ``12``; dialogs offer to draw another
colour   ``Colour``                       ``#ff8800``, ``#ff880080``, ``orange``
points   ``Points``                       ``0.25,0.5; 0.75,0.5``: shares of width and height
list     ``tuple[float, ...]`` and alike  ``0.5, 1, 2``
model    ``Model``                        the name of a style
file     ``File``                         a path
picture  ``Picture | None``               a path
mask     ``Mask | None``                  a path
======== ================================ =====================================================
"""

from __future__ import annotations

import json
import math
import os
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import BaseModel, BeforeValidator, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import core_schema

from . import language as languages
from .errors import SettingsError
from .image import Image
from .plain import plain

if TYPE_CHECKING:
    from .filter import Filter

SEED_LIMIT = 2**31 - 1
MOST_ITEMS = 100_000
"""Points or items of a list: more is no longer typed by anybody, and would make pydantic slow."""

_HEX = re.compile(r"#(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})")


def setting(
    default: Any,
    text: str,
    *,
    ge: float | None = None,
    le: float | None = None,
    unit: str = "",
    advanced: bool = False,
    labels: Mapping[str, str] | None = None,
    aligned: bool = False,
    resources: str = "",
) -> Any:
    """Declare one setting of a filter.

    Args:
        default: value when it is not given.
        text: help for a painter.
        ge: least value of a number.
        le: greatest value of a number.
        unit: of a number.
        advanced: shown last.
        labels: how menus show the values of a choice; others are shown as their words.
        aligned: a second picture has the size of the picture, and is cropped, turned and reduced with it.
        resources: what hosts offer for a text: ``brushes``.
    """
    extra: dict[str, Any] = {"unit": unit, "advanced": advanced, "labels": dict(labels or {})}
    extra |= {name: value for name, value in (("aligned", aligned), ("resources", resources)) if value}
    return Field(default, description=text, ge=ge, le=le, json_schema_extra=extra)


# ---- Types of fields


class _Named:
    """Marks the type of a field: its JSON Schema gets a format that names the kind."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get_pydantic_json_schema__(self, schema: Any, handler: GetJsonSchemaHandler) -> Any:
        return {**handler(schema), "format": self.name}


class _AnyPicture(_Named):
    """Accepts an Image, whatever ``Image.of`` takes, or the path of a file, which a host reads before it runs."""

    def __get_pydantic_core_schema__(self, _source: Any, _handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(
            _picture, serialization=core_schema.plain_serializer_function_ser_schema(_path_of)
        )

    def __get_pydantic_json_schema__(self, _schema: Any, _handler: GetJsonSchemaHandler) -> Any:
        return {"type": "string", "format": self.name}


def _picture(value: Any) -> Image | str:
    if isinstance(value, (str, os.PathLike)):
        path = os.fspath(value)
        if not isinstance(path, str) or not path or "\0" in path:
            raise ValueError("input should be the path of a picture")
        return path
    try:
        return Image.of(value)
    except (TypeError, SettingsError) as error:
        raise ValueError(f"input should be a picture or its path ({error})") from error


def _path_of(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Image) and value.info.source is not None:
        return str(value.info.source)
    raise ValueError("a picture without a file cannot be written down: save it, and give its path")


def colour_of(value: Any) -> str:
    """A colour as ``#rrggbb`` or ``#rrggbbaa``, from that, a CSS name, or 3 or 4 numbers (0..255, or 0..1 as floats).

    Raises:
        ValueError: it is no colour.
    """
    if isinstance(value, str):
        return _hex_of(value)
    numbers = list(value) if isinstance(value, Sequence) else []
    if len(numbers) not in (3, 4) or not all(isinstance(number, int | float) for number in numbers):
        raise ValueError("input should be a colour such as #ff8800 or orange")
    full = 1.0 if any(isinstance(number, float) for number in numbers) else 255.0
    if not all(0 <= number <= full for number in numbers):
        raise ValueError("the parts of a colour go from 0 to 255, or as floats from 0 to 1")
    return "#" + "".join(f"{round(number / full * 255):02x}" for number in numbers)


def _hex_of(text: str) -> str:
    word = text.strip().lower()
    if not _HEX.fullmatch(word):
        from PIL import ImageColor

        try:
            if word.startswith("#") or len(word) > 60:
                raise ValueError
            return colour_of(tuple(int(part) for part in ImageColor.getrgb(word)))
        except ValueError:
            raise ValueError("input should be a colour such as #ff8800 or orange") from None
    digits = word[1:]
    return "#" + ("".join(digit * 2 for digit in digits) if len(digits) < 5 else digits)


def rgba(colour: str) -> tuple[float, float, float, float]:
    """Red, green, blue and opacity of a colour setting, 0..1, sRGB-encoded."""
    digits = colour_of(colour)[1:].ljust(8, "f")
    red, green, blue, opacity = (int(digits[i : i + 2], 16) / 255 for i in range(0, 8, 2))
    return red, green, blue, opacity


def _points(value: Any) -> Any:
    return KINDS["points"].read(value) if isinstance(value, str) else value


def _file(value: Any) -> Any:
    return os.fspath(value) if isinstance(value, os.PathLike) else value


Seed = Annotated[int, Field(ge=0, le=SEED_LIMIT), _Named("seed")]
"""A number of which another gives another result of the same kind."""
Colour = Annotated[str, BeforeValidator(colour_of), _Named("colour")]
"""``#rrggbb`` or ``#rrggbbaa``; ``rgba`` gives its numbers."""
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Points = Annotated[
    tuple[tuple[Share, Share], ...], Field(max_length=MOST_ITEMS), BeforeValidator(_points), _Named("points")
]
"""(x, y) each, as shares of the width and height of the whole picture; (0, 0) is its upper left corner."""
Model = Annotated[str, _Named("model")]
"""The name of a style in the model store."""
File = Annotated[
    str, BeforeValidator(lambda value: os.fspath(value) if isinstance(value, os.PathLike) else value), _Named("file")
]
"""The path of a file that is no picture; checked to be there before any work starts."""
if TYPE_CHECKING:
    Picture = Image | str
    Mask = Image | str
else:
    Picture = Annotated[Any, _AnyPicture("picture")]
    """A second picture; ``Filter.picture`` gives it when the filter runs."""
    Mask = Annotated[Any, _AnyPicture("mask")]
    """A second picture of the same size whose lightness says where."""


# ---- Kinds


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


class Kind(ABC):
    """How settings of one kind are typed and carried.

    Attributes:
        name: in ``KINDS``.
        noun: what stands for a value in a usage line.
        argument: see ``SettingInfo``.
    """

    name: ClassVar[str]
    noun: ClassVar[str] = "TEXT"
    argument: ClassVar[str] = "text"

    @abstractmethod
    def read(self, text: str) -> Any:
        """What was typed, as JSON has it.

        Raises:
            ValueError: with half a sentence that says what it should be.
        """

    def typed(self, value: Any) -> str:
        """A value as it is typed; empty for None."""
        return "" if value is None else str(value)


class _Text(Kind):
    def __init__(self, name: str, noun: str = "TEXT", argument: str = "text") -> None:
        self.name, self.noun, self.argument = name, noun, argument  # type: ignore[misc]

    def read(self, text: str) -> str:
        return text


class _Whole(Kind):
    noun = "NUMBER"
    argument = "int"

    def __init__(self, name: str) -> None:
        self.name = name  # type: ignore[misc]

    def read(self, text: str) -> int:
        try:
            return int(text)
        except ValueError:
            raise ValueError(f"{text.strip()!r} is no whole number") from None


class _Real(Kind):
    name, noun, argument = "float", "NUMBER", "float"

    def read(self, text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise ValueError(f"{text.strip()!r} is no number") from None
        if not math.isfinite(value):
            raise ValueError(f"{text.strip()!r} is no number")
        return value

    def typed(self, value: Any) -> str:
        return "" if value is None else repr(float(value)).removesuffix(".0")


class _Switch(Kind):
    name, noun, argument = "bool", "yes|no", "bool"
    _WORDS: ClassVar[Mapping[str, bool]] = dict.fromkeys(("yes", "true", "on", "1"), True) | dict.fromkeys(
        ("no", "false", "off", "0"), False
    )

    def read(self, text: str) -> bool:
        try:
            return self._WORDS[text.strip().lower()]
        except KeyError:
            raise ValueError(f"{text.strip()!r} is neither yes nor no") from None

    def typed(self, value: Any) -> str:
        return "" if value is None else "yes" if value else "no"


class _Colour(Kind):
    name, noun, argument = "colour", "#RRGGBB", "colour"

    def read(self, text: str) -> str:
        return colour_of(text)


class _List(Kind):
    """Items separated by commas; a JSON array is understood too, for texts with commas in them."""

    name, noun = "list", "A,B,…"

    def read(self, text: str, items: str = "text") -> list[Any]:
        word = text.strip()
        if not word:
            return []
        if word.startswith("["):
            return _array(word)
        return [KINDS[items].read(part.strip()) for part in _few(word.split(","))]

    def typed(self, value: Any) -> str:
        if any(isinstance(item, str) and re.search(r"[,\[\"]|^\s|\s$|^$", item) for item in value or ()):
            return json.dumps(list(value), ensure_ascii=False)
        return ", ".join(f"{item:g}" if isinstance(item, float) else str(item) for item in value or ())


class _Points(Kind):
    """Pairs of numbers; a JSON array of pairs is understood too."""

    name, noun = "points", "X,Y; X,Y; …"

    def read(self, text: str) -> list[Any]:
        word = text.strip()
        if word.startswith("["):
            return _array(word)
        return [self._pair(part) for part in _few(word.rstrip("; ").split(";")) if part.strip()]

    def _pair(self, text: str) -> list[float]:
        parts = [part for part in re.split(r"[,\s]+", text.strip()) if part]
        if len(parts) != 2:
            raise ValueError(f"{text.strip()!r} is no point: two numbers from 0 to 1, such as 0.25,0.5")
        return [KINDS["float"].read(part) for part in parts]

    def typed(self, value: Any) -> str:
        return "; ".join(f"{x:g},{y:g}" for x, y in value or ())


def _few(parts: list[str]) -> list[str]:
    if len(parts) > MOST_ITEMS:
        raise ValueError(f"there are more than {MOST_ITEMS} items")
    return parts


def _array(text: str) -> list[Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list):
        raise ValueError("input should be items separated by commas")
    return found


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        _Whole("int"),
        _Whole("seed"),
        _Real(),
        _Switch(),
        _Text("choice", "NAME", "choice"),
        _Text("text"),
        _Text("model", "NAME"),
        _Colour(),
        _Points(),
        _List(),
        _Text("file", "FILE", "file"),
        _Text("picture", "PICTURE", "picture"),
        _Text("mask", "PICTURE", "picture"),
    )
}
"""Every kind by its name."""

_OLD = {("seed", "int"): "seed", ("style", "text"): "model"}
"""Kinds of settings that were once known by their names: filters written then still work."""
_BY_TYPE = {"integer": "int", "number": "float", "boolean": "bool", "array": "list"}


# ---- Reading the schema of a filter


def describe(kind: type[Filter], language: str = "") -> tuple[SettingInfo, ...]:
    """The settings of a filter, read from its JSON Schema; advanced ones last.

    Args:
        kind: the filter.
        language: of texts, labels and units; by default the user's.
    """
    from .filter import domain_of

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


def read_typed(kind: type[Filter], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings in which the lists may be texts, as options and dialogs give them.

    Raises:
        ValueError: a text is no such list.
    """
    known = kinds_of(kind)
    lists = _List()
    return {
        name: lists.read(value, known[name].items)
        if isinstance(value, str) and name in known and known[name].kind == "list"
        else value
        for name, value in settings.items()
    }


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
    named = first.get("format") or facts.get("format")
    return "choice" if is_choice else named if named in KINDS else _BY_TYPE.get(first.get("type", ""), "text")


def words_of(name: str) -> str:
    """A name of the code as words."""
    words = name.replace("_", " ").replace("-", " ")
    return words[:1].upper() + words[1:]
