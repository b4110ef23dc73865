"""Read a picture of any kind, or say in one sentence why not."""

from __future__ import annotations

import io
import os
import stat
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from senga.errors import ReadError, SengaError
from senga.image import Animation, Image, Metadata
from senga.regular import drained_up_to

from .animations import Source, count_frames, read_animation
from .budget import name_of
from .formats import RAW_ENDINGS, is_film, sniff, stranger
from .gif_reader import read_gif
from .heif import read_heif
from .jpeg import read_jpeg
from .jpegxl import read_jpegxl
from .openraster import read_openraster
from .png import pixels_only, read_header, read_png
from .psd import read_psd
from .rare import read_rare
from .stills import read_still
from .tiff import read_tiff
from .video import read_video
from .video_structure import missing_bytes
from .webp import checked_webp

_LONGEST_STREAM = 1 << 32
_HEAD = 1024
_MOVING = ("WEBP", "AVIF")
_READERS: dict[str, Callable[[BinaryIO, Metadata], Image]] = {
    "ORA": read_openraster,
    "TIFF": read_tiff,
    "JPEG": read_jpeg,
    "JXL": read_jpegxl,
    "HEIF": read_heif,
    "PSD": read_psd,
}


def read(source: str | os.PathLike[str] | bytes | BinaryIO) -> Image | Animation:
    """Read a picture or an animation.

    Args:
        source: a path, the content of a file, or a binary stream, which is read to its end.

    Returns:
        A picture, upright and in sRGB, in the depth of the file; an Animation if there is more than one frame.

    Raises:
        ReadError: in one sentence what is wrong with the file and what to do.
    """
    if isinstance(source, (str, os.PathLike)):
        path = Path(source)
        return _read(lambda: path.open("rb"), Metadata(source=path))
    info = Metadata()
    with _border(info):
        content = source if isinstance(source, bytes) else drained(source)
    return _read(lambda: io.BytesIO(content), info)


def drained(stream: BinaryIO) -> bytes:
    """The content of a stream up to its end.

    Raises:
        ReadError: it is longer than any picture.
    """
    content = drained_up_to(stream, _LONGEST_STREAM)
    if content is None:
        raise ReadError("More than 4 GB came through the pipe; write it to a file and open that.")
    return content


def _read(source: Source, info: Metadata) -> Image | Animation:
    with _border(info):
        if info.source is not None:
            _check_file(info.source)
        with source() as stream:
            return _decode(stream, source, info)


def _check_file(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except ValueError as error:
        raise ReadError(f"There is no file {str(path)!r}: files cannot be called so.", path) from error
    if stat.S_ISDIR(mode):
        raise ReadError(f"“{path.name or path}” is a folder; name a picture in it.", path)
    if not stat.S_ISREG(mode):
        raise ReadError(f"“{path.name}” is a pipe or a device; copy the picture to a file first.", path)
    if path.suffix.lower() in RAW_ENDINGS:
        raise ReadError(f"“{path.name}” is a camera's raw file; develop it to TIFF or JPEG first.", path)


def _decode(stream: BinaryIO, source: Source, info: Metadata) -> Image | Animation:
    head = stream.read(_HEAD)
    stream.seek(0)
    name, kind = name_of(info), sniff(head)
    if kind == "OTHER" and info.source is not None and is_film(info.source.suffix):
        kind = "VIDEO"  # pieces of broadcasts and bare streams begin anywhere
    if not head:
        raise ReadError(f"{name} is empty (0 bytes); copy or download it again.", info.source)
    if kind is None:
        what, mend = stranger(head) or ("unknown", "export it as PNG")
        raise ReadError(f"{name} is {what}, which Senga does not read; {mend}.", info.source)
    if kind == "PNG":
        return _decode_png(stream, source, info)
    if kind == "VIDEO":
        return read_video(source, info)
    if kind == "GIF":
        return read_gif(source, info)
    if kind in _MOVING:
        return _decode_moving(kind, source, info)
    return read_rare(stream, info) if kind == "OTHER" else _READERS[kind](stream, info)


def _decode_png(stream: BinaryIO, source: Source, info: Metadata) -> Image | Animation:
    header = read_header(stream, info)
    if header.frames == 1:
        return read_png(stream, header)
    return read_animation(lambda: pixels_only(source()), "PNG", header.frames, header.info)


def _decode_moving(kind: str, source: Source, info: Metadata) -> Image | Animation:
    def opened() -> BinaryIO:
        return checked_webp(source(), info) if kind == "WEBP" else source()

    try:
        with opened() as stream:
            count = count_frames(kind, stream, info)
            if count == 1:
                return read_still(stream, info, kind)
        return read_animation(opened, kind, count, info)
    except (OSError, ValueError, RuntimeError, SyntaxError, ReadError) as error:
        with source() as stream:
            if kind != "AVIF" or not missing_bytes(stream):
                raise
        raise ReadError(f"{name_of(info)} is cut off; copy or download it again.", info.source) from error


@contextmanager
def _border(info: Metadata) -> Iterator[None]:
    """Turn whatever a decoder raises into a sentence, and keep its warnings from the user."""
    name, path = name_of(info), info.source
    warnings.filterwarnings("ignore", module=r"PIL\.|tifffile")
    try:
        yield
    except SengaError:
        raise
    except MemoryError as error:
        raise ReadError(f"There is not enough memory to open {name}; close other programs.", path) from error
    except OSError as error:
        raise ReadError(read_trouble(error, name), path) from error
    except Exception as error:  # half a dozen libraries raise all kinds of things on damaged files
        text = f"{name} is damaged or no picture; open it in another program and save it anew."
        raise ReadError(text, path) from error


def read_trouble(error: OSError, name: str) -> str:
    """What is wrong with a file that cannot be read, in one sentence."""
    if isinstance(error, FileNotFoundError):
        return f"There is no file {name}; check the name and the folder."
    if isinstance(error, PermissionError):
        return f"{name} may not be read; ask its owner for permission."
    if error.errno is not None:
        return f"{name} cannot be read: {error.strerror}."
    if "truncated" in str(error).lower():
        return f"{name} is cut off; copy or download it again."
    if type(error).__name__ == "UnidentifiedImageError":
        return f"{name} is no picture that Senga knows; check that it is one, or export it as PNG."
    return f"{name} is damaged; copy or download it again, or open it in another program and save it anew."
