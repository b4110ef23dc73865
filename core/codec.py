"""What pictures ask of files; the room of files offers it, and is found by its name when it is first needed."""

from __future__ import annotations

import importlib
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from .errors import SettingsError

if TYPE_CHECKING:
    import PIL.Image

    from .image import Animation, Image

HOME = "senga.files"
"""Who offers a codec when it is imported. Named by a string once: pictures need no files."""


class Codec(Protocol):
    """Reads, writes and converts pictures; ``senga.files`` tells what its functions do."""

    def read(self, file: str | os.PathLike[str]) -> Image | Animation:
        """A picture from a path."""

    def write(self, picture: Image | Animation, path: str | Path, **options: Any) -> Path:
        """Write it, atomically."""

    def encode(self, picture: Image | Animation, format: str) -> bytes:  # noqa: A002 - the word of the caller
        """The content of a file."""

    def to_pil(self, image: Image) -> PIL.Image.Image:
        """For Pillow."""

    def from_pil(self, pil: Any) -> Image:
        """From Pillow."""

    def preview_png(self, image: Image) -> bytes:
        """A small PNG."""


_offered: list[Codec] = []


def offer(codec: Codec) -> None:
    """Make known who reads and writes pictures."""
    _offered[:] = [codec]


def codec() -> Codec:
    """Who reads and writes pictures."""
    if not _offered:
        importlib.import_module(HOME)
    return _offered[0]


def still_at(path: str | os.PathLike[str]) -> Image:
    """The still picture in a file.

    Raises:
        SengaError: it cannot be read, or moves.
    """
    from .image import Image

    found = codec().read(path)
    if not isinstance(found, Image):
        raise SettingsError(f"{os.fspath(path)} is an animation, but it must be a still picture.")
    return found


def image_of_pil(pil: PIL.Image.Image | Any) -> Image:
    """Modes whose scale Pillow leaves open are read by their numbers, unless they come from a file of known depth."""
    from .image import Image

    found = codec().from_pil(pil)
    if pil.mode != "F" and (pil.format or not pil.mode.startswith("I")):
        return found
    numbers = np.asarray(pil)
    return replace(Image.of(numbers if pil.mode == "F" else numbers.astype(np.int64)), info=found.info)
