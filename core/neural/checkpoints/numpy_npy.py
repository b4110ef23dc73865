"""Arrays of NumPy (``.npy``), read without its unpickler: plain numbers, and dictionaries of arrays.

A plain array is a description and its numbers. A dictionary ``layer -> arrays``, as conversions from Caffe are
published, is a pickle behind the description of one object; `pickled` reads it with the names that arrays need.

References:
    https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .budget import MAX_DIMENSIONS, Damaged, element_count, spend, spend_name, step
from .checkpoint import Checkpoint
from .pickle_values import Stream
from .pickled import read_pickle, refusal

MAGIC = b"\x93NUMPY"
"""How a file begins."""

_MAX_HEADER = 1 << 16
_DESCR = re.compile(r"""(['"])descr\1\s*:\s*(['"])([^'"]{1,20})\2""")
_ORDER = re.compile(r"""(['"])fortran_order\1\s*:\s*(True|False)""")
_SHAPE = re.compile(r"""(['"])shape\1\s*:\s*\(([\d\s,L]*)\)""")
_KIND = re.compile(r"[<>|=]?(?:[biufcSU]\d{1,9}|\?)")


class _Header(NamedTuple):
    kind: str
    fortran: bool
    shape: tuple[int, ...]


def read_npy(data: memoryview) -> Checkpoint:
    """The arrays of a dictionary as ``layer/part``, or a plain array as ``array``."""
    stream = Stream(data)
    header = _header(stream)
    if header.kind.lstrip("|<>=").startswith("O"):
        content = _one_object(read_pickle(stream, ARRAYS))
        arrays = {spend_name(name): array for name, array in _named(content)}
        return Checkpoint("npy", arrays)
    return Checkpoint("npy", {"array": _numbers(stream.rest(), header)})


def array_of(content: bytes) -> NDArray[Any]:
    """The array of an ``.npy`` file of numbers or text.

    Raises:
        Damaged: it is none, or one that holds objects.
    """
    stream = Stream(content)
    header = _header(stream)
    return _numbers(stream.rest(), header)


def _header(stream: Stream) -> _Header:
    """The description of the array: the text of a dictionary, of which only three entries are looked for."""
    if bytes(stream.take(6)) != MAGIC:
        raise Damaged("an array without a beginning")
    major = stream.take(2)[0]
    size = int.from_bytes(stream.take(2 if major == 1 else 4), "little")
    if not 1 <= major <= 3 or size > _MAX_HEADER:
        raise Damaged("an array with an absurd description")
    text = str(stream.take(size), "utf-8" if major == 3 else "latin-1")
    kind, order, shape = _DESCR.search(text), _ORDER.search(text), _SHAPE.search(text)
    if not kind or not order or not shape:
        raise Damaged("an array whose description cannot be read")
    sizes = [size.strip().rstrip("L") for size in shape[2].split(",")]
    return _Header(kind[3], order[2] == "True", tuple(int(size[:20]) for size in sizes if size))


def _numbers(data: memoryview | bytes, header: _Header) -> NDArray[Any]:
    """An array of its own from the bytes that the header describes."""
    if not _KIND.fullmatch(header.kind):
        raise Damaged("it holds Python objects, or elements that weights do not have, not only numbers")
    kind = np.dtype(header.kind)
    if element_count(header.shape) * kind.itemsize != len(data):
        raise Damaged(f"an array of shape {header.shape} has {len(data)} bytes")
    spend(size=len(data))
    if not len(data):
        return np.zeros(header.shape, kind)
    flat = np.frombuffer(data, kind).astype(kind.newbyteorder("="))
    return flat.reshape(header.shape, order="F" if header.fortran else "C")  # the shape that the file declares


class _Kind:
    """A ``numpy.dtype`` as it is pickled: its letters first, then the order of its bytes."""

    def __init__(self, letters: Any, *_: Any) -> None:
        if not isinstance(letters, str) or not re.fullmatch(r"O\d?|[biufcSU]\d{1,9}", letters):
            raise Damaged("elements that weights do not have")
        self.letters = letters

    def set_state(self, state: Any) -> None:
        """Take the order of the bytes; there are no fields and no parts."""
        if not isinstance(state, tuple) or len(state) < 5 or any(part is not None for part in state[2:5]):
            raise Damaged("elements that weights do not have")
        if state[1] not in ("<", ">", "|", "="):
            raise Damaged("an unknown order of bytes")
        self.letters = state[1] + self.letters


class _Array:
    """A ``numpy.ndarray`` as it is pickled: nothing first, then all of it."""

    def __init__(self, *_: Any) -> None:
        self.content: Any = None

    def set_state(self, state: Any) -> None:
        """Take shape, kind and elements."""
        if self.content is not None or not isinstance(state, tuple) or len(state) != 5:
            raise Damaged("an array that is none")
        _, shape, kind, fortran, data = state
        if not isinstance(shape, tuple) or len(shape) > MAX_DIMENSIONS or not isinstance(kind, _Kind):
            raise Damaged("an array that is none")
        if isinstance(data, list):
            self.content = _single(data, shape, kind)
        else:
            self.content = _numbers(_raw(data), _Header(kind.letters, bool(fortran), shape))


def _single(items: list[Any], shape: tuple[int, ...], kind: _Kind) -> Any:
    """The one object of an array of objects without axes, which is how NumPy keeps a dictionary."""
    if shape or len(items) != 1 or kind.letters.lstrip("|=<>")[0] != "O":
        raise Damaged("an array of objects")
    return items[0]


def _raw(data: Any) -> bytes:
    """Bytes, which Python 2 called text."""
    return data if isinstance(data, bytes) else _encoded(data, "latin1")


def _encoded(text: Any, encoding: Any) -> bytes:
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise Damaged("an unknown kind of bytes")
    spend(size=len(text))
    return text.encode("latin-1")


def _scalar(kind: Any, data: Any) -> NDArray[Any]:
    if not isinstance(kind, _Kind):
        raise Damaged("a number that is none")
    return _numbers(_raw(data), _Header(kind.letters, False, ()))


def _reconstruct(kind: Any, *_: Any) -> _Array:
    if getattr(kind, "meaning", "") != "ndarray":
        raise refusal("an unknown kind of array")
    return _Array()


_MULTIARRAY = ("numpy.core.multiarray", "numpy._core.multiarray")

ARRAYS: dict[tuple[str, str], Callable[..., Any] | str] = {
    ("numpy", "ndarray"): "ndarray",
    ("numpy", "dtype"): _Kind,
    ("_codecs", "encode"): _encoded,
    **{(module, "bytes"): lambda: b"" for module in ("__builtin__", "builtins")},
    **{(module, "_reconstruct"): _reconstruct for module in _MULTIARRAY},
    **{(module, "scalar"): _scalar for module in _MULTIARRAY},
}
"""The names that pickled arrays need."""


def _one_object(content: Any) -> dict[Any, Any]:
    if isinstance(content, _Array):
        content = content.content
    if not isinstance(content, dict):
        raise Damaged("it holds no dictionary of layers")
    return content


def _named(table: dict[Any, Any]) -> Iterator[tuple[str, NDArray[Any]]]:
    """The arrays of layers, by position or by name."""
    for layer, parts in table.items():
        if not isinstance(parts, list | tuple | dict):
            parts = [parts]
        step(len(parts))
        for part, array in parts.items() if isinstance(parts, dict) else enumerate(parts):
            yield f"{layer}/{part}", array_in(array)


def array_in(part: Any) -> NDArray[Any]:
    """An array, or a number, of a pickle.

    Raises:
        Damaged: it is neither.
    """
    if isinstance(part, _Array):
        part = part.content
    if isinstance(part, int | float):
        return np.asarray(part, np.float64)
    if not isinstance(part, np.ndarray):
        raise Damaged("a layer that is no array")
    return part
