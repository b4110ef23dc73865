"""Checkpoints of TensorFlow (``NAME.index`` beside ``NAME.data-00000-of-00001``), read without TensorFlow.

The index is a sorted table of LevelDB: blocks of keys that share prefixes with their predecessors, each followed by a
byte for its compression and a checksum; the last 48 bytes tell where the block of blocks lies. The value of a key is a
``BundleEntryProto``: ``dtype = 1, shape = 2, shard_id = 3, offset = 4, size = 5``, which points into the data file.

References:
    https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/protobuf/tensor_bundle.proto
    https://github.com/google/leveldb/blob/main/doc/table_format.md
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from senga.errors import ModelError

from . import wire
from .budget import MAX_NAME, Damaged, spend, spend_name, step
from .checkpoint import Checkpoint, content_of, to_array

MAGIC = (0xDB4775248B80FB57).to_bytes(8, "little")
"""How an index ends."""

_FOOTER, _TRAILER = 48, 5
_KINDS = {1: "float32", 2: "float64", 3: "int32", 4: "uint8", 5: "int16", 6: "int8", 9: "int64", 10: "bool",
          14: "bfloat16", 17: "uint16", 19: "float16", 22: "uint32", 23: "uint64"}  # fmt: skip


def read_tensorflow(index: memoryview, path: Path) -> Checkpoint:
    """The variables of a checkpoint whose index this is; texts among them are left out."""
    data = _data(path)
    left = len(data)
    spend(size=-left)  # its bytes may become arrays as well as those of the index
    checkpoint = Checkpoint("tensorflow", {})
    for name, value in _table(index):
        if name:
            kind, shape, shard, offset, size = _entry(value)
            left -= size
            if shard or offset < 0 or size < 0 or offset + size > len(data) or left < 0:
                raise Damaged(f"“{name}” lies outside the data")
            if name in checkpoint.arrays:
                raise Damaged(f"“{name}” is there twice")
            if kind in _KINDS:
                checkpoint.arrays[name] = to_array(data[offset : offset + size], _KINDS[kind], shape)
    return checkpoint


def index_of(path: Path) -> Path:
    """The index that belongs to any file of a checkpoint, whichever the user named."""
    for ending in (".meta", ".data-00000-of-00001"):
        if path.name.endswith(ending):
            index = path.with_name((path.name.removesuffix(ending) or "_") + ".index")
            return index if os.path.lexists(index) else path
    return path


def _data(path: Path) -> memoryview:
    file = path.with_name(path.name.removesuffix(".index") + ".data-00000-of-00001")
    if not path.name.endswith(".index") or not os.path.lexists(file):
        raise ModelError(f"This is the index of a TensorFlow checkpoint, whose “{file.name}” must lie beside it.")
    return memoryview(content_of(file))


def _table(index: memoryview) -> Iterator[tuple[str, memoryview]]:
    """Keys and values of a table, in order."""
    footer = index[-_FOOTER:]
    _, _, at = _handle(footer, 0)
    begin, size, _ = _handle(footer, at)
    for _, handle in _block(index, begin, size):
        begin, size, _ = _handle(handle, 0)
        for key, value in _block(index, begin, size):
            yield spend_name(key.decode("utf-8")), value


def _handle(data: memoryview, at: int) -> tuple[int, int, int]:
    """Where a block begins, its size, and where the next handle is."""
    begin, at = wire.varint(data, at)
    size, at = wire.varint(data, at)
    return begin, size, at


def _block(index: memoryview, begin: int, size: int) -> Iterator[tuple[bytes, memoryview]]:
    """The entries of one block; each key repeats the first bytes of the one before."""
    block = index[begin : begin + size]
    if len(index) < begin + size + _TRAILER or len(block) < 4:
        raise Damaged("a block ends after the file")
    if index[begin + size]:
        raise Damaged("its index is compressed")
    end = size - 4 * (1 + int.from_bytes(block[-4:], "little"))
    key, at = b"", 0
    while at < end:
        step()
        shared, at = wire.varint(block, at)
        fresh, at = wire.varint(block, at)
        length, at = wire.varint(block, at)
        if shared > len(key) or at + fresh + length > end:
            raise Damaged("a key ends after its block")
        if shared + fresh > MAX_NAME:
            raise Damaged(f"it has a name of {shared + fresh} bytes")
        key = key[:shared] + bytes(block[at : at + fresh])
        yield key, block[at + fresh : at + fresh + length]
        at += fresh + length


def _entry(message: memoryview) -> tuple[int, list[int], int, int, int]:
    numbers = {1: 0, 3: 0, 4: 0, 5: 0}
    shape: list[int] = []
    for part in wire.fields(message):
        if part.number in numbers:
            numbers[part.number] = part.integer()
        elif part.number == 2:
            shape = [_dimension(size.bytes()) for size in wire.fields(part.bytes()) if size.number == 2]
        elif part.number == 7:
            raise Damaged("a variable is cut into slices")
    return numbers[1], shape, numbers[3], numbers[4], numbers[5]


def _dimension(message: memoryview) -> int:
    return next((part.integer() for part in wire.fields(message) if part.number == 1), 0)
