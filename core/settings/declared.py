"""What a filter declares its settings with: ``setting``, and the types of fields."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import core_schema

from senga.errors import SettingsError
from senga.image import Image

from .colours import colour_of
from .kinds import KINDS, MOST_ITEMS

SEED_LIMIT = 2**31 - 1


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
        resources: what hosts offer for a text: ``brushes``, ``exemplars``, ``portraits`` (exemplars with a face).
    """
    extra: dict[str, Any] = {"unit": unit, "advanced": advanced, "labels": dict(labels or {})}
    extra |= {name: value for name, value in (("aligned", aligned), ("resources", resources)) if value}
    return Field(default, description=text, ge=ge, le=le, json_schema_extra=extra)


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
File = Annotated[str, BeforeValidator(_file), _Named("file")]
"""The path of a file that is no picture; checked to be there before any work starts."""
if TYPE_CHECKING:
    Picture = Image | str
    Mask = Image | str
else:
    Picture = Annotated[Any, _AnyPicture("picture")]
    """A second picture; ``Filter.picture`` gives it when the filter runs."""
    Mask = Annotated[Any, _AnyPicture("mask")]
    """A second picture of the same size whose lightness says where."""
