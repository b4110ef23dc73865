"""What tells whether a file is still the same."""

from __future__ import annotations

import hashlib
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from senga.regular import open_regular, read_regular

_YOUNG = 2_000_000_000
"""Nanoseconds in which some file systems do not tell two changes of a file apart."""


@dataclass(frozen=True)
class Facts:
    """What is known of a file.

    Attributes:
        content: the digest of its bytes; empty if it cannot be read.
        state: what the file system says; as long as that is the same, so are the bytes.
        settled: it had not changed just before it was read, when a further change might not have shown.
    """

    content: str = ""
    state: str = ""
    settled: bool = False

    @property
    def known_by(self) -> str:
        """The state if it can be relied on."""
        return self.state if self.settled else ""


NOTHING = Facts()


def facts_of(path: Path | None, before: Facts = NOTHING) -> Facts:
    """The facts of a file, read anew unless its state is that of ``before``."""
    if path is None:
        return NOTHING
    try:
        with open_regular(path) as stream:
            facts = os.fstat(stream.fileno())
            state = state_of(facts)
            if state == before.state:
                return before
            settled = time.time_ns() - max(facts.st_ctime_ns, facts.st_mtime_ns) > _YOUNG
            return Facts(hashlib.file_digest(stream, "sha256").hexdigest(), state, settled)
    except OSError:
        return NOTHING


def state_of(facts: os.stat_result) -> str:
    """What changes whenever the bytes of a file do: nobody can set the time of the last change back."""
    return f"{facts.st_size}:{facts.st_mtime_ns}:{facts.st_ctime_ns}:{facts.st_dev}:{facts.st_ino}"


def state_at(path: Path) -> str:
    """The same of a path; empty where there is no file."""
    with suppress(OSError, ValueError):
        return state_of(path.stat())
    return ""


def content_of(path: Path, limit: int) -> tuple[bytes | None, Facts]:
    """The bytes of a file, or None if there are more than ``limit``, and its facts.

    Raises:
        OSError: it is missing, may not be read, or is no regular file.
    """
    settled = settled_state(path)
    content = read_regular(path, limit)
    if content is None:
        return None, NOTHING
    known = settled if settled == state_at(path) else ""
    return content, Facts(hashlib.sha256(content).hexdigest(), known, settled=bool(known))


def settled_state(path: Path) -> str:
    """The same if the file did not change just before, when a further change might not show; else nothing."""
    with suppress(OSError, ValueError):
        facts = path.stat()
        return state_of(facts) if time.time_ns() - max(facts.st_ctime_ns, facts.st_mtime_ns) > _YOUNG else ""
    return ""


def size_of(path: Path | None) -> int:
    """Bytes of a file; 0 where there is none."""
    with suppress(OSError, ValueError):
        return path.stat().st_size if path else 0
    return 0
