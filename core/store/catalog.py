"""The catalogue of models: what each is, whose it is, under which terms, and where it can be had."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from senga.errors import ModelError
from senga.regular import open_regular, read_regular

_NAME = re.compile(r"[a-z0-9]+([._-][a-z0-9]+)*")
_DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}
_DIGEST = re.compile(r"|sha256:[0-9a-f]{64}|git:[0-9a-f]{40}")
_REFERENCE = re.compile(r"|[A-Za-z_][\w.]*:[A-Za-z_]\w*")
_NUMBER = re.compile(r"\d{1,9}(\.\d{0,12})?(e-?\d{1,3})?")
_MAX_HEADER = 1 << 20
_MAX_LIST = 1 << 18
_MOST_DOTS = 200
"""In one line: the parser takes the square of the parts of a dotted key, in time and memory."""

_Text = Annotated[str, Field(max_length=8000)]
_Number = Annotated[str, Field(pattern=f"^({_NUMBER.pattern})$")]
_Reference = Annotated[str, Field(pattern=f"^({_REFERENCE.pattern})$")]

CARD_FIELDS = (
    "title", "architecture", "width", "upsample", "eps", "licence", "licence_url", "terms", "commercial", "author",
    "source", "training_data", "steps", "note",
)  # fmt: skip
"""The facts that travel with the weights, as text, in the metadata of their safetensors file."""


class ModelEntry(BaseModel):
    """One model that a filter can use.

    Attributes:
        name: what users type; safe as a file name.
        title: what a list shows.
        urls: where the public file lies, the best place first; empty for a model that is shipped or imported.
        size: bytes of that file, or None when unknown.
        digest: ``sha256:…``, or ``git:…`` (the id that Git gives the file), or empty when nobody could state one.
        architecture: which network the weights belong to.
        width: share of the channels of the full network.
        upsample: how the network enlarges: ``tf1``, ``half_pixel`` or ``align_corners``.
        eps: the small number in its normalisation.
        licence: SPDX identifier or a short text.
        licence_url: where the licence can be read.
        terms: what it asks for, in a sentence that is shown before a download.
        commercial: whether commercial use is allowed.
        author: who made the weights.
        source: the public page about them.
        training_data: what they were made from.
        steps: how many steps of training they saw.
        note: what the style looks like.
        converter: ``package.module:function`` that brings a file's arrays to the names of the network.
        network: ``package.module:function`` that tells which network a card describes.
        file: where the model lies when it is shipped or in the store.
        shipped: it came with the program.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)

    name: str
    title: _Text = ""
    urls: tuple[_Text, ...] = ()
    size: int | None = Field(default=None, gt=0)
    digest: str = Field(default="", pattern=f"^({_DIGEST.pattern})$")
    architecture: _Text = ""
    width: _Number = "1.0"
    upsample: Literal["tf1", "half_pixel", "align_corners"] = "tf1"
    eps: _Number = "1e-5"
    licence: _Text = "unknown"
    licence_url: _Text = ""
    terms: _Text = ""
    commercial: Literal["yes", "no", "unknown"] = "unknown"
    author: _Text = "unknown"
    source: _Text = ""
    training_data: _Text = "unknown"
    steps: _Text = ""
    note: _Text = ""
    converter: _Reference = ""
    network: _Reference = ""
    file: Path | None = None
    shipped: bool = False

    @field_validator("name")
    @classmethod
    def _safe(cls, name: str) -> str:
        if not is_safe_name(name):
            raise ValueError(f"“{name}” is no name for a style: use lower-case letters, digits and dashes")
        return name

    @classmethod
    def of_card(cls, name: str, card: Mapping[str, str], **facts: Any) -> Self:
        """An entry from the metadata of a weights file."""
        return cls.model_validate({"name": name, **{key: card[key] for key in CARD_FIELDS if key in card}, **facts})

    def card(self) -> dict[str, str]:
        """The facts that travel with the weights."""
        return {key: str(getattr(self, key)) for key in CARD_FIELDS if getattr(self, key)}


def is_safe_name(name: str) -> bool:
    """Whether a name can be a file name on every system."""
    return bool(_NAME.fullmatch(name)) and len(name) <= 64 and name.split(".")[0] not in _DEVICES


def read_catalog(path: Path) -> list[ModelEntry]:
    """The models that one ``weights.toml`` lists, those shipped beside it first.

    Raises:
        ModelError: something of it cannot be used.
    """
    entries, problems = read_list(path)
    if problems:
        raise ModelError(problems[0])
    return entries


