"""Weights in HDF5 as Keras writes them (``.h5``), read as data, without libhdf5.

Read is what ``h5py`` writes by default: superblock 0, groups as trees of symbols, headers of version 1, and numbers in
one piece. Pieces that are compressed, and the newer forms that are chosen by ``libver``, are refused. Kernels keep the
order of axes that Keras has. Layers come in the order that ``layer_names`` tells.

References:
    https://docs.hdfgroup.org/hdf5/v1_14/_f_m_t3.html (HDF5 File Format Specification, version 3.0)
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from senga.errors import ModelError

from .budget import MAX_NAME, MAX_NAMES, Damaged, spend_name, step
from .checkpoint import Checkpoint, to_array

MAGIC = b"\x89HDF\r\n\x1a\n"
_SPACE, _TYPE, _LAYOUT, _FILTERS, _ATTRIBUTE, _MORE, _TABLE = 0x01, 0x03, 0x08, 0x0B, 0x0C, 0x10, 0x11
_WHOLE, _FLOAT, _TEXT, _ANY_LENGTH = 0, 1, 3, 9
_COMPACT, _CONTIGUOUS = 0, 1
_UNDEFINED = (1 << 64) - 1
_DEEPEST = 12
"""Groups within groups, and levels of a tree."""
_NEWER = "It is written in a newer form of HDF5 than Keras chooses: save it again without libver."


@dataclass
class _Header:
    """The messages of an object, by kind, and its attributes."""

    messages: dict[int, memoryview] = field(default_factory=dict)
    attributes: list[memoryview] = field(default_factory=list)


def read_hdf5(data: memoryview) -> Checkpoint:
    """All numbers of a file, by their path: ``model_weights/conv2d_1/conv2d_1/kernel:0``; texts are left out.

    Raises:
        ModelError: it is written in a form that Keras does not choose.
        Damaged: the bytes are no such file.
    """
    if data[8] != 0:
        raise ModelError(_NEWER)
    if bytes(data[13:15]) != b"\x08\x08" or _number(data, 24, "<Q"):
        raise Damaged("its addresses are not those of a file of Keras")
    checkpoint = Checkpoint("hdf5", {})
    _Reader(data, checkpoint.arrays).group(_number(data, 64, "<Q"), "", 0)
    return checkpoint


class _Reader:
    """Walks through the groups of a file."""

    def __init__(self, data: memoryview, arrays: dict[str, NDArray[Any]]) -> None:
        self._data, self._arrays, self._seen = data, arrays, set[int]()

    def group(self, at: int, path: str, depth: int) -> None:
        """The arrays of an object and all below it."""
        if at in self._seen or depth > _DEEPEST:
            raise Damaged("its groups lie within each other without end")
        self._seen.add(at)
        header = self._header(at)
        table = header.messages.get(_TABLE)
        if table is None:
            self._dataset(header, path)
            return
        tree, heap = struct.unpack_from("<QQ", table)
        found = dict(self._links(tree, self._names(heap), 0))
        for name in self._in_order(list(found), header.attributes):
            self.group(found[name], f"{path}/{name}" if path else name, depth + 1)

    def _header(self, at: int) -> _Header:
        """The messages of an object, those in continuations too."""
        if _number(self._data, at, "B") != 1:
            raise ModelError(_NEWER)
        header, parts = _Header(), [(at + 16, _number(self._data, at + 8, "<I"))]
        for start, size in parts:
            for kind, body in self._messages(self._part(start, size)):
                if kind == _MORE:
                    parts.append(struct.unpack_from("<QQ", body))
                elif kind == _ATTRIBUTE:
                    header.attributes.append(body)
                else:
                    header.messages[kind] = body
        return header

    def _messages(self, part: memoryview) -> Iterator[tuple[int, memoryview]]:
        at = 0
        while at + 8 <= len(part):
            step()
            kind, size = struct.unpack_from("<HH", part, at)
            if at + 8 + size > len(part):
                raise Damaged("it ends inside a header")
            yield kind, part[at + 8 : at + 8 + size]
            at += 8 + size

    def _links(self, at: int, names: memoryview, depth: int) -> Iterator[tuple[str, int]]:
        """Names and places of what a group holds."""
        step()
        if depth > _DEEPEST:
            raise Damaged("a tree has too many levels")
        mark, used = bytes(self._part(at, 4)), _number(self._data, at + 6, "<H")
        if mark == b"SNOD":
            for index in range(used):
                name, place = struct.unpack_from("<QQ", self._part(at + 8 + 40 * index, 40))
                yield _text_at(names, name), place
        elif mark == b"TREE" and _number(self._data, at + 4, "B") == 0:
            for index in range(used):
                yield from self._links(_number(self._data, at + 32 + 16 * index, "<Q"), names, depth + 1)
        else:
            raise Damaged("a group has no tree")

    def _names(self, at: int) -> memoryview:
        """The heap of the names of a group."""
        heap = self._part(at, 32)
        if bytes(heap[:4]) != b"HEAP":
            raise Damaged("a group has no names")
        return self._part(_number(heap, 24, "<Q"), _number(heap, 8, "<Q"))

    def _dataset(self, header: _Header, path: str) -> None:
        """One array; what holds no numbers is left out."""
        messages = header.messages
        if not {_SPACE, _TYPE, _LAYOUT} <= set(messages):
            return
        kind, swapped = _kind_of(messages[_TYPE])
        if not kind:
            return
        if _FILTERS in messages:
            raise ModelError(f"“{spend_name(path)}” is compressed: save it without compression, as Keras does.")
        content = self._content(messages[_LAYOUT], path)
        spend_name(path)
        array = to_array(content, kind, _shape_of(messages[_SPACE]))
        self._arrays[path] = array.byteswap() if swapped else array

    def _content(self, layout: memoryview, path: str) -> memoryview:
        version, form = layout[0], layout[1]
        if version != 3 or form not in (_COMPACT, _CONTIGUOUS):
            raise ModelError(f"“{path[:200]}” is stored in chunks: save it in one piece, as Keras does.")
        if form == _COMPACT:
            return layout[4 : 4 + _number(layout, 2, "<H")]
        at, size = struct.unpack_from("<QQ", layout, 2)
        return layout[:0] if at == _UNDEFINED else self._part(at, size)

    def _in_order(self, names: list[str], attributes: list[memoryview]) -> list[str]:
        """The names of a group, first the layers that it tells, in their order."""
        told: dict[str, None] = {}
        for message in attributes:
            name, parts = _attribute(message)
            if name == "layer_names":
                told |= dict.fromkeys(self._texts(*parts))
        first = [each for each in told if each in names]
        return first + sorted(set(names) - set(first))

    def _texts(self, kind: memoryview, space: memoryview, content: memoryview) -> Iterator[str]:
        """Texts of a fixed length, or of any length, which lie in a heap."""
        form, size = kind[0] & 15, _number(kind, 4, "<I")
        if form not in (_TEXT, _ANY_LENGTH) or size < 1:
            return
        for index in range(_count_of(_shape_of(space))):
            step()
            each = content[size * index : size * (index + 1)]
            if len(each) < size:
                raise Damaged("an attribute is longer than its header")
            yield _text(each if form == _TEXT else self._from_heap(*struct.unpack("<IQI", each)))

    def _from_heap(self, length: int, at: int, index: int) -> memoryview:
        """The bytes of one object of a heap of objects."""
        mark, end = bytes(self._part(at, 4)), at + _number(self._data, at + 8, "<Q")
        at += 16
        while mark == b"GCOL" and at + 16 <= end:
            found, size = _number(self._data, at, "<H"), _number(self._data, at + 8, "<Q")
            if found == index:
                return self._part(at + 16, min(size, length))
            at += 16 + -(-size // 8) * 8
            step()
        raise Damaged("a text lies nowhere")

    def _part(self, at: int, size: int) -> memoryview:
        step()
        if at + size > len(self._data):
            raise Damaged("it ends too early")
        return self._data[at : at + size]


def _number(data: memoryview, at: int, form: str) -> int:
    if at + struct.calcsize(form) > len(data):
        raise Damaged("it ends too early")
    return int(struct.unpack_from(form, data, at)[0])


def _text_at(names: memoryview, at: int) -> str:
    return spend_name(_text(names[at : at + MAX_NAME + 1]))


def _text(raw: memoryview) -> str:
    return bytes(raw).split(b"\0")[0].decode("utf-8")


def _kind_of(message: memoryview) -> tuple[str, bool]:
    """The name that NumPy gives the type of the elements, or nothing; and whether their high bytes are first."""
    kind, bits, size = message[0] & 15, message[1], _number(message, 4, "<I")
    if kind == _FLOAT and size in (2, 4, 8):
        return f"float{8 * size}", bool(bits & 1)
    if kind == _WHOLE and size in (1, 2, 4, 8):
        return f"{'int' if bits & 8 else 'uint'}{8 * size}", bool(bits & 1)
    return "", False


def _shape_of(message: memoryview) -> tuple[int, ...]:
    rank, start = message[1], 8 if message[0] == 1 else 4
    return struct.unpack_from(f"<{rank}Q", message, start)


def _count_of(shape: tuple[int, ...]) -> int:
    count = math.prod(shape)
    if count > MAX_NAMES:
        raise Damaged("it holds more names than any weights need")
    return count


def _attribute(message: memoryview) -> tuple[str, tuple[memoryview, memoryview, memoryview]]:
    """Its name; the type of its values, their shape, and what it holds."""
    version = message[0]
    sizes = struct.unpack_from("<HHH", message, 2)
    at, parts = 9 if version == 3 else 8, []
    for size in sizes:
        parts.append(message[at : at + size])
        at += -(-size // 8) * 8 if version == 1 else size
    return _text(parts[0]), (parts[1], parts[2], message[at:])
