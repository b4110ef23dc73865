"""Zip archives with arrays inside: ``.npz``, and the frame of PyTorch's newer files."""

from __future__ import annotations

import io
import zipfile

from .budget import MAX_NAMES, Damaged, spend, spend_name
from .checkpoint import Checkpoint
from .numpy_npy import array_of

_PLAIN = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENTRY = b"PK\x01\x02"
"""Begins the entry of a member in the directory; numbers hold it by chance once in 4 GB."""
_TAIL = 32 << 20
"""Bytes at the end of a file that hold more entries than are allowed."""


class Archive:
    """A zip file in memory, whose members are only ever read, never unpacked to disk.

    Raises:
        Damaged: it is no zip file, or one with members of one name, in one place, or packed in an unusual way.
    """

    def __init__(self, data: memoryview) -> None:
        _check_directory(data)
        self._zip = zipfile.ZipFile(io.BytesIO(data))
        members = self._zip.infolist()
        self.names = [spend_name(member.filename) for member in members]
        if any(member.compress_type not in _PLAIN or member.flag_bits & 1 for member in members):
            raise Damaged("it is packed in an unusual way, or encrypted")
        if len(set(self.names)) != len(members):
            raise Damaged("two parts of it have one name")
        if sum(member.compress_size for member in members) > len(data):
            raise Damaged("parts of it lie over one another")

    def read(self, name: str) -> bytes:
        """The content of one member; its checksum is verified."""
        size = self._zip.getinfo(name).file_size
        spend(size=size)
        with self._zip.open(name) as member:
            content = member.read(size + 1)
        if len(content) != size:
            raise Damaged(f"“{name}” has not the size that is declared")
        return content


def _check_directory(data: memoryview) -> None:
    """Refuse more members than weights need before they are read, which takes long: each begins with a mark."""
    if bytes(data[-_TAIL:]).count(_ENTRY) > MAX_NAMES:
        raise Damaged("it holds more names than any weights need")


def read_npz(archive: Archive) -> Checkpoint:
    """The arrays of a NumPy archive, without pickled objects."""
    checkpoint = Checkpoint("npz", {})
    for name in archive.names:
        if not name.endswith(".npy"):
            raise Damaged(f"“{name}” is no array")
        checkpoint.arrays[name.removesuffix(".npy")] = array_of(archive.read(name))
    if not checkpoint.arrays:
        raise Damaged("it holds no arrays")
    return checkpoint
