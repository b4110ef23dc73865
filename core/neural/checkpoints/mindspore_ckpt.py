"""Checkpoints of MindSpore (``.ckpt``), read without MindSpore.

The file is one message: ``repeated Value value = 1``, where Value is ``string tag = 1; TensorProto tensor = 2`` and
TensorProto is ``repeated int64 dims = 1; string type = 2; bytes content = 3``. Large arrays are cut into several values
of the same tag. ``crc_check=True`` appends ``crc_num`` and ten bytes.
"""

from __future__ import annotations

import binascii

from . import wire
from .budget import Damaged, spend, spend_name
from .checkpoint import Checkpoint, to_array

_CRC_MARK, _CRC_BYTES = b"crc_num", 10


def read_mindspore(data: memoryview) -> Checkpoint:
    """The parameters of a MindSpore checkpoint; texts among them become metadata."""
    kinds: dict[str, tuple[str, list[int]]] = {}
    contents: dict[str, bytearray] = {}
    for value in wire.fields(_checked(data)):
        if value.number != 1:
            raise Damaged(f"the field {value.number} where only 1 may be")
        tag, kind, shape, content = _value(value.bytes())
        if tag not in kinds:
            kinds[spend_name(tag)] = (kind, shape)
        spend(size=len(content))
        contents.setdefault(tag, bytearray()).extend(content)
    if not kinds:
        raise Damaged("it holds no parameters")
    checkpoint = Checkpoint("mindspore", {})
    for tag, (kind, shape) in kinds.items():
        if kind == "str":
            checkpoint.metadata[tag] = contents[tag].decode("utf-32-le").rstrip("\0")
        else:
            checkpoint.arrays[tag] = to_array(memoryview(contents[tag]), kind.lower(), shape)
    return checkpoint


def _value(message: memoryview) -> tuple[str, str, list[int], memoryview]:
    tag, kind, shape, content = "", "", [], memoryview(b"")
    for part in wire.fields(message):
        if part.number == 1:
            tag = part.text()
        elif part.number == 2:
            for item in wire.fields(part.bytes()):
                if item.number == 1:
                    shape += item.integers()
                elif item.number == 2:
                    kind = item.text()
                elif item.number == 3:
                    content = item.bytes()
    if not tag or not kind:
        raise Damaged("a parameter without a name or type")
    return tag, kind, shape, content


def _checked(data: memoryview) -> memoryview:
    """The data without its checksum, which must be right."""
    end = len(data) - _CRC_BYTES - len(_CRC_MARK)
    if end < 0 or bytes(data[end:-_CRC_BYTES]) != _CRC_MARK:
        return data
    if binascii.crc32(data[:end]) != int.from_bytes(data[-_CRC_BYTES:], "big"):
        raise Damaged("its checksum is wrong")
    return data[:end]
