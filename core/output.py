"""Standard output carries data; what plug-ins, libraries and their processes print goes to standard error.

The data stream is a private duplicate of file descriptor 1, which itself then leads to standard error: so prints of
native code and of child processes go there too. ``print`` of Python goes to the data stream only from Senga's own code.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TextIO

_own: ContextVar[bool] = ContextVar("own", default=False)
"""Whether the code that runs now is Senga's own; threads that others start begin without."""


class Output(io.TextIOBase):
    """Standard output: the data stream for Senga itself, standard error for all others."""

    def __init__(self, data: TextIO) -> None:
        self._data = data

    def _stream(self) -> TextIO:
        return self._data if _own.get() or sys.stderr is None else sys.stderr

    @property
    def buffer(self) -> Any:
        """The bytes below."""
        return self._stream().buffer

    @property
    def encoding(self) -> str:  # type: ignore[override]  # a stream of text has it for reading only
        """Of the data stream."""
        return self._data.encoding

    @property
    def errors(self) -> str | None:  # type: ignore[override]  # see above
        """Of the data stream."""
        return self._data.errors

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return False

    def fileno(self) -> int:
        return 1

    def write(self, text: str) -> int:
        return self._stream().write(text)

    def flush(self) -> None:
        self._stream().flush()


def protect() -> None:
    """Keep standard output of this process for what Senga itself writes; on a terminal all may share it."""
    out = sys.stdout
    if out is None or isinstance(out, Output) or out.isatty():
        return
    out.flush()
    private = os.dup(1)
    aside = 2 if sys.stderr is not None else os.open(os.devnull, os.O_WRONLY)
    os.dup2(aside, 1)
    # It is open to the end, where the system closes it: closing it by ourselves would be too early for exit handlers.
    data = open(private, "w", encoding=out.encoding, errors=out.errors, closefd=False)  # noqa: SIM115
    sys.stdout = Output(data)
    _own.set(True)


def finish() -> None:
    """Write the data out; what is printed later, while the process ends, goes to standard error.

    Raises:
        OSError: the data could not be written; it is thrown away.
    """
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        with open(os.devnull, "wb") as nothing:  # noqa: PTH123 - a device
            os.dup2(nothing.fileno(), _data_of(sys.stdout))
        raise
    finally:
        _own.set(False)


def _data_of(stream: TextIO) -> int:
    return stream._data.fileno() if isinstance(stream, Output) else stream.fileno()


@contextmanager
def ours() -> Iterator[None]:
    """Senga's own code runs: what it prints is data."""
    token = _own.set(True)
    try:
        yield
    finally:
        _own.reset(token)


@contextmanager
def strangers() -> Iterator[None]:
    """A plug-in's code runs: what it prints is no data."""
    token = _own.set(False)
    try:
        yield
    finally:
        _own.reset(token)
