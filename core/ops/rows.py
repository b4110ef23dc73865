"""Bands of rows: a large picture is worked on in parts, so that it costs no more memory than its pixels."""

from __future__ import annotations

from collections.abc import Iterator

ROWS = 256
"""Height of a band: wide pictures still fit into the caches, and what is done for each band counts little."""


def bands(height: int, rows: int = ROWS, start: int = 0) -> Iterator[slice]:
    """The rows ``start:height`` in slices of at most ``rows``, in order."""
    for top in range(start, height, rows):
        yield slice(top, min(top + rows, height))
