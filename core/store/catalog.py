"""The catalogue of models: what each is, whose it is, under which terms, and where it can be had."""

from __future__ import annotations

import difflib
import json
import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from senga.errors import ModelError
from senga.families import Family
from senga.names import is_safe_name, joined
from senga.regular import open_regular, read_regular

from .facts import bounded, names_of, read_facts

__all__ = ["CARD_FIELDS", "ModelEntry", "is_safe_name", "merge", "read_card", "read_catalog", "read_entry", "read_list"]

_DIGEST = re.compile(r"|sha256:[0-9a-f]{64}|git:[0-9a-f]{40}")
_REFERENCE = re.compile(r"|[A-Za-z_][\w.]*:[A-Za-z_]\w*")
_NOT_ITS_OWN = {"name", "family", "file", "shipped", "converter", "network", "facts"}
_DAMAGED = "The model file “{file}” is damaged; remove it and pull or import it again."
_MAX_HEADER = 1 << 20
_MAX_LIST = 1 << 18
_MOST_DOTS = 200
"""In one line: the parser takes the square of the parts of a dotted key, in time and memory."""

_Text = Annotated[str, Field(max_length=8000)]
_Reference = Annotated[str, Field(pattern=f"^({_REFERENCE.pattern})$")]

CARD_FIELDS = (
    "title", "family", "architecture", "licence", "licence_url", "terms", "commercial", "author", "source",
    "training_data", "steps", "note", "draft_of",
)  # fmt: skip
"""What every model card can say; with the facts of the family it travels, as text, in the metadata of the weights."""


