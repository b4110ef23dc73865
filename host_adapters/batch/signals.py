"""Ctrl-C, SIGTERM and the end of the terminal, while something is being done."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager


def ending_signals() -> list[signal.Signals]:
    """The signals that ask this process to end; without SIGHUP where nohup made it be overlooked."""
    hangup = getattr(signal, "SIGHUP", None)
    signs = [signal.SIGINT, signal.SIGTERM]
    return signs if hangup is None or signal.getsignal(hangup) == signal.SIG_IGN else [*signs, hangup]


@contextmanager
def interrupted_by(act: Callable[..., None]) -> Iterator[None]:
    """Call ``act`` on Ctrl-C, SIGTERM and SIGHUP inside the block."""
    before = {sign: signal.signal(sign, act) for sign in ending_signals()}
    try:
        yield
    finally:
        for sign, handler in before.items():
            signal.signal(sign, handler)
