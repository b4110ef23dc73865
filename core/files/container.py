"""Files that FFmpeg writes: what their disk says is heard, whatever FFmpeg makes of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO


class _Heard:
    """A stream that remembers what its disk said: FFmpeg goes on, and fails later with words of its own."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.raised: OSError | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, data: Any) -> int:
        try:
            return self._stream.write(data)
        except OSError as error:
            self.raised = error
            raise

    def seek(self, offset: int, whence: int = 0) -> int:
        try:
            return self._stream.seek(offset, whence)
        except OSError as error:  # of what waits to be written; FFmpeg would print it, and the next ``write`` raises
            self.raised = error
            return offset


@contextmanager
def container(stream: BinaryIO, kind: str, options: Mapping[str, str]) -> Iterator[Any]:
    """A container of FFmpeg that is written to a stream.

    Raises:
        OSError: the disk is full …
    """
    import av

    heard = _Heard(stream)
    try:
        with av.open(heard, "w", format=kind, container_options=dict(options)) as opened:
            yield opened
    except Exception:
        if heard.raised is None:
            raise
    if heard.raised is not None:
        raise heard.raised
