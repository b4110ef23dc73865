"""Ctrl-C and SIGTERM, while something is being done."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def interrupted_by(act: Callable[..., None]) -> Iterator[None]:
    """Call ``act`` on Ctrl-C and SIGTERM inside the block."""
    before = {sign: signal.signal(sign, act) for sign in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for sign, handler in before.items():
            signal.signal(sign, handler)
