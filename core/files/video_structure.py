"""How films are built of boxes and chunks: whether a part is missing, and whether their lists can be true.

FFmpeg believes the lists of a film and makes room for all that they promise, so they are held against the size of the
file first.

References:
    ISO/IEC 14496-12: boxes, stsz, elst, trun.
    RFC 8794 (EBML), RFC 9559 (Matroska); Microsoft, AVI RIFF File Reference; OpenDML AVI 1.02.
    Microsoft, Advanced Systems Format, 3.2: File Properties Object.
    RFC 3533: Ogg pages.  ISO/IEC 13818-1: packets of transport streams.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from senga.errors import ReadError
from senga.image import Metadata

from .budget import name_of

Box = tuple[bytes, int, int]
"""Its kind, where its content begins, and where it ends by its own account."""

_FIRST_BOXES = (b"ftyp", b"moov", b"mdat", b"skip", b"free", b"wide", b"pnot", b"styp")
_FOLDERS = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"moof", b"traf", b"cmov")
_PACKET, _STAMP = 188, 4
_MOST_BOXES = 500_000
_DEEPEST = 10
_MOST_CUTS = 20_000_000
_MOST_UNPACKED = 1 << 25
_SLACK = 64
"""Bytes by which writers miscount without harm."""


def missing_bytes(stream: BinaryIO) -> int:
    """How many bytes are missing at the end by what the file says of its own size; 0 if none, or if it does not say."""
    size = stream.seek(0, 2)
    stream.seek(0)
    head = stream.read(1024)
    missing = max(_end(stream, head, size) - size, 0)
    is_exact = head[4:8] in _FIRST_BOXES or head[:4] in (b"OggS", _PACK) or head[:1] == b"G" or head[4:5] == b"G"
    return missing if missing > _SLACK or is_exact else 0


def whole_part(stream: BinaryIO) -> int:
    """Bytes before the last box if that is cut off; all others if not."""
    size = stream.seek(0, 2)
    stream.seek(0)
    last, start = 0, 0
    if stream.read(8)[4:] in _FIRST_BOXES:
        for _, _, end in _boxes(stream, 0, size):
            last, start = start, end
    return last if start > size else size


def _end(stream: BinaryIO, head: bytes, size: int) -> int:
    if head[4:8] in _FIRST_BOXES:
        return max((end for _, _, end in _boxes(stream, 0, size)), default=0)
    if head[:4] == b"RIFF":
        return _end_of_riff(stream, size)
    if head[:4] == b"\x1aE\xdf\xa3":
        return _end_of_elements(stream, size)
    if head[:4] == b"0&\xb2u":
        return _end_of_asf(head)
    if head[:4] == b"OggS":
        return _end_of_page(stream, size)
    if head[:4] == _PACK:
        return _end_of_packets(stream, size)
    for start, packet in ((0, _PACKET), (_STAMP, _STAMP + _PACKET)):
        if len(head) > 2 * packet and not head[start::packet].strip(b"G"):
            return size + -size % packet  # a transport stream
    return 0


_PACK = b"\0\0\1\xba"
_LAST_PACKS = 1 << 18


def _end_of_packets(stream: BinaryIO, size: int) -> int:
    """An MPEG program stream: where the last of its packets ends; 0 if that cannot be told."""
    stream.seek(max(size - _LAST_PACKS, 0))
    tail = stream.read()
    at = tail.find(_PACK)
    while 0 <= at < len(tail):
        head = tail[at : at + 14]
        if head[:4] == _PACK and len(head) == 14:
            at += 14 + (head[13] & 7) if head[4] >> 6 == 1 else 12
        elif head[:4] == b"\0\0\1\xb9":
            at += 4
        elif head[:3] == b"\0\0\1" and len(head) >= 6:
            at += 6 + int.from_bytes(head[4:6], "big")
        else:
            return size + 1 if b"\0\0\1".startswith(head[:3]) and len(head) < 14 else 0
    return size - len(tail) + at if at >= 0 else 0


def _boxes(stream: BinaryIO, start: int, end: int) -> Iterator[Box]:
    """The boxes one after the other; the last may end beyond the file."""
    for _ in range(_MOST_BOXES):
        stream.seek(start)
        head = stream.read(16)
        if start + 8 > end or len(head) < 8:
            return
        size, kind = struct.unpack(">I4s", head[:8])
        content = start + 8
        if size == 1 and len(head) == 16:
            size, content = int.from_bytes(head[8:], "big"), start + 16
        elif size == 0:
            size = end - start
        if size < content - start or not kind.strip(b"\xa9").isascii() or kind == bytes(4):
            return  # padding or rubbish behind the last box
        yield kind, content, start + size
        start += size


def _end_of_riff(stream: BinaryIO, size: int) -> int:
    """AVI: one RIFF, or several when it is large; the size is left open by some writers."""
    start = 0
    for _ in range(_MOST_BOXES):
        stream.seek(start)
        head = stream.read(8)
        if head[:4] != b"RIFF" or len(head) < 8:
            break
        length = int.from_bytes(head[4:], "little")
        if length in (0, 0x7FFFFFFF, 0xFFFFFFFF):
            return 0
        start += 8 + length + length % 2
        if start >= size:
            break
    return start


def _end_of_elements(stream: BinaryIO, size: int) -> int:
    """Matroska and WebM: header and segment, or, if the segment is open-ended, the last of what it is made of."""
    start = 0
    for _ in range(_MOST_BOXES):
        if start >= size:
            return start
        stream.seek(start)
        head = stream.read(12)
        try:
            _, at = _vint(head, 0)
            length, content = _vint(head, at)
        except IndexError:
            return size + 1
        is_open = length == (1 << 7 * (content - at)) - 1
        if is_open and head[:4] not in _OPEN_ENDED:
            return 0
        start += content if is_open else content + length
    return 0


_OPEN_ENDED = (b"\x18S\x80g", b"\x1fC\xb6u")
"""Segment and cluster."""


def _vint(data: bytes, at: int) -> tuple[int, int]:
    """A number of variable length, and where it ends."""
    count = 9 - data[at].bit_length()
    if len(data) < at + count:
        raise IndexError
    value = int.from_bytes(data[at : at + count], "big")
    return value & ((1 << 7 * count) - 1), at + count


_FILE_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")


def _end_of_asf(head: bytes) -> int:
    at = head.find(_FILE_PROPERTIES)
    if at < 0 or len(head) < at + 92:
        return 0
    length = int.from_bytes(head[at + 40 : at + 48], "little")
    is_broadcast = head[at + 88] & 1
    return 0 if is_broadcast else length


_LONGEST_PAGE = 65_307


def _end_of_page(stream: BinaryIO, size: int) -> int:
    """Ogg: where the last page ends."""
    start = max(size - 2 * _LONGEST_PAGE, 0)
    stream.seek(start)
    tail = stream.read()
    at = tail.rfind(b"OggS\0")
    if at < 0:
        return 0
    if len(tail) < at + 27 or len(tail) < at + 27 + tail[at + 26]:
        return size + 1
    return start + at + 27 + tail[at + 26] + sum(tail[at + 27 : at + 27 + tail[at + 26]])


# ---- lists of MP4


@dataclass
class _Lists:
    """What the lists of one film promise, held against its size in bytes.

    Attributes:
        size: bytes of the file.
        boxes: how many there have been.
        samples: pictures and pieces of sound so far.
        cuts: parts of the present track that are shown, each of which may name all its samples anew.
    """

    size: int
    boxes: int = 0
    samples: int = 0
    cuts: int = 1
    depth: int = 0

    def are_true(self, stream: BinaryIO, start: int, end: int) -> bool:
        """Whether all boxes from ``start`` to ``end`` can be true."""
        boxes = _boxes(stream, start, end)
        return all(self._is_true(stream, kind, content, stop, end) for kind, content, stop in boxes)

    def _is_true(self, stream: BinaryIO, kind: bytes, start: int, stop: int, end: int) -> bool:
        """``stop`` is where the box ends by its own account, ``end`` where that ends which it lies in."""
        self.boxes += 1
        end = min(stop, end)
        before = self.samples
        if kind == b"trak":
            self.cuts = 1
        if kind in _FOLDERS and not self._is_folder_true(stream, start, end):
            return False
        if kind == b"cmvd" and not self._is_true_unpacked(stream, start, end):
            return False
        if kind in (b"stsz", b"trun", b"elst") and not self._is_list_true(stream, kind, start, stop):
            return False
        is_cut = kind == b"trak" and self.cuts > 1
        return self.boxes <= _MOST_BOXES and not (is_cut and self.cuts * (self.samples - before) > _MOST_CUTS)

    def _is_folder_true(self, stream: BinaryIO, start: int, end: int) -> bool:
        self.depth += 1
        is_true = self.depth <= _DEEPEST and self.are_true(stream, start, end)
        self.depth -= 1
        return is_true

    def _is_list_true(self, stream: BinaryIO, kind: bytes, start: int, end: int) -> bool:
        stream.seek(start)
        count, width = _counted(kind, stream.read(12))
        if kind == b"elst":
            self.cuts = count
        else:
            self.samples += count
        return count * width <= end - start and self.samples <= self.size

    def _is_true_unpacked(self, stream: BinaryIO, start: int, end: int) -> bool:
        """Lists that are packed (QuickTime's compressed movie header)."""
        stream.seek(start)
        size = int.from_bytes(stream.read(4), "big")
        lists = zlib.decompressobj().decompress(stream.read(end - start - 4), _MOST_UNPACKED)
        return size <= _MOST_UNPACKED and self.are_true(io.BytesIO(lists), 0, len(lists))


def check_tables(stream: BinaryIO, info: Metadata) -> None:
    """Refuse an MP4 or MOV whose lists promise more pictures than its bytes could hold.

    Raises:
        ReadError: they do.
    """
    size = stream.seek(0, 2)
    stream.seek(0)
    if stream.read(8)[4:] in _FIRST_BOXES and not _Lists(size).are_true(stream, 0, size):
        raise ReadError(f"{name_of(info)} is damaged: it claims to be larger than it can be.", info.source)


def _counted(kind: bytes, head: bytes) -> tuple[int, int]:
    """Entries of a list, and bytes that each takes in it."""
    if len(head) < 12:
        return 0, 0
    version_and_flags, first, second = struct.unpack(">III", head)
    if kind == b"stsz":
        return second, 0 if first else 4
    if kind == b"elst":
        return first, 20 if version_and_flags >> 24 else 12
    return first, 4 * ((version_and_flags >> 8) & 0xF).bit_count()
