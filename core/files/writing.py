"""Write a picture or an animation in the format that its ending names, completely or not at all."""

from __future__ import annotations

import errno
import io
import os
import re
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, Literal, TypeVar

from senga.atomic import LinkError, Replacement, Staging, is_special, through
from senga.errors import Cancelled, ReadError, SengaError, WriteError
from senga.image import Animation, Frame, Image

from .animation_writers import write_apng, write_webp_animation
from .budget import name_of
from .exif import without_place, xmp_without_place
from .formats import FORMATS, FileFormat, format_of
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

_PATTERN = re.compile(r"%0?\d{0,3}d")


@dataclass(frozen=True)
class Numbered:
    """The names of an animation's frames, counted from 1, such as ``frame-%04d.png``.

    Attributes:
        folder: of all of them.
        head: what stands before the number.
        number: how it is written: ``%d`` or ``%04d``.
        tail: what stands after it.
    """

    folder: Path
    head: str
    number: str
    tail: str

    @classmethod
    def of(cls, path: Path) -> Numbered | None:
        """The names that a pattern in the name of a path stands for; None if there is none in it."""
        found = _PATTERN.search(path.name)
        if found is None:
            return None
        return cls(path.parent, path.name[: found.start()], found[0], path.name[found.end() :])

    @property
    def path(self) -> Path:
        """The pattern itself."""
        return self.folder / f"{self.head}{self.number}{self.tail}"

    def frame(self, number: int) -> Path:
        """The path of one frame."""
        return self.folder / f"{self.head}{self.number % number}{self.tail}"


_Name = TypeVar("_Name", Path, Numbered)


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
    how: dict[str, Any] = {"overwrite": overwrite, "quality": quality, "format": format, "metadata": metadata}
    numbered = Numbered.of(target) if isinstance(picture, Animation) else None
    if isinstance(picture, Animation) and numbered:
        return write_frames(picture, [numbered], **how).path
    return write_file(picture, [target], **how)


def write_file(
    picture: Picture,
    names: Iterable[Path],
    *,
    overwrite: bool,
    quality: int | None,
    metadata: Keep,
    format: str | None = None,  # noqa: A002 - as above
) -> Path:
    """Write one file, whatever its name looks like.

    All is as in ``write``, but ``names`` may be several: if the first one is taken when the content is ready, and it
    must not be replaced, the others are tried in turn. Returns the one that it got.

    Raises:
        WriteError: because of a ``FileExistsError`` if all of them are taken.
    """
    further = iter(names)
    target, is_free = _next_free(further, overwrite)
    picture = _with_metadata(picture, metadata)
    encoder = _encoder(picture, format or target.suffix, target, quality)
    with _border(target, still=isinstance(picture, Image)):
        _check_target(target, is_free)
        if is_special(target):
            with through(target) as stream:
                encoder(picture, stream, quality)
            return target
        replacement = Replacement(target)
        try:
            encoder(_blaming_its_source(picture), replacement.stream, quality)
            replacement.seal()
            if overwrite:
                replacement.commit()
            else:
                target = _placed([replacement], ((name, [name]) for name in chain([target], further)))
        finally:
            replacement.discard()
    check_whole(picture)
    return target


def _next_free(names: Iterator[_Name], overwrite: bool) -> tuple[_Name, bool]:
    """The first name that may be used, as it looks before the work is done; else the last one, and False."""
    for name in names:
        if overwrite or not os.path.lexists(name if isinstance(name, Path) else name.frame(1)):
            return name, True
    return name, False


def _placed(ready: list[Replacement], choices: Iterable[tuple[_Name, list[Path]]]) -> _Name:
    """Give contents that are ready the first names that are all free, all of them or none.

    Raises:
        FileExistsError: none of the choices is free.
    """
    taken: OSError = FileExistsError()
    for name, paths in choices:
        try:
            for each, path in zip(ready, paths, strict=True):
                each.claim(path)
        except FileExistsError as error:
            taken = error
            for each in ready:
                each.release()
        else:
            for each in ready:
                each.commit()
            return name
    raise taken


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
    first, is_free = _next_free(further, overwrite)
    ready: list[Replacement] = []
    with _border(first.path, still=False):
        _check_target(first.frame(1), is_free)
        staging = Staging(first.folder)
    try:
        for number, frame in enumerate(squared(_blaming_its_source(picture)).frames(), 1):
            target = first.frame(number)
            image = _with_metadata(frame.image, metadata)
            encoder = _encoder(image, format or target.suffix, target, quality)
            with _border(target, still=True):
                _check_target(target, overwrite=True)
                ready.append(Replacement(target, staging))
                encoder(image, ready[-1].stream, quality)
                ready[-1].seal()
        with _border(first.path, still=True):
            if not overwrite:
                numbers = range(1, len(ready) + 1)
                first = _placed(ready, ((each, [each.frame(i) for i in numbers]) for each in chain([first], further)))
            for each in ready if overwrite else ():
                each.commit()
    finally:
        for each in ready:
            each.discard()
        staging.discard()
    check_whole(picture)
    return first


def _blaming_its_source(picture: Picture) -> Any:
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


def _encoder(picture: Picture, kind: str, path: Path | None, quality: int | None) -> Encoder:
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
    return _of_square_pixels(_MOVING[found.name]) if found.still or found.name == "WEBM" else _MOVING[found.name]


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