def read_list(path: Path) -> tuple[list[ModelEntry], list[str]]:
    """The models that one ``weights.toml`` lists, and a sentence for each that cannot be used.

    The file has ``converter``, optionally ``network`` and ``shipped`` (a folder inside its own, with ``.safetensors``
    files that carry their own card), and a table ``[model.NAME]`` for each public model.

    Raises:
        ModelError: the file is missing or malformed.
    """
    table = _table(path)
    inside = {key: table.get(key, "") for key in ("converter", "network")}
    entries: list[ModelEntry] = []
    problems: list[str] = []
    makers = [partial(_shipped, file, path.parent, inside) for file in _shipped_files(path, table.get("shipped"))]
    makers += [partial(_public, name, facts, inside) for name, facts in _models(path, table).items()]
    for make in makers:
        try:
            entries.append(make())
        except (OSError, TypeError, ValueError, ModelError) as error:
            problems.append(f"The list of models “{path}” cannot be used as it is: {_reason(error)}.")
    return entries, problems


def _table(path: Path) -> dict[str, Any]:
    try:
        content = read_regular(path, _MAX_LIST)
        text = (content or b"").decode("utf-8")
        if content is None or any(line.count(".") > _MOST_DOTS for line in text.split("\n")):
            raise ValueError("it is larger than any list of models")
        return tomllib.loads(text)
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise ModelError(f"The list of models “{path}” cannot be used: {_reason(error)}.") from error


def _models(path: Path, table: Mapping[str, Any]) -> dict[str, Any]:
    models = table.get("model", {})
    if not isinstance(models, dict):
        raise ModelError(f"The list of models “{path}” cannot be used: “model” is no table.")
    return models


def _shipped_files(path: Path, folder: object) -> list[Path]:
    if folder is None:
        return []
    if not isinstance(folder, str):
        raise ModelError(f"The list of models “{path}” cannot be used: “shipped” is no name of a folder.")
    if not _is_inside(path.parent / folder, path.parent):
        raise ModelError(f"The list of models “{path}” cannot be used: “{folder}” lies outside its folder.")
    return sorted((path.parent / folder).glob("*.safetensors"))


def _shipped(file: Path, home: Path, inside: Mapping[str, Any]) -> ModelEntry:
    if not _is_inside(file, home):
        raise ValueError(f"“{file.name}” lies outside its folder")
    return read_entry(file, **inside, shipped=True)


def _public(name: str, facts: object, inside: Mapping[str, Any]) -> ModelEntry:
    """A model that can be fetched; where it will lie is for the store alone to say."""
    if not isinstance(facts, dict):
        raise TypeError(f"“{name}” is no table")
    if not_its_own := sorted({"name", "file", "shipped", "converter", "network"} & facts.keys()):
        raise ValueError(f"the model “{name}” must not say “{not_its_own[0]}”")
    return ModelEntry(name=name, **inside, **facts)


def _is_inside(path: Path, folder: Path) -> bool:
    """Whether a file or folder lies in a folder when all links are followed."""
    return path.resolve().is_relative_to(folder.resolve())


def _reason(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return str(error).rstrip(".")
    first = error.errors()[0]
    field = ".".join(map(str, first["loc"]))
    return f"{field}: {first['msg']}"


def read_entry(file: Path, **facts: Any) -> ModelEntry:
    """The entry of a ``.safetensors`` file that lies here, from its header alone.

    Raises:
        ModelError: the file has no header that can be read.
    """
    try:
        with open_regular(file) as stream:
            length = int.from_bytes(stream.read(8), "little")
            header = json.loads(stream.read(min(length, _MAX_HEADER)))
            size = os.fstat(stream.fileno()).st_size
        card = header.get("__metadata__", {})
        return ModelEntry.of_card(file.stem, card, file=file, size=size, **facts)
    except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise ModelError(f"The model file “{file}” is damaged; remove it and pull or import it again.") from error


def merge(catalogs: Iterable[Path]) -> tuple[dict[str, ModelEntry], list[str]]:
    """The models of several lists by name, and one sentence for each list or model that could not be taken."""
    entries: dict[str, ModelEntry] = {}
    problems: list[str] = []
    for path in catalogs:
        try:
            listed, wrong = read_list(Path(path))
        except ModelError as error:
            listed, wrong = [], [str(error)]
        except (OSError, TypeError, ValueError) as error:
            listed, wrong = [], [f"The list of models “{path}” cannot be used: {_reason(error)}."]
        problems += wrong
        for entry in listed:
            if entries.setdefault(entry.name, entry) is not entry:
                problems.append(f"The style “{entry.name}” of “{path}” has a name that is already taken.")
    return entries, problems
