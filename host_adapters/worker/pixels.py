"""A client's canvas as a picture, and pictures as canvases."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from senga.cutouts import on_white
from senga.errors import SettingsError
from senga.face import mask_of
from senga.image import Image, Pixels, to_depth
from senga.ops.rows import bands

from .client import Canvas, allocate

TYPES: dict[str, np.dtype[Any]] = {"u8": np.dtype(np.uint8), "u16": np.dtype(np.uint16), "float": np.dtype(np.float32)}


class Sheet(BaseModel):
    """The facts of a canvas: where its file lies, and how the pixels lie in it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Path
    width: int = Field(ge=1)
    height: int = Field(ge=1)
    channels: Literal[1, 2, 3, 4]
    depth: Literal["u8", "u16", "float"]
    masked: bool = False

    @property
    def shape(self) -> tuple[int, int, int]:
        """(H, W, C)."""
        return self.height, self.width, self.channels

    @property
    def mask_start(self) -> int:
        """Where the mask begins in the file, in bytes."""
        return self.height * self.width * self.channels * TYPES[self.depth].itemsize

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self.mask_start + self.height * self.width * self.masked


class Mapping:
    """A canvas mapped into memory; the name of its file is taken away at once, so that it ends with its users.

    Raises:
        SettingsError: there is no such canvas.
    """

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        with _opened(sheet) as file:
            self._pixels: NDArray[Any] = np.memmap(file, TYPES[sheet.depth], "r+", 0, sheet.shape)
            if sheet.masked:
                self._mask = np.memmap(file, np.uint8, "r", sheet.mask_start, sheet.shape[:2])
        with suppress(PermissionError):  # Windows: its client removes it
            sheet.path.unlink(missing_ok=True)

    def image(self) -> Image:
        """The picture; nobody can write into its pixels."""
        view = np.asarray(self._pixels).view()
        view.flags.writeable = False
        return Image.of_samples(view)

    def selection(self) -> Pixels | None:
        """The (H, W) mask, or None when everything is selected."""
        return np.asarray(self._mask) if self.sheet.masked else None

    def write(self, image: Image) -> None:
        """Put a picture of the same size in place of the old one."""
        for rows, values in _bands(image, self.sheet.channels, self.sheet.depth):
            self._pixels[rows] = values


def _opened(sheet: Sheet) -> Any:
    """The file of a canvas.

    Raises:
        SettingsError: it is none.
        WorkerError: it has holes, which the disk has no room for: reading them would end the process.
    """
    try:
        file = open(sheet.path, "r+b", opener=_unfollowed)  # noqa: SIM115 - the caller closes it
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SettingsError(f"The canvas {sheet.path} cannot be opened: {reason}.") from error
    try:
        if _fits(file, sheet):
            allocate(file, 0, sheet.size)
            return file
        raise SettingsError(f"{sheet.path} is no canvas of {sheet.width} x {sheet.height} pixels.")
    except BaseException:
        file.close()
        raise


def _unfollowed(path: str, flags: int) -> int:
    """Open a file, but no link to another one, and without waiting for whoever writes into a pipe."""
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))


def _fits(file: Any, sheet: Sheet) -> bool:
    """Whether it is a canvas of this user, long enough: one that is too short would end the process when it is read."""
    facts = os.fstat(file.fileno())
    owned = not hasattr(os, "geteuid") or facts.st_uid == os.geteuid()
    regular = sheet.path.name.startswith("canvas-") and stat.S_ISREG(facts.st_mode)
    return owned and regular and facts.st_size >= sheet.size


def new_canvas(image: Image, like: Sheet) -> Canvas:
    """A canvas that holds a picture, grey or coloured and as deep as another, with alpha if the picture has it.

    Raises:
        WorkerError: there is no room for it.
    """
    channels = (1 if like.channels < 3 else 3) + (image.alpha is not None)
    canvas = Canvas(image.width, image.height, channels, like.depth)
    for rows, values in _bands(image, channels, like.depth):
        canvas.write_band(rows.start, values.tobytes())
    return canvas


def _bands(image: Image, channels: int, depth: str) -> Iterator[tuple[slice, NDArray[Any]]]:
    """The picture as (rows, W, channels) arrays of a depth; on white where a canvas has no alpha."""
    for rows in bands(image.height):
        part = image.crop(rows.start, 0, rows.stop, image.width)
        part = part if channels in (2, 4) else on_white(part)
        planes = [_colour(part, channels > 2, TYPES[depth])]
        if channels in (2, 4):
            opaque = np.ones(part.pixels.shape[:2], np.float32)
            planes.append(to_depth(opaque if part.alpha is None else part.alpha, TYPES[depth])[:, :, None])
        yield rows, np.dstack(planes)


def _colour(image: Image, coloured: bool, depth: Any) -> Pixels:
    if coloured:
        return to_depth(image.pixels, depth)
    if image.grey:
        return to_depth(image.pixels[:, :, :1], depth)
    return to_depth(mask_of(Image(image.pixels)), depth)[:, :, None]
