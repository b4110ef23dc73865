"""Write a picture or an animation in the format that its ending names, completely or not at all."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, Literal

from senga.atomic import Replacement, Staging
from senga.devices import is_special, through
from senga.errors import PartError, WriteError
from senga.image import Animation, Frame, Image

from .animation_writers import write_apng, write_webp_animation
from .exif import without_place, xmp_without_place
from .formats import FORMATS, FileFormat, format_of
from .gif_writer import write_gif
from .numbered import Numbered, next_free, placed
from .openraster import write_openraster
from .png import write_png
from .still_writers import write_avif, write_bmp, write_jpeg, write_webp
from .tiff_writer import write_tiff
from .video import squared, without_tags
from .video_codecs import AUTO, check_codec
from .video_writing import write_film
from .write_trouble import blaming_its_source, border

Keep = Literal["keep", "strip", "strip-gps"]
Picture = Image | Animation
Encoder = Callable[[Any, BinaryIO, int | None], None]


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
}
_FILMS = ("MP4", "MOV", "MKV", "WEBM")


def write(
    picture: Picture,
    path: str | os.PathLike[str],
    *,
    overwrite: bool = True,
    quality: int | None = None,
    format: str | None = None,  # noqa: A002 - the word everybody uses for it
    metadata: Keep = "keep",
    codec: str = AUTO,
) -> Path:
    """Write a picture or an animation; the file is there completely or not at all.

    Args:
        picture: what to write.
        path: its ending chooses the format. An animation may go to numbered pictures: ``frame-%04d.png``.
        overwrite: replace an existing file.
        quality: 1 to 100, for JPEG, WebP (100 = lossless), AVIF, H.264, H.265 and VP9; None for a very good one.
        format: such as ``png``, whatever the ending.
        metadata: ``keep``, ``strip`` (EXIF, XMP and resolution; colours stay right) or ``strip-gps``.
        codec: of films: ``auto`` (H.264; H.265 for films of 10 bits; VP9 in WebM), ``h264``, ``hevc`` (10 bits),
            ``prores``, ``prores-4444`` (both ``.mov``), ``ffv1`` (``.mkv``, lossless) or ``vp9``; ``prores-4444`` and
            ``ffv1`` keep transparency.

    Returns:
        The path.

    Raises:
        WriteError: in one sentence what is wrong and what to do.
        ReadError: a part of the film that the frames come from was missing or damaged; the rest has been written.
    """
    target = Path(path)
    how: dict[str, Any] = {"overwrite": overwrite, "quality": quality, "format": format, "metadata": metadata}
    numbered = Numbered.of(target) if isinstance(picture, Animation) else None
    if isinstance(picture, Animation) and numbered:
        return write_frames(picture, [numbered], **how).path
    return write_file(picture, [target], **how, codec=codec)


def write_file(
    picture: Picture,
    names: Iterable[Path],
    *,
    overwrite: bool,
    quality: int | None,
    metadata: Keep,
    format: str | None = None,  # noqa: A002 - as above
    codec: str = AUTO,
) -> Path:
    """Write one file, whatever its name looks like.

    All is as in ``write``, but ``names`` may be several: if the first one is taken when the content is ready, and it
    must not be replaced, the others are tried in turn. Returns the one that it got.

    Raises:
        WriteError: because of a ``FileExistsError`` if all of them are taken.
    """
    further = iter(names)
    target, is_free = next_free(further, overwrite)
    picture = _with_metadata(picture, metadata)
    encoder = _encoder(picture, format or target.suffix, target, quality, codec)
    with border(target, still=isinstance(picture, Image)):
        _check_target(target, is_free)
        if is_special(target):
            with through(target) as stream:
                encoder(picture, stream, quality)
            return target
        replacement = Replacement(target)
        try:
            encoder(blaming_its_source(picture), replacement.stream, quality)
            replacement.seal()
            if overwrite:
                replacement.commit()
            else:
                target = placed([replacement], ((name, [name]) for name in chain([target], further)))
        finally:
            replacement.discard()
    check_whole(picture, target)
    return target


def check_whole(picture: Picture, written: Path | None = None) -> None:
    """Say what was missing or damaged in the film that a result was made of; the result is there all the same.

    Raises:
        PartError: something was.
    """
    film = picture.film if isinstance(picture, Animation) else None
    if film is not None and film.faults:
        error = PartError(film.faults[0], picture.info.source)
        error.written = written
        raise error


def encode(
    picture: Picture,
    format: str,  # noqa: A002 - the word everybody uses for it
    *,
    quality: int | None = None,
    metadata: Keep = "keep",
    codec: str = AUTO,
) -> bytes:
    """The content of a file in a format such as ``png``, for pipes.

    Raises:
        WriteError: the format is unknown or cannot hold the picture.
    """
    picture = _with_metadata(picture, metadata)
    encoder = _encoder(picture, format, None, quality, codec)
    stream = io.BytesIO()
    with border(None, still=isinstance(picture, Image)):
        encoder(picture, stream, quality)
    return stream.getvalue()


def write_frames(
    picture: Animation,
    names: Iterable[Numbered],
    *,
    overwrite: bool,
    quality: int | None,
    metadata: Keep,
    format: str | None = None,  # noqa: A002 - as above
) -> Numbered:
    """Write frames as single pictures, which appear when all are ready; otherwise as ``write_file``."""
    further = iter(names)
    first, is_free = next_free(further, overwrite)
    ready: list[Replacement] = []
    with border(first.path, still=False):
        _check_target(first.frame(1), is_free)
        staging = Staging(first.folder)
    try:
        for number, frame in enumerate(squared(blaming_its_source(picture)).frames(), 1):
            target = first.frame(number)
            image = _with_metadata(frame.image, metadata)
            encoder = _encoder(image, format or target.suffix, target, quality)
            with border(target, still=True):
                _check_target(target, overwrite=True)
                ready.append(Replacement(target, staging))
                encoder(image, ready[-1].stream, quality)
                ready[-1].seal()
        with border(first.path, still=True):
            if not overwrite:
                numbers = range(1, len(ready) + 1)
                first = placed(ready, ((each, [each.frame(i) for i in numbers]) for each in chain([first], further)))
            for each in ready if overwrite else ():
                each.commit()
    finally:
        for each in ready:
            each.discard()
        staging.discard()
    check_whole(picture, first.path)
    return first


def check_kind(kind: str, moves: bool | None, path: Path | None) -> FileFormat:
    """The format of that name or ending, if it can be written.

    Args:
        kind: such as ``png`` or ``.png``.
        moves: whether it is to hold an animation; None if that is not known yet.
        path: what messages name.

    Raises:
        WriteError: it is unknown, only read, or cannot hold that.
    """
    found, name = format_of(kind), "The picture" if path is None else f"“{path.name}”"
    fitting = [each for each in FORMATS if each.writes and (moves is None or (each.moves if moves else each.still))]
    endings = " ".join(each.endings[0] for each in fitting)
    if found is None or not found.writes:
        what = f"the ending “{kind}”" if kind else "no ending"
        raise WriteError(f"{name} has {what}, which Senga cannot write; use one of {endings}.", path)
    if found not in fitting:
        what = "an animation" if moves else "a single picture"
        raise WriteError(f"{name}: {found.name} cannot hold {what}; use one of {endings}.", path)
    return found


def _encoder(picture: Picture, kind: str, path: Path | None, quality: int | None, codec: str = AUTO) -> Encoder:
    moves = isinstance(picture, Animation)
    found, name = check_kind(kind, moves, path), "The picture" if path is None else f"“{path.name}”"
    longest = max(picture.height, picture.width)
    if longest > found.longest:
        text = f"{name}: {found.name} holds at most {found.longest} pixels a side, not {longest}; use PNG or TIFF."
        raise WriteError(text, path)
    if quality is not None and not 1 <= quality <= 100:
        raise WriteError(f"{name}: the quality is a number from 1 to 100, not {quality}.", path)
    if not moves:
        return _STILL[found.name]
    check_codec(codec, found.endings[0], name)
    encoder = partial(write_film, kind=found.name, codec=codec) if found.name in _FILMS else _MOVING[found.name]
    is_square = found.still or found.name == "WEBM" or codec == "ffv1"
    return _of_square_pixels(encoder) if is_square else encoder


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
    if not overwrite and os.path.lexists(path):
        raise FileExistsError(errno.EEXIST, "File exists", str(path))
