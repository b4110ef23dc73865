"""A reader of pickles that knows data only.

Python's own unpickler calls whatever the file names. Here the instructions are interpreted by a small machine of our
own: numbers, text, lists, tuples, dictionaries, and the handful of names of a `Vocabulary`, which are looked up in a
table and never imported. Everything else is refused, so a file cannot run anything.

References:
    https://github.com/python/cpython/blob/main/Lib/pickletools.py documents every instruction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from senga.errors import ModelError

from .budget import Damaged, step
from .pickle_values import LONGEST_NUMBER, VALUES, Stream, byte, long

_LARGEST_KEY = 1 << 31


@dataclass(frozen=True)
class Name:
    """A name that the pickle mentions.

    Attributes:
        module: its first part.
        name: its second part.
        meaning: what a call of it builds, or a text if it only stands for itself.
    """

    module: str
    name: str
    meaning: Callable[..., Any] | str


Vocabulary = Mapping[tuple[str, str], Callable[..., Any] | str]
"""Module and name -> what a call of it builds, or a text where a call is refused."""


@runtime_checkable
class Stateful(Protocol):
    """What a call built and the pickle completes later."""

    def set_state(self, state: Any) -> None:
        """Take the rest."""


class _Mark:
    """Where a list of arguments begins on the stack."""


def read_pickle(stream: Stream, vocabulary: Vocabulary, identify: Callable[[Any], Any] | None = None) -> Any:
    """One pickle; the stream then stands behind it.

    Args:
        stream: where it begins.
        vocabulary: the names it may mention.
        identify: what a persistent identity stands for; without it there may be none.

    Raises:
        ModelError: it names code.
        Damaged: it is no pickle of data.
    """
    machine = _Machine(stream, vocabulary, identify)
    while (code := stream.take(1)[0]) != _STOP:
        step()
        machine.step(code)
    if len(machine.stack) != 1 or isinstance(machine.stack[0], _Mark):
        raise Damaged("its pickle does not end with one object")
    return machine.stack[0]


@dataclass
class _Machine:
    """The stack and the memory of one pickle."""

    stream: Stream
    vocabulary: Vocabulary
    identify: Callable[[Any], Any] | None
    stack: list[Any] = field(default_factory=list)
    memory: dict[int, Any] = field(default_factory=dict)

    def step(self, code: int) -> None:
        """Carry out one instruction."""
        if code in VALUES:
            self.stack.append(VALUES[code](self.stream))
        elif code in _ACTIONS:
            _ACTIONS[code](self)
        elif code in _CODE:
            raise refusal(f"the instruction {_CODE[code]}")
        else:
            raise Damaged(f"its pickle has an instruction that weights do not need ({code})")

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

    def push(self, item: Any) -> None:
        """Add an object."""
        self.stack.append(item)

    def store(self, at: int) -> None:
        """Remember the top of the stack."""
        self.memory[at] = self.top()

    def recall(self, at: int) -> None:
        """Push something remembered."""
        if at not in self.memory:
            raise Damaged("its pickle recalls what it never stored")
        self.stack.append(self.memory[at])

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
        if len(items) % 2:
            raise Damaged("a dictionary with a key without a value")
        target.update(dictionary(zip(items[::2], items[1::2], strict=True)))

    def name(self, module: Any, name: Any) -> None:
        """Push a name that the vocabulary knows."""
        if not isinstance(module, str) or not isinstance(name, str):
            raise Damaged("a name that is no text")
        if (module, name) not in self.vocabulary:
            raise refusal(f"{module[:80]}.{name[:80]}"[:80])
        self.stack.append(Name(module, name, self.vocabulary[module, name]))

    def find(self) -> None:
        """Replace a persistent identity by what it means."""
        if self.identify is None:
            raise refusal("a reference to something outside")
        self.stack.append(self.identify(*self.pop(1)))

    def call(self) -> None:
        """Build what a known name builds from its arguments."""
        name, arguments = self.pop(2)
        if not isinstance(name, Name) or not isinstance(arguments, tuple) or isinstance(name.meaning, str):
            raise refusal("a call")
        if len(arguments) > LONGEST_NUMBER:
            raise Damaged("a call of too many arguments")
        self.stack.append(name.meaning(*arguments))

    def set_state(self) -> None:
        """Complete an object; the attributes of a dictionary (PyTorch's ``_metadata``) are dropped."""
        (state,) = self.pop(1)
        target = self.top()
        if isinstance(target, Stateful):
            target.set_state(state)
        elif not isinstance(target, dict):
            raise refusal("attributes of an object")


def refusal(what: str) -> ModelError:
    """What is said of a file that wants to run something."""
    return ModelError(f"This file contains code ({what}), not only weights, and was refused.")


def dictionary(pairs: Iterable[Any]) -> dict[Any, Any]:
    """A dictionary from pairs, each of them a step: the same list may be given many times.

    Raises:
        Damaged: they are no pairs, or have keys that are neither text nor small numbers (other keys could be chosen so
            that they all share one slot, or be compared for minutes).
    """
    made: dict[Any, Any] = {}
    for pair in pairs:
        step()
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise Damaged("a dictionary that is not made of pairs")
        key, value = pair
        if not isinstance(key, str) and not (isinstance(key, int) and -_LARGEST_KEY < key < _LARGEST_KEY):
            raise Damaged("a dictionary with odd keys")
        made[key] = value
    return made


_STOP = ord(".")


_ACTIONS: dict[int, Callable[[_Machine], Any]] = {
    0x80: lambda machine: machine.stream.take(1),
    0x95: lambda machine: machine.stream.take(8),
    ord("("): lambda machine: machine.push(_Mark()),
    ord("0"): lambda machine: machine.pop(1),
    ord("1"): lambda machine: machine.pop_to_mark(),
    ord("2"): lambda machine: machine.push(machine.top()),
    0x85: lambda machine: machine.push(tuple(machine.pop(1))),
    0x86: lambda machine: machine.push(tuple(machine.pop(2))),
    0x87: lambda machine: machine.push(tuple(machine.pop(3))),
    ord("t"): lambda machine: machine.push(tuple(machine.pop_to_mark())),
    ord("l"): lambda machine: machine.push(machine.pop_to_mark()),
    ord("a"): lambda machine: machine.extend(machine.pop(1)),
    ord("e"): lambda machine: machine.extend(machine.pop_to_mark()),
    ord("s"): lambda machine: machine.update(machine.pop(2)),
    ord("u"): lambda machine: machine.update(machine.pop_to_mark()),
    ord("q"): lambda machine: machine.store(byte(machine.stream)),
    ord("r"): lambda machine: machine.store(long(machine.stream)),
    0x94: lambda machine: machine.store(len(machine.memory)),
    ord("h"): lambda machine: machine.recall(byte(machine.stream)),
    ord("j"): lambda machine: machine.recall(long(machine.stream)),
    ord("c"): lambda machine: machine.name(machine.stream.line(), machine.stream.line()),
    0x93: lambda machine: machine.name(*machine.pop(2)),
    ord("Q"): lambda machine: machine.find(),
    ord("R"): lambda machine: machine.call(),
    ord("b"): lambda machine: machine.set_state(),
}

_CODE = {
    ord("i"): "INST", ord("o"): "OBJ", 0x81: "NEWOBJ", 0x92: "NEWOBJ_EX", 0x82: "EXT1", 0x83: "EXT2", 0x84: "EXT4",
    ord("P"): "PERSID",
}  # fmt: skip
"""Instructions that make Python's unpickler run or import something."""
