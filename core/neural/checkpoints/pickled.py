"""A reader of pickles that knows data only.

Python's own ``pickle`` calls whatever the file names. Here the instructions are interpreted by a small machine of our
own: numbers, text, lists, tuples, dictionaries, and the handful of names that PyTorch's state dicts use, which are
looked up in a table and never imported. Everything else is refused, so a file cannot run anything.

References:
    https://github.com/python/cpython/blob/main/Lib/pickletools.py documents every instruction.
"""

from __future__ import annotations

import io
import pickletools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from senga.errors import ModelError

from .checkpoint import Damaged, element_count

_PUSH = {"NONE", "NEWTRUE", "NEWFALSE", "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT",
         "BINFLOAT", "STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE",
         "BINUNICODE8", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8"}  # fmt: skip
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_SILENT = {"PROTO", "FRAME", "STOP"}

_STORAGES = {"HalfStorage": "float16", "FloatStorage": "float32", "DoubleStorage": "float64",
             "BFloat16Storage": "bfloat16", "CharStorage": "int8", "ShortStorage": "int16", "IntStorage": "int32",
             "LongStorage": "int64", "ByteStorage": "uint8", "BoolStorage": "bool"}  # fmt: skip


@dataclass(frozen=True)
class Name:
    """A name that the pickle mentions; it stands for a call or a type that this reader knows."""

    module: str
    name: str


@dataclass(frozen=True)
class Storage:
    """A block of numbers that lies elsewhere in the file."""

    key: str
    kind: str
    count: int


@dataclass(frozen=True)
class Tensor:
    """A view of a storage: where it begins, its shape, and its strides, all in elements."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class _Mark:
    """Where a list of arguments begins on the stack."""


def read_pickle(stream: io.BytesIO, storages: dict[str, Storage] | None = None) -> Any:
    """One pickle; the stream then stands behind it.

    Args:
        stream: where it begins.
        storages: is filled with the blocks of numbers it refers to, by key.

    Raises:
        ModelError: it names code.
        Damaged: it is no pickle of data.
    """
    machine = _Machine(storages)
    for instruction, argument, _ in pickletools.genops(stream):
        machine.step(instruction.name, argument)
    if len(machine.stack) != 1:
        raise Damaged("its pickle does not end with one object")
    return machine.stack[0]


class _Machine:
    """The stack and the memory of one pickle."""

    def __init__(self, storages: dict[str, Storage] | None) -> None:
        self.storages = {} if storages is None else storages
        self.stack: list[Any] = []
        self.memory: dict[int, Any] = {}

    def step(self, instruction: str, argument: Any) -> None:
        """Carry out one instruction."""
        if instruction in _SILENT:
            return
        if instruction in _PUSH:
            self.stack.append(_CONSTANTS.get(instruction, argument))
        elif instruction in _TUPLES:
            self.stack.append(tuple(self.pop(_TUPLES[instruction])))
        elif instruction in _ACTIONS:
            _ACTIONS[instruction](self, argument)
        else:
            raise _refusal(f"the instruction {instruction}")

    def pop(self, count: int) -> list[Any]:
        """The last ``count`` objects, in the order they were pushed."""
        if len(self.stack) < count:
            raise Damaged("its pickle takes more than it gives")
        taken = self.stack[len(self.stack) - count :]
        del self.stack[len(self.stack) - count :]
        return taken

    def pop_to_mark(self) -> list[Any]:
        """What was pushed since the last mark."""
        for count, item in enumerate(reversed(self.stack)):
            if isinstance(item, _Mark):
                taken = self.pop(count)
                self.stack.pop()
                return taken
        raise Damaged("its pickle lacks a mark")

    def mark(self, _: Any) -> None:
        """Begin a list of arguments."""
        self.stack.append(_Mark())

    def make(self, build: Callable[[list[Any]], Any]) -> None:
        """Replace what was pushed since the mark by what is built from it."""
        self.stack.append(build(self.pop_to_mark()))

    def store(self, argument: Any) -> None:
        """Remember the top of the stack."""
        self.memory[len(self.memory) if argument is None else argument] = self.top()

    def recall(self, argument: Any) -> None:
        """Push something remembered."""
        self.stack.append(self.memory[argument])

    def top(self) -> Any:
        """The last object."""
        if not self.stack:
            raise Damaged("its pickle takes more than it gives")
        return self.stack[-1]

    def extend(self, items: list[Any]) -> None:
        """Append to the list below."""
        target = self.top()
        if not isinstance(target, list):
            raise Damaged("its pickle appends to something else than a list")
        target.extend(items)

    def update(self, items: list[Any]) -> None:
        """Set keys and values of the dictionary below."""
        target = self.top()
        if not isinstance(target, dict):
            raise Damaged("its pickle sets items of something else than a dictionary")
        target.update(_pairs(items))

    def name(self, argument: str) -> None:
        """Push a name, written as ``module name``."""
        module, _, name = argument.partition(" ")
        self.stack.append(_known(module, name))

    def name_from_stack(self, _: Any) -> None:
        """Push a name whose two parts were pushed before."""
        module, name = self.pop(2)
        self.stack.append(_known(module, name))

    def find_storage(self, _: Any) -> None:
        """Replace a persistent identity by the storage it means."""
        storage = _storage(*self.pop(1))
        self.storages[storage.key] = storage
        self.stack.append(storage)

    def call(self, _: Any) -> None:
        """Build what a known name builds from its arguments."""
        name, arguments = self.pop(2)
        if not isinstance(name, Name) or not isinstance(arguments, tuple) or (name.module, name.name) not in _CALLS:
            raise _refusal("a call")
        self.stack.append(_CALLS[name.module, name.name](*arguments))

    def set_state(self, _: Any) -> None:
        """Drop the attributes of a dictionary (PyTorch's ``_metadata``); other objects have none here."""
        self.pop(1)
        if not isinstance(self.top(), dict):
            raise _refusal("attributes of an object")


_ACTIONS: dict[str, Callable[[_Machine, Any], Any]] = {
    "MARK": _Machine.mark,
    "POP": lambda machine, _: machine.pop(1),
    "POP_MARK": lambda machine, _: machine.pop_to_mark(),
    "DUP": lambda machine, _: machine.stack.append(machine.top()),
    "EMPTY_TUPLE": lambda machine, _: machine.stack.append(()),
    "EMPTY_LIST": lambda machine, _: machine.stack.append([]),
    "EMPTY_DICT": lambda machine, _: machine.stack.append({}),
    "TUPLE": lambda machine, _: machine.make(tuple),
    "LIST": lambda machine, _: machine.make(list),
    "DICT": lambda machine, _: machine.make(lambda items: dict(_pairs(items))),
    "APPEND": lambda machine, _: machine.extend(machine.pop(1)),
    "APPENDS": lambda machine, _: machine.extend(machine.pop_to_mark()),
    "SETITEM": lambda machine, _: machine.update(machine.pop(2)),
    "SETITEMS": lambda machine, _: machine.update(machine.pop_to_mark()),
    "PUT": _Machine.store,
    "BINPUT": _Machine.store,
    "LONG_BINPUT": _Machine.store,
    "MEMOIZE": _Machine.store,
    "GET": _Machine.recall,
    "BINGET": _Machine.recall,
    "LONG_BINGET": _Machine.recall,
    "GLOBAL": _Machine.name,
    "STACK_GLOBAL": _Machine.name_from_stack,
    "BINPERSID": _Machine.find_storage,
    "REDUCE": _Machine.call,
    "BUILD": _Machine.set_state,
}


def _refusal(what: str) -> ModelError:
    return ModelError(f"This file contains code ({what}), not only weights, and was refused.")


def _known(module: Any, name: Any) -> Name:
    if not isinstance(module, str) or not isinstance(name, str):
        raise Damaged("a name that is no text")
    if (module, name) in _CALLS or (module == "torch" and name in _STORAGES):
        return Name(module, name)
    raise _refusal(f"{module}.{name}"[:80])


def _pairs(items: list[Any]) -> list[tuple[Any, Any]]:
    if len(items) % 2 or not all(isinstance(key, str | int | float) for key in items[::2]):
        raise Damaged("a dictionary with odd keys")
    return list(zip(items[::2], items[1::2], strict=True))


def _ordered_dict(pairs: Any = ()) -> dict[Any, Any]:
    flat = [part for pair in pairs for part in pair]
    if len(flat) != 2 * len(pairs):
        raise Damaged("a dictionary that is not made of pairs")
    return dict(_pairs(flat))


def _storage(identity: Any) -> Storage:
    kind, key, count = identity[1], identity[2], identity[4]
    if identity[0] != "storage" or not isinstance(kind, Name) or kind.name not in _STORAGES:
        raise Damaged("numbers of an unknown kind")
    if not isinstance(key, str | int) or not isinstance(count, int) or count < 0:
        raise Damaged("numbers of an unknown place")
    if len(identity) > 5 and identity[5] is not None:
        raise Damaged("a view of other numbers, as PyTorch wrote it before 2017")
    return Storage(str(key), _STORAGES[kind.name], count)


def _tensor(storage: Any, offset: Any, shape: Any, strides: Any, *_: Any) -> Tensor:
    whole = all(isinstance(number, int) and number >= 0 for number in (offset, *shape, *strides))
    if not isinstance(storage, Storage) or not whole or len(shape) != len(strides):
        raise Damaged("a tensor that is none")
    count = element_count(shape)
    last = offset + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))
    if count and (last >= storage.count or count > storage.count):
        raise Damaged("a tensor that is larger than its numbers")
    return Tensor(storage, offset, tuple(shape), tuple(strides))


def _parameter(tensor: Any, *_: Any) -> Tensor:
    if not isinstance(tensor, Tensor):
        raise Damaged("a parameter that is no tensor")
    return tensor


_CALLS: dict[tuple[str, str], Callable[..., Any]] = {
    ("collections", "OrderedDict"): _ordered_dict,
    ("torch._utils", "_rebuild_tensor"): _tensor,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch._utils", "_rebuild_parameter"): _parameter,
}
