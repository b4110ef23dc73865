"""Small changes to EXIF and XMP that leave every other byte as it was.

References:
    CIPA DC-008 (Exif 2.32), 4.5 and 4.6: EXIF is a TIFF structure; TIFF 6.0, section 2.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from .xmp import without_elements

ORIENTATION, EXIF_IFD, GPS_IFD, INTEROP_IFD, XMP_TAG = 0x0112, 0x8769, 0x8825, 0xA005, 0x02BC
_THUMBNAIL_START, _THUMBNAIL_SIZE = 0x0201, 0x0202
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_DESCRIPTIVE = (0x010E, 0x010F, 0x0110, 0x0131, 0x0132, 0x013B, 0x013C, 0x8298)
_ENTRIES = 4096
"""More tags than anybody writes."""
_PREFIX = b"Exif\0\0"


@dataclass(frozen=True)
class Entry:
    """One tag: ``at`` is where its 12 bytes are, ``start`` and ``size`` where its value is."""

    tag: int
    kind: int
    count: int
    at: int
    start: int
    size: int

    @property
    def outside(self) -> bool:
        """Whether the value is stored elsewhere and the entry holds its offset."""
        return self.size > 4


class Exif:
    """An EXIF block that can be changed in place."""

    def __init__(self, block: bytes) -> None:
        """``block`` begins with ``II*`` or ``MM`` after an optional ``Exif`` marker.

        Raises:
            ValueError: it is damaged.
        """
        self.data = bytearray(block.removeprefix(_PREFIX))
        self.order = {b"II*\0": "<", b"MM\0*": ">"}.get(bytes(self.data[:4]), "")
        if not self.order:
            raise ValueError("no TIFF header")
        try:
            self.first = self._number(4, "I")
            is_cut = self._number(self.first, "H") and self.first + 14 > len(self.data)
        except struct.error as error:
            raise ValueError("cut off") from error
        if is_cut:
            raise ValueError("cut off")

    def _number(self, at: int, kind: str) -> int:
        return int(struct.unpack_from(self.order + kind, self.data, at)[0])

    def put(self, at: int, kind: str, value: int) -> None:
        """Overwrite one number."""
        struct.pack_into(self.order + kind, self.data, at, value)

    def value(self, entry: Entry) -> int:
        """The first number of an entry (BYTE, SHORT or LONG)."""
        return self._number(entry.start, {1: "B", 2: "H", 4: "I"}.get(SIZES.get(entry.kind, 4), "I"))

    def entries(self, directory: int) -> Iterator[Entry]:
        """The tags of the directory at an offset, as far as they lie inside."""
        count = min(self._number(directory, "H"), _ENTRIES)
        end = min(directory + 2 + 12 * count, len(self.data) - 11)
        for at in range(directory + 2, end, 12):
            tag, kind = self._number(at, "H"), self._number(at + 2, "H")
            count = self._number(at + 4, "I")
            size = count * SIZES.get(kind, 0)
            start = self._number(at + 8, "I") if size > 4 else at + 8
            if start + size <= len(self.data):
                yield Entry(tag, kind, count, at, start, size)

    def find(self, tag: int) -> Entry | None:
        """A tag of the first directory."""
        return next((entry for entry in self.entries(self.first) if entry.tag == tag), None)

    def directory(self, tag: int) -> int | None:
        """The offset of a sub-directory, or None when there is none or it is damaged."""
        entry = self.find(tag)
        offset = self.value(entry) if entry else 0
        return offset if 8 <= offset < len(self.data) - 2 else None

    def erase(self, directory: int, first: int = 0) -> None:
        """Blank a directory and its values, but nothing before the byte ``first``."""
        left = 2 * len(self.data)
        for entry in list(self.entries(directory)):
            left -= entry.size
            if entry.start >= first and left >= 0:  # values that share their bytes would take for ever
                self.data[entry.start : entry.start + entry.size] = bytes(entry.size)
            self.data[entry.at : entry.at + 12] = bytes(12)
        self.put(directory, "H", 0)

    def remove(self, entry: Entry) -> None:
        """Take a tag out of the first directory."""
        count = self._number(self.first, "H")
        end = self.first + 2 + 12 * count + 4
        rest = bytes(self.data[entry.at + 12 : end])
        self.data[entry.at : entry.at + len(rest)] = rest
        self.data[end - 12 : end] = bytes(12)
        self.put(self.first, "H", count - 1)

    def drop_thumbnail(self) -> None:
        """Forget the small copy of the picture: it would show the state before the change.

        Its directory may be damaged, so that nothing before it is touched but the link to it.
        """
        link = self.first + 2 + 12 * self._number(self.first, "H")
        second = self._number(link, "I") if link + 4 <= len(self.data) else 0
        if not second:
            return
        self.put(link, "I", 0)
        if not self.first < second < len(self.data) - 2:
            return
        found = {entry.tag: self.value(entry) for entry in self.entries(second)}
        start, size = found.get(_THUMBNAIL_START, 0), found.get(_THUMBNAIL_SIZE, 0)
        self.erase(second, second)
        if second <= start <= start + size <= len(self.data):
            self.data[start : start + size] = bytes(size)
        if start + size >= len(self.data) > start >= second:
            del self.data[start:]

    def moved(self, base: int) -> bytes:
        """The block for a place ``base`` bytes into a file: offsets in all directories count from the file's start."""
        other = Exif(bytes(self.data))
        directories = [self.first, self.directory(EXIF_IFD), self.directory(GPS_IFD)]
        directories.append(self._interop(directories[1]))
        for directory in {each for each in directories if each}:
            for entry in self.entries(directory):
                linked = self._number(entry.at + 8, "I")
                if entry.outside or (entry.tag in (EXIF_IFD, GPS_IFD, INTEROP_IFD) and linked < len(self.data)):
                    other.put(entry.at + 8, "I", linked + base)
        return bytes(other.data)

    def _interop(self, directory: int | None) -> int | None:
        inside = self.entries(directory) if directory else iter(())
        offsets = [self.value(entry) for entry in inside if entry.tag == INTEROP_IFD]
        return offsets[0] if offsets and 8 <= offsets[0] < len(self.data) - 2 else None

    def texts(self) -> list[tuple[int, bytes]]:
        """The descriptive texts of the first directory: camera, author, copyright, date."""
        return [
            (entry.tag, bytes(self.data[entry.start : entry.start + entry.size]))
            for entry in self.entries(self.first)
            if entry.tag in _DESCRIPTIVE and entry.kind == 2
        ]


