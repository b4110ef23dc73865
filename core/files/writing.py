"""Write a picture or an animation in the format that its ending names, completely or not at all."""

from __future__ import annotations

import errno
import io
import os
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, Literal

from senga.atomic import Replacement, replacing
from senga.errors import Cancelled, ReadError, SengaError, WriteError
from senga.image import Animation, Frame, Image

from .animation_writers import write_apng, write_webp_animation
from .exif import without_place, xmp_without_place
from .formats import FORMATS, format_of
from .gif_writer import write_gif
from .openraster import write_openraster
from .png import write_png
from .still_writers import write_avif, write_bmp, write_jpeg, write_webp
from .tiff import write_tiff
from .video import squared, without_tags
from .video_writing import write_mkv, write_mov, write_mp4, write_webm

Keep = Literal["keep", "strip", "strip-gps"]
Picture = Image | Animation
Encoder = Callable[[Any, BinaryIO, int | None], None]

_PATTERN = re.compile(r"%0?\d*d")


def _write_still_gif(image: Image, stream: BinaryIO, quality: int | None) -> None:
    write_gif(Animation(lambda: iter([Frame(image)]), image.height, image.width, 1, 1), stream, quality)


_STILL: dict[str, Encoder] = {
    "PNG": write_png,
    "JPEG": write_jpeg,
    "TIFF": write_tiff,
    "WEBP": write_webp,
    "AVIF": write_avif,
    "BMP": write_bmp,
    "GIF": _write_still_gif,
    "ORA": write_openraster,
}
_MOVING: dict[str, Encoder] = {
    "PNG": write_apng,
    "WEBP": write_webp_animation,
    "GIF": write_gif,
    "MP4": write_mp4,
    "MOV": write_mov,
    "MKV": write_mkv,
    "WEBM": write_webm,
}


def write(
    picture: Picture,
    path: str | os.PathLike[str],
    *,
    overwrite: bool = True,
    quality: int | None = None,
    format: str | None = None,  # noqa: A002 - the word everybody uses for it
    metadata: Keep = "keep",
) -> Path:
    """Write a picture or an animation; the file is there completely or not at all.

    Args:
        picture: what to write.
        path: its ending chooses the format. An animation may go to numbered pictures: ``frame-%04d.png``.
        overwrite: replace an existing file.
        quality: 1 to 100, for JPEG, WebP (100 = lossless), AVIF and MP4; None for a very good one.
        format: such as ``png``, whatever the ending.
        metadata: ``keep``, ``strip`` (EXIF, XMP and resolution; colours stay right) or ``strip-gps``.

    Returns:
        The path.

    Raises:
        WriteError: in one sentence what is wrong and what to do.
        ReadError: a part of the film that the frames come from was missing or damaged; the rest has been written.
    """
    target = Path(path)
    if isinstance(picture, Animation) and _PATTERN.search(target.name):
        return _write_numbered(picture, target, overwrite, quality, format, metadata)
    picture = _with_metadata(picture, metadata)
    encoder = _encoder(picture, format or target.suffix, target, quality)
    with _border(target, still=isinstance(picture, Image)):
        _check_target(target, overwrite)
        with replacing(target, overwrite=overwrite) as stream:
            encoder(picture, stream, quality)
    check_whole(picture)
    return target


def check_whole(picture: Picture) -> None:
    """Say what was missing or damaged in the film that a result was made of; the result is there all the same.

    Raises:
        ReadError: something was.
    """
    film = picture.film if isinstance(picture, Animation) else None
    if film is not None and film.faults:
        raise ReadError(film.faults[0], picture.info.source)


def encode(
    picture: Picture,
    format: str,  # noqa: A002 - the word everybody uses for it
    *,
    quality: int | None = None,
    metadata: Keep = "keep",
) -> bytes:
    """The content of a file in a format such as ``png``, for pipes.

    Raises:
        WriteError: the format is unknown or cannot hold the picture.
    """
    picture = _with_metadata(picture, metadata)
    encoder = _encoder(picture, format, None, quality)
    stream = io.BytesIO()
    with _border(None, still=isinstance(picture, Image)):
        encoder(picture, stream, quality)
    return stream.getvalue()


def _write_numbered(
    picture: Animation, pattern: Path, overwrite: bool, quality: int | None, kind: str | None, metadata: Keep
) -> Path:
    """Frames as single pictures, counted from 1; they appear when all are ready."""
    ready: list[Replacement] = []
    try:
        for number, frame in enumerate(squared(picture).frames(), 1):
            target = pattern.with_name(_PATTERN.sub(lambda found: found[0] % number, pattern.name, count=1))  # noqa: B023
            image = _with_metadata(frame.image, metadata)
            encoder = _encoder(image, kind or target.suffix, target, quality)
            with _border(target, still=True):
                _check_target(target, overwrite)
                ready.append(Replacement(target))
                encoder(image, ready[-1].stream, quality)
                ready[-1].seal()
        for each in ready:
            with _border(each.target, still=True):
                each.commit(overwrite=overwrite)
    finally:
        for each in ready:
            each.discard()
    check_whole(picture)
    return pattern


def _encoder(picture: Picture, kind: str, path: Path | None, quality: int | None) -> Encoder:
    moves = isinstance(picture, Animation)
    found, name = format_of(kind), "The picture" if path is None else f"“{path.name}”"
    fitting = [each for each in FORMATS if each.writes and (each.moves if moves else each.still)]
    endings = " ".join(each.endings[0] for each in fitting)
    if found is None or not found.writes:
        what = f"the ending “{kind}”" if kind else "no ending"
        raise WriteError(f"{name} has {what}, which Senga cannot write; use one of {endings}.", path)
    if found not in fitting:
        what = "an animation" if moves else "a single picture"
        raise WriteError(f"{name}: {found.name} cannot hold {what}; use one of {endings}.", path)
    longest = max(picture.height, picture.width)
    if longest > found.longest:
        text = f"{name}: {found.name} holds at most {found.longest} pixels a side, not {longest}; use PNG or TIFF."
        raise WriteError(text, path)
    if quality is not None and not 1 <= quality <= 100:
        raise WriteError(f"{name}: the quality is a number from 1 to 100, not {quality}.", path)
    if not moves:
        return _STILL[found.name]
    return _of_square_pixels(_MOVING[found.name]) if found.still else _MOVING[found.name]


def _of_square_pixels(encoder: Encoder) -> Encoder:
    """For formats that cannot say that pixels are wide, as those of television films are."""
    return lambda animation, stream, quality: encoder(squared(animation), stream, quality)


def _with_metadata(picture: Picture, keep: Keep) -> Picture:
    info = picture.info
    if isinstance(picture, Animation) and picture.film is not None and keep != "keep":
        picture = replace(picture, film=without_tags(picture.film, place_only=keep == "strip-gps"))
    if keep == "strip":
        return replace(picture, info=replace(info, exif=None, xmp=None, dpi=None))
    if keep == "strip-gps":
        return replace(picture, info=replace(info, exif=without_place(info.exif), xmp=xmp_without_place(info.xmp)))
    return picture


def _check_target(path: Path, overwrite: bool) -> None:
    if path.is_dir():
        raise WriteError(f"“{path}” is a folder; name a file in it.", path)
    if not overwrite and path.exists():
        raise WriteError(f"“{path}” exists already; choose another name or allow it to be replaced.", path)


@contextmanager
def _border(path: Path | None, *, still: bool) -> Iterator[None]:
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
