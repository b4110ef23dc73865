"""The catalogue of models: what each is, whose it is, under which terms, and where it can be had."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from senga.errors import ModelError

_NAME = re.compile(r"[a-z0-9]+([._-][a-z0-9]+)*")
_DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}
_DIGEST = re.compile(r"|sha256:[0-9a-f]{64}|git:[0-9a-f]{40}")
_MAX_HEADER = 1 << 20

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
    title: str = ""
    urls: tuple[str, ...] = ()
    size: int | None = Field(default=None, gt=0)
    digest: str = Field(default="", pattern=f"^({_DIGEST.pattern})$")
    architecture: str = ""
    width: str = "1.0"
    upsample: str = "tf1"
    eps: str = "1e-5"
    licence: str = "unknown"
    licence_url: str = ""
    terms: str = ""
    commercial: Literal["yes", "no", "unknown"] = "unknown"
    author: str = "unknown"
    source: str = ""
    training_data: str = "unknown"
    steps: str = ""
    note: str = ""
    converter: str = ""
    network: str = ""
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

    The file has ``converter``, optionally ``network`` and ``shipped`` (a folder of ``.safetensors`` files that carry
    their own card), and a table ``[model.NAME]`` for each public model.

    Raises:
        ModelError: the file is missing or malformed.
    """
    try:
        table = tomllib.loads(path.read_text("utf-8"))
        inside = {key: str(table.get(key, "")) for key in ("converter", "network")}
        shipped = sorted((path.parent / table["shipped"]).glob("*.safetensors")) if "shipped" in table else []
        public = table.get("model", {}).items()
        entries = [read_entry(file, **inside, shipped=True) for file in shipped]
        return entries + [ModelEntry(name=name, **inside, **facts) for name, facts in public]
    except (OSError, tomllib.TOMLDecodeError, TypeError, ValidationError) as error:
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise ModelError(f"The list of models “{path}” cannot be used: {reason}.") from error


def read_entry(file: Path, **facts: Any) -> ModelEntry:
    """The entry of a ``.safetensors`` file that lies here, from its header alone.

    Raises:
        ModelError: the file has no header that can be read.
    """
    try:
        with file.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            header = json.loads(stream.read(min(length, _MAX_HEADER)))
        card = header.get("__metadata__", {})
        return ModelEntry.of_card(file.stem, card, file=file, size=file.stat().st_size, **facts)
    except (OSError, ValueError, AttributeError) as error:
        raise ModelError(f"The model file “{file}” is damaged; remove it and pull or import it again.") from error


def merge(catalogs: Iterable[Path]) -> tuple[dict[str, ModelEntry], list[str]]:
    """The models of several lists by name, and one sentence for each list or name that could not be taken."""
    entries: dict[str, ModelEntry] = {}
    problems: list[str] = []
    for path in catalogs:
        try:
            for entry in read_catalog(path):
                if entries.setdefault(entry.name, entry) is not entry:
                    problems.append(f"The style “{entry.name}” of “{path}” has a name that is already taken.")
        except ModelError as error:
            problems.append(str(error))
    return entries, problems
