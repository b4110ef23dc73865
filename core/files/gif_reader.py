"""Reading GIF as browsers do: no frame reaches beyond the screen, and a screen of no size is that of the first frame.

Pillow unpacks the pixels of each frame; where they go is decided here, for its reader lets the picture grow by whatever
a frame says.

References:
    CompuServe, Graphics Interchange Format 89a (1990).
    The Chromium authors, GIFImageReader: what is done about sizes that contradict each other.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from senga.errors import ReadError
from senga.image import Animation, Frame, Image, Metadata

from .animations import seconds_shown
from .budget import check_frames, check_plausible, check_size, name_of
from .stills import pillow

_TRAILER, _EXTENSION, _PICTURE = 0x3B, 0x21, 0x2C
_CONTROL, _APPLICATION = 0xF9, 0xFF
_LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
_MOST_LZW = 4096
_SOME_LZW = 1 << 16
_TO_EMPTY, _TO_BEFORE = 2, 3
_GROWTH = 4
_HEAD = 13


@dataclass(frozen=True)
class _Part:
    """One frame: its place, how long it stays, what happens to it then, and the bytes from its colours on."""

    left: int = 0
    top: int = 0
    width: int = 0
    height: int = 0
    flags: int = 0
    seconds: float = 0.0
    disposal: int = 0
    transparent: int = -1
    start: int = 0
    size: int = 0


@dataclass(frozen=True)
class _Screen:
    """What a file says about all frames; ``table`` holds the shared colours, ``loop`` how often it plays."""

    width: int
    height: int
    table: bytes
    loop: int
    count: int
    first: _Part


def read_gif(source: Callable[[], BinaryIO], info: Metadata) -> Image | Animation:
    """A picture, or an animation whose frames are decoded while they are consumed.

    Raises:
        ReadError: it is cut off, damaged or too large.
    """
    info = Metadata(format="GIF", source=info.source)
    with source() as stream:
        screen = _screen(stream, info)
        first = next(_frames(stream, screen, info)).image
    if screen.count == 1:
        return replace(first, grey=bool((first.pixels[:, :, :1] == first.pixels).all()))

    def frames() -> Iterator[Frame]:
        with source() as stream:
            yield from _frames(stream, screen, info)

    return Animation(frames, screen.height, screen.width, screen.count, screen.loop, info)


def _screen(stream: BinaryIO, info: Metadata) -> _Screen:
    loops: list[int] = []
    first, count = _Part(), 0
    _check_screen(stream, info)
    try:
        for part in _parts(stream, loops):
            first = part if not count else first
            count += 1
    except ValueError as error:
        raise ReadError(f"{name_of(info)} is cut off; copy or download it again.", info.source) from error
    if not count:
        raise ReadError(f"{name_of(info)} is damaged; copy or download it again.", info.source)
    width, height = _size(stream, first)
    _check_screen(stream, info, width, height)
    check_frames(count, width, height, info)
    stream.seek(10)
    flags = stream.read(3)[0]
    loop = loops[0] + 1 if loops and loops[0] else 0 if loops else 1
    return _Screen(width, height, stream.read(_table(flags)), loop, count, first)


def _check_screen(stream: BinaryIO, info: Metadata, width: int = 0, height: int = 0) -> None:
    """Check the size that is given or that the header says, unless it says none."""
    stored = stream.seek(0, 2)
    stream.seek(6)
    said = struct.unpack("<HH", stream.read(4).ljust(4, b"\0"))
    width, height = (width, height) if width else said
    if width and height:
        check_size(width, height, 4, info)
        check_plausible(width * height, stored, _MOST_LZW, info)


def _size(stream: BinaryIO, first: _Part) -> tuple[int, int]:
    """Of the screen; it grows for a first frame that is larger, as long as the two have to do with each other."""
    stream.seek(6)
    width, height = struct.unpack("<HH", stream.read(4))
    if not width or not height:
        return first.width, first.height
    wider, higher = max(width, first.left + first.width), max(height, first.top + first.height)
    fits = wider * higher <= _GROWTH * max(width * height, first.width * first.height)
    return (wider, higher) if fits else (width, height)


def _parts(stream: BinaryIO, loops: list[int]) -> Iterator[_Part]:
    """All frames in order; repetitions go into ``loops``.

    Raises:
        ValueError: it is cut off.
    """
    stream.seek(0)
    _skip(stream, _table(_exactly(stream, _HEAD)[10]))
    control = _Part()
    while (kind := stream.read(1)) and kind[0] != _TRAILER:
        if kind[0] == _EXTENSION:
            control = _extension(stream, control, loops)
        elif kind[0] == _PICTURE:
            yield _placed(stream, control)
            control = _Part()
        else:
            return  # rubbish behind the last picture


def _extension(stream: BinaryIO, control: _Part, loops: list[int]) -> _Part:
    label = _exactly(stream, 1)[0]
    data = b""
    while size := _exactly(stream, 1)[0]:
        data = (data + _exactly(stream, size))[:32]
    if label == _CONTROL and len(data) >= 4:
        flags, hundredths, transparent = struct.unpack_from("<BHB", data)
        return _Part(seconds=hundredths / 100, disposal=flags >> 2 & 7, transparent=transparent if flags & 1 else -1)
    if label == _APPLICATION and data[:11] in _LOOPS and data[11:12] == b"\x01" and len(data) >= 14:
        loops.append(int.from_bytes(data[12:14], "little"))
    return control


def _placed(stream: BinaryIO, control: _Part) -> _Part:
    left, top, width, height, flags = struct.unpack("<HHHHB", _exactly(stream, 9))
    start = stream.tell()
    _skip(stream, _table(flags) + 1)
    while size := _exactly(stream, 1)[0]:
        _skip(stream, size)
    place = {"left": left, "top": top, "width": width, "height": height, "flags": flags}
    return replace(control, start=start, size=stream.tell() - start, **place)


def _exactly(stream: BinaryIO, size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise ValueError("cut off")
    return data


def _skip(stream: BinaryIO, size: int) -> None:
    _exactly(stream, size)


def _table(flags: int) -> int:
    """Bytes of a colour table."""
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def _frames(stream: BinaryIO, screen: _Screen, info: Metadata) -> Iterator[Frame]:
    sheet = np.zeros((screen.height, screen.width, 4), np.uint8)
    for number, part in enumerate(_parts(stream, []), 1):
        after = stream.tell()
        under = sheet.copy() if part.disposal == _TO_BEFORE else sheet
        try:
            bare = _draw(sheet, part, stream, screen, info)
        except Exception as error:  # whatever the decoder raises on a damaged frame
            text = f"{name_of(info)} is damaged in frame {number}; copy or download it again."
            raise ReadError(text, info.source) from error
        yield Frame(_image(sheet, info), seconds_shown(part.seconds))
        sheet = under
        if part.disposal == _TO_EMPTY:
            sheet[part.top : part.top + part.height, part.left : part.left + part.width] = bare
        stream.seek(after)


def _image(sheet: NDArray[np.uint8], info: Metadata) -> Image:
    alpha = sheet[:, :, 3]
    return Image(sheet[:, :, :3].copy(), None if (alpha == 255).all() else alpha.copy(), info=info)


def _draw(
    sheet: NDArray[np.uint8], part: _Part, stream: BinaryIO, screen: _Screen, info: Metadata
) -> NDArray[np.uint8]:
    """Put the part of a frame that lies on the sheet upon it; what an empty place of it looks like."""
    spot = sheet[part.top : part.top + part.height, part.left : part.left + part.width]
    if not spot.size:
        return np.zeros(4, np.uint8)
    check_size(part.width, part.height, 1, info)
    if part.width * part.height > _SOME_LZW:
        check_plausible(part.width * part.height, part.size, _MOST_LZW, info)
    stream.seek(part.start)
    data = stream.read(part.size)
    table = data[: _table(part.flags)] or screen.table
    colours = np.zeros((256, 4), np.uint8)
    colours[: len(table) // 3, :3] = np.frombuffer(table, np.uint8).reshape(-1, 3)  # (N, 3)
    colours[:, 3] = 255
    numbers = _numbers(part, data)[: spot.shape[0], : spot.shape[1]]
    drawn = colours[numbers]
    spot[...] = drawn if part.transparent < 0 else np.where((numbers == part.transparent)[:, :, None], spot, drawn)
    bare: NDArray[np.uint8] = colours[part.transparent].copy()
    bare[3] = 0
    return bare


def _numbers(part: _Part, data: bytes) -> NDArray[np.uint8]:
    """(H, W) numbers of colours: a GIF of one frame, as large as its screen, for Pillow."""
    import PIL.Image

    head = b"GIF89a" + struct.pack("<HHBBB", part.width, part.height, 0, 0, 0)
    place = b"," + struct.pack("<HHHHB", 0, 0, part.width, part.height, part.flags & 0x40)
    alone = io.BytesIO(head + place + data[_table(part.flags) :] + b";")
    with pillow(), PIL.Image.open(alone, formats=["GIF"]) as pil:
        return np.asarray(pil)
