"""Zip archives with arrays inside: ``.npz``, and the frame of PyTorch's newer files."""

from __future__ import annotations

import io
import zipfile

import numpy as np

from .checkpoint import MAX_BYTES, Checkpoint, Damaged, element_count

_MAX_MEMBERS = 20_000
_PLAIN = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class Archive:
    """A zip file in memory, whose members are only ever read, never unpacked to disk.

    Raises:
        Damaged: it is no zip file, or one that would unpack to more than ``MAX_BYTES``.
    """

    def __init__(self, data: memoryview) -> None:
        self._zip = zipfile.ZipFile(io.BytesIO(data))
        members = self._zip.infolist()
        if len(members) > _MAX_MEMBERS or sum(member.file_size for member in members) > MAX_BYTES:
            raise Damaged("it would unpack to more than any weights need")
        if any(member.compress_type not in _PLAIN or member.flag_bits & 1 for member in members):
            raise Damaged("it is packed in an unusual way, or encrypted")
        self.names = [member.filename for member in members]

    def read(self, name: str) -> bytes:
        """The content of one member; its checksum is verified."""
        with self._zip.open(name) as member:
            content = member.read(self._zip.getinfo(name).file_size + 1)
        if len(content) != self._zip.getinfo(name).file_size:
            raise Damaged(f"“{name}” has not the size that is declared")
        return content


def read_npz(archive: Archive) -> Checkpoint:
    """The arrays of a NumPy archive, without pickled objects."""
    checkpoint = Checkpoint("npz", {})
    for name in archive.names:
        if not name.endswith(".npy"):
            raise Damaged(f"“{name}” is no array")
        content = archive.read(name)
        _check_declared_size(content)
        array = np.load(io.BytesIO(content), allow_pickle=False)
        checkpoint.arrays[name.removesuffix(".npy")] = array
    if not checkpoint.arrays:
        raise Damaged("it holds no arrays")
    return checkpoint


def _check_declared_size(content: bytes) -> None:
    """NumPy would reserve what the header declares before it reads: compare with what is there."""
    stream = io.BytesIO(content)
    major, _ = np.lib.format.read_magic(stream)  # type: ignore[no-untyped-call]  # NumPy leaves this module untyped
    read = np.lib.format.read_array_header_1_0 if major == 1 else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(stream)  # type: ignore[no-untyped-call]  # as above
    if dtype.hasobject:
        raise Damaged("it holds Python objects, not only numbers")
    if element_count(shape) * dtype.itemsize != len(content) - stream.tell():
        raise Damaged(f"an array of shape {shape} has {len(content) - stream.tell()} bytes")