class ModelEntry(BaseModel):
    """One model that a filter can use.

    Attributes:
        name: what users type while it is unique; safe as a file name.
        family: of networks, or empty where nobody knows it.
        title: what a list shows.
        urls: where the public file lies, the best place first; empty for a model that is shipped or imported.
        size: bytes of that file, or None when unknown.
        digest: ``sha256:…``, or ``git:…`` (the id that Git gives the file), or empty when nobody could state one.
        architecture: which network the weights belong to.
        licence: SPDX identifier or a short text.
        licence_url: where the licence can be read.
        terms: what it asks for, in a sentence that is shown before a download.
        commercial: whether commercial use is allowed.
        author: who made the weights.
        source: the public page about them.
        training_data: what they were made from.
        steps: how many steps of training they saw.
        note: what the style looks like.
        draft_of: the style that it is the draft form of, see ``senga.store.drafts``; empty for a style of its own.
        facts: what else its family says on a card; they can be given and read by their own names.
        converter: ``package.module:function`` that brings a file's arrays to the names of the network.
        network: ``package.module:function`` that tells which network a card describes.
        file: where the model lies when it is shipped or in the store.
        shipped: it came with the program.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)

    name: str
    family: str = ""
    title: _Text = ""
    urls: tuple[_Text, ...] = ()
    size: int | None = Field(default=None, gt=0)
    digest: str = Field(default="", pattern=f"^({_DIGEST.pattern})$")
    architecture: _Text = ""
    licence: _Text = "unknown"
    licence_url: _Text = ""
    terms: _Text = ""
    commercial: Literal["yes", "no", "unknown"] = "unknown"
    author: _Text = "unknown"
    source: _Text = ""
    training_data: _Text = "unknown"
    steps: _Text = ""
    note: _Text = ""
    draft_of: _Text = ""
    facts: dict[str, str] = Field(default_factory=dict)
    converter: _Reference = ""
    network: _Reference = ""
    file: Path | None = None
    shipped: bool = False

    @model_validator(mode="before")
    @classmethod
    def _gathered(cls, given: Any) -> Any:
        """What is no field is a fact of the family."""
        if not isinstance(given, dict) or not all(isinstance(key, str) for key in given):
            return given
        more = {key: value for key, value in given.items() if key not in cls.model_fields}
        return {key: value for key, value in given.items() if key not in more} | (
            {"facts": bounded({**given.get("facts", {}), **more})} if more or "facts" in given else {}
        )

    @field_validator("name", "family")
    @classmethod
    def _safe(cls, name: str, about: ValidationInfo) -> str:
        if not is_safe_name(name) and (name or about.field_name == "name"):
            raise ValueError(f"“{name}” is no name for a style: use lower-case letters, digits and dashes")
        return name

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            facts = self.__dict__.get("facts", {})
            return facts[name] if name in facts else super().__getattr__(name)

    @property
    def full_name(self) -> str:
        """``family/name``, which is unique."""
        return joined(self.family, self.name)

    @classmethod
    def of_card(cls, name: str, card: Mapping[str, str], family: Family | None = None, **more: Any) -> Self:
        """An entry from the metadata of a weights file, with the facts that its family knows."""
        stated = {key: card[key] for key in CARD_FIELDS if key in card}
        facts = read_facts(family, {key: card[key] for key in names_of(family, card)})
        if family:
            stated |= {"family": family.name, "converter": family.converter, "network": family.network}
        return cls.model_validate({"name": name, "facts": facts, **stated, **more})

    def card(self) -> dict[str, str]:
        """The facts that travel with the weights."""
        return {key: str(getattr(self, key)) for key in CARD_FIELDS if getattr(self, key)} | self.facts


def read_catalog(path: Path, family: Family | None = None) -> list[ModelEntry]:
    """The models that one ``weights.toml`` lists, those shipped beside it first.

    Raises:
        ModelError: something of it cannot be used.
    """
    entries, problems = read_list(path, family)
    if problems:
        raise ModelError(problems[0])
    return entries


def read_list(path: Path, family: Family | None = None) -> tuple[list[ModelEntry], list[str]]:
    """The models that one ``weights.toml`` lists, and a sentence for each that cannot be used.

    The file has optionally ``shipped`` (a folder inside its own, with ``.safetensors`` files that carry their own
    card), and a table ``[model.NAME]`` for each public model. ``converter`` and ``network`` stand in it where its
    family does not name them.

    Raises:
        ModelError: the file is missing or malformed.
    """
    table = _table(path)
    inside = {key: getattr(family, key, "") or table.get(key, "") for key in ("converter", "network")}
    entries: list[ModelEntry] = []
    problems: list[str] = []
    makers = [
        partial(_shipped, file, path.parent, inside, family) for file in _shipped_files(path, table.get("shipped"))
    ]
    makers += [partial(_public, name, facts, inside, family) for name, facts in _models(path, table).items()]
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


def _shipped(file: Path, home: Path, inside: Mapping[str, Any], family: Family | None) -> ModelEntry:
    if not _is_inside(file, home):
        raise ValueError(f"“{file.name}” lies outside its folder")
    return read_entry(file, family, **inside, shipped=True)


def _public(name: str, facts: object, inside: Mapping[str, Any], family: Family | None) -> ModelEntry:
    """A model that can be fetched; where it will lie is for the store alone to say."""
    if not isinstance(facts, dict):
        raise TypeError(f"“{name}” is no table")
    if not_its_own := sorted(_NOT_ITS_OWN & facts.keys()):
        raise ValueError(f"the model “{name}” must not say “{not_its_own[0]}”")
    own = {key: value for key, value in facts.items() if key not in ModelEntry.model_fields}
    for key in own if family is None or family.facts is None else ():
        if near := difflib.get_close_matches(key, ModelEntry.model_fields, 1, 0.8):
            raise ValueError(f"the model “{name}” says “{key}”, did you mean “{near[0]}”?")
    general = {key: value for key, value in facts.items() if key not in own}
    known = {"family": family.name if family else "", "facts": read_facts(family, own)}
    return ModelEntry.model_validate({"name": name, **inside, **known, **general})


def _is_inside(path: Path, folder: Path) -> bool:
    """Whether a file or folder lies in a folder when all links are followed."""
    return path.resolve().is_relative_to(folder.resolve())


def _reason(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return str(error).rstrip(".")
    first = error.errors()[0]
    field = ".".join(map(str, first["loc"]))
    return f"{field}: {first['msg']}"


def read_card(file: Path) -> dict[str, str]:
    """What a ``.safetensors`` file says of itself in its header.

    Raises:
        ModelError: it has none that can be read.
    """
    return _header(file)[0]


def read_entry(file: Path, family: Family | None = None, **more: Any) -> ModelEntry:
    """The entry of a ``.safetensors`` file that lies here, from its header alone.

    Raises:
        ModelError: the file has no header that can be read.
    """
    try:
        card, size = _header(file)
        return ModelEntry.of_card(file.stem, card, family, file=file, size=size, **more)
    except (ValueError, TypeError) as error:
        raise ModelError(_DAMAGED.format(file=file)) from error


def _header(file: Path) -> tuple[dict[str, str], int]:
    try:
        state = file.stat()
    except (OSError, ValueError) as error:
        raise ModelError(_DAMAGED.format(file=file)) from error
    return _read_header(file, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=256)
def _read_header(file: Path, changed: int, size: int) -> tuple[dict[str, str], int]:  # noqa: ARG001 - they tell states apart
    try:
        with open_regular(file) as stream:
            length = int.from_bytes(stream.read(8), "little")
            header = json.loads(stream.read(min(length, _MAX_HEADER)))
            length = os.fstat(stream.fileno()).st_size
        card = header.get("__metadata__", {})
        return {str(key): str(value) for key, value in card.items()}, length
    except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise ModelError(_DAMAGED.format(file=file)) from error


def merge(catalogs: Iterable[Path | Family]) -> tuple[dict[str, ModelEntry], list[str]]:
    """The models of several lists by full name, and one sentence for each list or model that could not be taken."""
    entries: dict[str, ModelEntry] = {}
    problems: list[str] = []
    for given in catalogs:
        family = given if isinstance(given, Family) else None
        path: Any = family.models if family else given
        if family and path is None:
            continue
        try:
            listed, wrong = read_list(Path(path), family)
        except ModelError as error:
            listed, wrong = [], [str(error)]
        except (OSError, TypeError, ValueError) as error:
            listed, wrong = [], [f"The list of models “{path}” cannot be used: {_reason(error)}."]
        problems += wrong
        for entry in listed:
            if entries.setdefault(entry.full_name, entry) is not entry:
                problems.append(f"The style “{entry.full_name}” of “{path}” has a name that is already taken.")
    return entries, problems
