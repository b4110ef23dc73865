"""What goes wrong where pictures are written, as sentences."""

from __future__ import annotations

import errno
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from senga.atomic import LinkError
from senga.errors import Cancelled, ReadError, SengaError, WriteError
from senga.image import Animation, Frame, Image

from .budget import name_of


def blaming_its_source(picture: Image | Animation) -> Any:
    """The picture; what goes wrong on the disk while its frames are read is then no fault of the output's place."""
    if isinstance(picture, Image):
        return picture
    from .reading import read_trouble

    def blaming(act: Callable[[], Any]) -> Any:
        try:
            return act()
        except OSError as error:
            raise ReadError(read_trouble(error, name_of(picture.info)), picture.info.source) from error

    def frames() -> Iterator[Frame]:
        remaining = picture.frames()
        while (frame := blaming(lambda: next(remaining, None))) is not None:
            yield frame

    film = picture.film
    return replace(picture, frames=frames, film=film and replace(film, source=lambda: blaming(film.source)))


@contextmanager
def border(path: Path | None, *, still: bool) -> Iterator[None]:
    """Turn what encoders and disks raise into a sentence; what the making of frames raises stays as it is."""
    name = "The picture" if path is None else f"“{path}”"
    warnings.filterwarnings("ignore", module=r"PIL\.|tifffile")
    try:
        yield
    except (SengaError, Cancelled):
        raise
    except MemoryError as error:
        raise WriteError(f"There is not enough memory to write {name}; close other programs.", path) from error
    except OSError as error:
        raise WriteError(_trouble(error, name, path), path) from error
    except Exception as error:  # encoders raise all kinds of things on pictures beyond their limits
        if not still:
            raise
        raise WriteError(f"{name} cannot be written in this format ({error}); try PNG or TIFF.", path) from error


def _trouble(error: OSError, name: str, path: Path | None) -> str:
    folder = "" if path is None else f"“{path.parent}”"
    if isinstance(error, LinkError):
        return f"{name} is {error.strerror}; remove it or choose another name."
    if isinstance(error, FileExistsError):
        return f"{name} exists already; choose another name or allow it to be replaced."
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        return f"There is no folder {folder}; make it first or choose another."
    if isinstance(error, PermissionError) or error.errno == errno.EROFS:
        return f"Nothing may be written into the folder {folder}; choose another or ask its owner."
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return f"The disk is full or too small, so {name} was not written; make room or choose another place."
    if error.errno == errno.ENAMETOOLONG:
        return f"The name {name} is too long; choose a shorter one."
    return f"{name} cannot be written: {error.strerror or error}."
