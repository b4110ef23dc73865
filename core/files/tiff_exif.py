"""EXIF out of a TIFF file: the tags that say something about the picture, copied as they are into a block of their own.

Every value is taken or left by itself, so that one wrong offset costs one tag.

References:
    TIFF 6.0 (Adobe, 1992), section 2; CIPA DC-008 (Exif 2.32), 4.6.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

from senga.errors import ReadError
from senga.image import Metadata

from .budget import LONGEST_METADATA, name_of
from .exif import EXIF_IFD, GPS_IFD, INTEROP_IFD, SIZES

_DESCRIPTIVE = (0x010E, 0x010F, 0x0110, 0x0112, 0x0131, 0x0132, 0x013B, 0x013C, 0x8298)
_DEEPER = (EXIF_IFD, GPS_IFD, INTEROP_IFD)
_CLASSIC, _BIG = ("H", "HHI", 4), ("Q", "HHQ", 8)
"""Of a directory: its count, the head of an entry, bytes of a value that stands in its entry."""
_ENTRIES = 4096

_NOT_LOADED = (37724,)
"""Photoshop's layers, which may be longer than the picture."""
_PLACES, _MOST_PLACES = (273, 279, 324, 325), 1 << 22
_SPARE = 1 << 20

Value = tuple[int, int, int, "bytes | list[Value]"]
"""tag, kind, count, and the value or the directory"""


def exif_of_tiff(stream: BinaryIO) -> bytes | None:
    """The block, in the byte order of the file; None if there is nothing to say."""
    opened = _opened(stream)
    if opened is None:
        return None
    reader, start = opened
    found = [each for each in reader.directory(start) if each[0] in _DESCRIPTIVE or isinstance(each[3], list)]
    header = (b"II" if reader.order == "<" else b"MM") + struct.pack(reader.order + "HI", 42, 8)
    return header + _packed(reader.order, found, len(header)) if found else None


def _opened(stream: BinaryIO) -> tuple[_Reader, int] | None:
    """A reader, and where the first directory is."""
    end = stream.seek(0, 2)
    stream.seek(0)
    head = stream.read(16).ljust(16, b"\0")
    order = {b"II": "<", b"MM": ">"}.get(head[:2])
    if order is None:
        return None
    form = _BIG if struct.unpack(order + "H", head[2:4])[0] == 43 else _CLASSIC
    start = struct.unpack_from(order + ("Q" if form is _BIG else "I"), head, 8 if form is _BIG else 4)[0]
    return _Reader(stream, order, form, end), start


def check_tags(stream: BinaryIO, pages: int, info: Metadata) -> None:
    """Refuse tags that share their bytes: a small file could have very many of them, each as long as the file.

    Raises:
        ReadError: the tags of the first pages have more bytes than the file.
    """
    opened = _opened(stream)
    if opened is None:
        return
    reader, at = opened
    total = 0
    for _ in range(pages):
        heads, at = reader.heads(at)
        for tag, kind, count in heads:
            size = count * SIZES.get(kind, 8)
            total += size if tag not in _NOT_LOADED and size <= reader.end else 0
            if total > 2 * reader.end + _SPARE or (tag in _PLACES and size <= reader.end and count > _MOST_PLACES):
                raise ReadError(f"{name_of(info)} is damaged: its tags are longer than the file.", info.source)


class _Reader:
    """Reads directories, all of them together not more than metadata may be long."""

    def __init__(self, stream: BinaryIO, order: str, form: tuple[str, str, int], end: int) -> None:
        self.stream, self.order, self.form, self.end = stream, order, form, end
        self.left = LONGEST_METADATA

    def _numbers(self, at: int, form: str) -> tuple[int, ...]:
        self.stream.seek(at)
        size = struct.calcsize(self.order + form)
        return struct.unpack(self.order + form, self.stream.read(size).ljust(size, b"\0"))

    def heads(self, at: int) -> tuple[list[tuple[int, ...]], int]:
        """Tag, kind and count of all entries of a directory, and where the next one is."""
        if not 8 <= at < self.end:
            return [], 0
        count_form, head, room = self.form
        (count,) = self._numbers(at, count_form)
        first, step = at + struct.calcsize("=" + count_form), struct.calcsize("=" + head) + room
        count = min(count, (self.end - first) // step)
        heads = [self._numbers(place, head) for place in range(first, first + count * step, step)]
        return heads, self._numbers(first + count * step, "I" if room == 4 else "Q")[0]

    def directory(self, at: int, depth: int = 0) -> list[Value]:
        """What can be read of the directory at an offset."""
        if not 8 <= at < self.end or depth > 2:
            return []
        count_form, head, room = self.form
        (count,) = self._numbers(at, count_form)
        first = at + struct.calcsize(self.order + count_form)
        step = struct.calcsize(self.order + head) + room
        places = range(first, min(first + step * min(count, _ENTRIES), self.end), step)
        return list(self._values(places, depth))

    def _values(self, places: range, depth: int) -> Iterator[Value]:
        _, head, room = self.form
        for place in places:
            tag, kind, count = self._numbers(place, head)
            at = place + struct.calcsize(self.order + head)
            size = count * SIZES.get(kind, 0)
            offset = self._numbers(at, "I" if room == 4 else "Q")[0]
            if tag in _DEEPER:
                inside = self.directory(offset, depth + 1)
                if inside:
                    yield tag, 4, 1, inside
            elif 0 < size <= self.left and (size <= room or offset + size <= self.end):
                self.left -= size
                self.stream.seek(at if size <= room else offset)
                yield tag, kind, count, self.stream.read(size)


def _packed(order: str, values: list[Value], base: int) -> bytes:
    """A directory that begins ``base`` bytes into the block, with all that belongs to it behind it."""
    unique = {value[0]: value for value in reversed(values)}
    entries, behind = b"", b""
    start = base + 2 + 12 * len(unique) + 4
    for tag, kind, count, data in sorted(unique.values(), key=lambda value: value[0]):
        if isinstance(data, list) or len(data) > 4:
            at = start + len(behind)
            more = _packed(order, data, at) if isinstance(data, list) else data
            behind += more + bytes(len(more) % 2)
            data = struct.pack(order + "I", at)
        entries += struct.pack(order + "HHI", tag, kind, count) + data.ljust(4, b"\0")
    return struct.pack(order + "H", len(unique)) + entries + bytes(4) + behind