def upright(block: bytes | None) -> tuple[bytes | None, int]:
    """The EXIF block with orientation 1 and no thumbnail, and the orientation (1 to 8) it had; (None, 1) if damaged."""
    if not block:
        return None, 1
    try:
        exif = Exif(block)
        entry = exif.find(ORIENTATION)
        kind = {1: "B", 2: "H", 4: "I"}.get(SIZES.get(entry.kind, 0)) if entry else None
        turn = exif.value(entry) if entry and kind else 1
        if entry and kind:
            exif.put(entry.start, kind, 1)
        exif.drop_thumbnail()
    except (ValueError, struct.error):
        return None, 1
    return bytes(exif.data), turn if 1 <= turn <= 8 else 1


def without_place(block: bytes | None) -> bytes | None:
    """The EXIF block without its GPS directory."""
    if not block:
        return None
    try:
        exif = Exif(block)
        directory, entry = exif.directory(GPS_IFD), exif.find(GPS_IFD)
        if directory is not None:
            exif.erase(directory)
        if entry:
            exif.remove(entry)
    except (ValueError, struct.error):
        return None
    return bytes(exif.data)


def xmp_upright(packet: bytes | None) -> bytes | None:
    """The XMP packet with orientation 1."""
    return packet and re.sub(rb"(tiff:Orientation\s*(?:=\s*[\"']|>)\s*)[2-8]", rb"\g<1>1", packet)


def xmp_without_place(packet: bytes | None) -> bytes | None:
    """The XMP packet without GPS properties; None if some cannot be taken out cleanly."""
    if not packet:
        return None
    cut = re.sub(rb"(?<=\s)exif:GPS\w+\s*=\s*(?:\"[^\"]*\"|'[^']*')", b"", packet)
    cut = without_elements(cut, rb"exif:GPS\w+")
    return None if b"GPS" in cut else cut
