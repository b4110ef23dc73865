"""The border to code of strangers: whatever it raises is an error that can be told, whatever it prints is no data."""

from __future__ import annotations

import builtins
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

from .errors import Cancelled, PluginError, SengaError
from .output import strangers

_LONGEST = 500
"""Characters of a reason that is told."""

_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGPIPE") if hasattr(signal, name)]


class Quit(Exception):  # noqa: N818 - what was asked for, and not granted
    """A stranger tried to end the program; the cause is what was raised."""


@contextmanager
def border() -> Iterator[None]:
    """Call code of a stranger inside: only Ctrl-C of the user ends the program, every other end is an Exception.

    A process that the code forks, and that comes back here, ends: only one goes on.

    Raises:
        Quit: the code raised SystemExit, KeyboardInterrupt without the user, or the like.
    """
    with _alone(), _listening() as pressed, strangers():
        try:
            yield
        except Exception:
            raise
        except BaseException as error:
            if pressed:
                raise
            raise Quit(f"it tried to end the program ({_said(error)})") from error


@contextmanager
def telling(failure: Callable[[str], PluginError]) -> Iterator[None]:
    """Call code of a stranger inside; what it does not say to the painter or the host becomes this failure.

    Args:
        failure: makes the error from the reason.

    Raises:
        PluginError: it failed.
    """
    try:
        with border():
            yield
    except (SengaError, Cancelled, MemoryError):
        raise
    except Exception as error:  # of whatever kind a stranger's code raises
        raise failure(reason(error)) from error


def at_work(filter_name: str, plugin: str = "") -> AbstractContextManager[None]:
    """Call code of a filter inside; what it does not say to the painter or the host names the filter.

    Raises:
        PluginError: it failed.
    """
    return telling(lambda why: PluginError(f"The filter “{filter_name}” failed: {why}.", plugin))


@contextmanager
def undisturbed() -> Iterator[None]:
    """Load code of a stranger inside: what belongs to the whole process is put back afterwards."""
    before = _Belongings()
    try:
        with warnings.catch_warnings():
            yield
    finally:
        before.put_back()


class _Belongings:
    """What a module can change for everybody when it is imported, as it is now."""

    def __init__(self) -> None:
        self._folder = _working_folder()
        self._streams = {name: getattr(sys, name) for name in ("stdin", "stdout", "stderr", "excepthook")}
        self._depth = sys.getrecursionlimit()
        self._builtins = dict(vars(builtins))
        self._signals = {number: signal.getsignal(number) for number in _SIGNALS}

    def put_back(self) -> None:
        if self._folder and _working_folder() != self._folder:
            with suppress(OSError):
                os.chdir(self._folder)
        for name, stream in self._streams.items():
            setattr(sys, name, stream)
        sys.setrecursionlimit(self._depth)
        vars(builtins).update(self._builtins)
        for number, handler in self._signals.items():
            if signal.getsignal(number) != handler:
                with suppress(ValueError, TypeError):  # only the main thread may
                    signal.signal(number, handler)


def _working_folder() -> str:
    try:
        return str(Path.cwd())
    except OSError:
        return ""


def reason(error: BaseException) -> str:
    """Why something failed, on one line and without a full stop, whatever the exception is made of."""
    return _text(error) if isinstance(error, SengaError | Quit) and _text(error) else _said(error)


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {_text(error)}".removesuffix(": ")


def _text(error: BaseException) -> str:
    try:
        text = " ".join(str(error).split()).rstrip(".")
    except BaseException:  # the text of a stranger's exception is code of a stranger
        return ""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


@contextmanager
def _alone() -> Iterator[None]:
    process = os.getpid()
    try:
        yield
    finally:
        if os.getpid() != process:
            os._exit(0)


@contextmanager
def _listening() -> Iterator[list[int]]:
    """Notes whether the user presses Ctrl-C, which is otherwise handled as before; other threads never get it."""
    pressed: list[int] = []
    before: Any = signal.getsignal(signal.SIGINT)

    def heard(number: int, frame: FrameType | None) -> Any:
        pressed.append(number)
        return before(number, frame)

    if not callable(before) or threading.current_thread() is not threading.main_thread():
        yield pressed
        return
    signal.signal(signal.SIGINT, heard)
    try:
        yield pressed
    finally:
        with suppress(ValueError, TypeError):
            signal.signal(signal.SIGINT, before)
