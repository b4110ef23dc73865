"""What a file holds, told by a few of its bytes: for whoever must know before it is read."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from senga.image import Animation, Metadata

from .animations import count_frames
from .formats import FILM_ENDINGS, FORMATS, sniff
from .gif_reader import read_gif
from .png import SIGNATURE

_HEAD = 1024
_MOVING = ("WEBP", "AVIF")


@dataclass(frozen=True)
class Kind:
    """What a file seems to hold.

    Attributes:
        moves: more than one frame.
        film: a video, whose result is best a video too.
        format: the name of its format; empty if it is not known or told only by decoding.
    """

    moves: bool = False
    film: bool = False
    format: str = ""


def kind_of(source: Path | bytes) -> Kind:
    """What a file or the content of one holds; what cannot be read or is no picture counts as a still."""
    try:
        with io.BytesIO(source) if isinstance(source, bytes) else _opened(source) as stream:
            found = _told(stream)
            named = isinstance(source, Path) and source.suffix.lower() in FILM_ENDINGS
            return Kind(True, True, "VIDEO") if found == Kind() and named else found
    except Exception:  # decoders raise all kinds of things on damaged files; whoever reads it will tell
        return Kind()


def _opened(path: Path) -> BinaryIO:
    if not path.is_file():  # opening a pipe would wait for its other end
        raise FileNotFoundError(path)
    return path.open("rb")


def _told(stream: BinaryIO) -> Kind:
    found = sniff(stream.read(_HEAD)) or ""
    stream.seek(0)
    if found == "VIDEO":
        return Kind(True, True, "VIDEO")
    moves = found == "PNG" and _is_apng(stream)
    if found == "GIF":  # of an animation, only the first frame is decoded
        content = stream.read()
        moves = isinstance(read_gif(lambda: io.BytesIO(content), Metadata()), Animation)
    elif found in _MOVING:
        moves = count_frames(found, stream, Metadata()) > 1
    return Kind(moves, format="" if found == "OTHER" else found)


def _is_apng(stream: BinaryIO) -> bool:
    """Whether animation is announced before the first pixels."""
    stream.seek(len(SIGNATURE))
    while len(head := stream.read(8)) == 8 and head[4:] not in (b"IDAT", b"IEND"):
        if head[4:] == b"acTL":
            return int.from_bytes(stream.read(4), "big") > 1
        stream.seek(int.from_bytes(head[:4], "big") + 4, 1)
    return False


def ending_of(name: str) -> str:
    """The end of a file name if it is the usual one of a picture format, else nothing: ``holiday.2019`` has none."""
    ending = Path(name).suffix
    return ending if any(ending.lower() in each.endings for each in FORMATS) else ""
