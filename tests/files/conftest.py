"""Colour profiles and pictures that the tests of files need."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import PIL.Image
import pytest
from numpy.typing import NDArray

# Primaries as XYZ relative to D50 (ICC profile connection space).
P3 = ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407))
ADOBE = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))
_D50 = (0.9642, 1.0, 0.8249)


def _fixed(*numbers: float) -> bytes:
    return struct.pack(f">{len(numbers)}i", *(round(each * 65536) for each in numbers))


def _assembled(space: bytes, kind: bytes, connection: bytes, tags: dict[bytes, bytes]) -> bytes:
    head = struct.pack(">I4s4s4s4s4s", 0, b"none", b"\x02\x10\0\0", kind, space, connection)
    head += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(28) + _fixed(*_D50)
    head = head.ljust(128, b"\0")
    table, body = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        table += struct.pack(">4sII", name, start + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    whole = head + table + body
    return struct.pack(">I", len(whole)) + whole[4:]


def _text(words: bytes) -> bytes:
    return b"desc\0\0\0\0" + struct.pack(">I", len(words) + 1) + words + b"\0" + bytes(78)


def _common(words: bytes) -> dict[bytes, bytes]:
    return {b"desc": _text(words), b"cprt": b"text\0\0\0\0none\0", b"wtpt": b"XYZ \0\0\0\0" + _fixed(*_D50)}


def _gamma(gamma: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256))


def matrix_profile(primaries: tuple[tuple[float, ...], ...], gamma: float) -> bytes:
    """An ICC 2 display profile of three primaries and one tone curve."""
    tags = _common(b"test")
    for letter, primary in zip(b"rgb", primaries, strict=True):
        tags[bytes([letter]) + b"XYZ"] = b"XYZ \0\0\0\0" + _fixed(*primary)
        tags[bytes([letter]) + b"TRC"] = _gamma(gamma)
    return _assembled(b"RGB ", b"mntr", b"XYZ ", tags)


def grey_profile(gamma: float) -> bytes:
    """An ICC 2 display profile for grey."""
    return _assembled(b"GRAY", b"mntr", b"XYZ ", {**_common(b"grey"), b"kTRC": _gamma(gamma)})


def cmyk_profile() -> bytes:
    """An ICC 2 printer profile, from ink to Lab only: paper white, cyan alone (L 50, a -50, b 0), the rest black."""
    grid = np.zeros((2, 2, 2, 2, 3))
    grid[..., 1:] = 128
    grid[0, 0, 0, 0] = (255, 128, 128)
    grid[1, 0, 0, 0] = (127.5, 78, 128)
    ramp = bytes(range(256))
    head = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + _fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
    table = head + ramp * 4 + np.rint(grid).astype(np.uint8).tobytes() + ramp * 3
    return _assembled(b"CMYK", b"prtr", b"Lab ", {**_common(b"ink"), b"A2B0": table, b"A2B1": table})


@pytest.fixture(scope="session")
def profiles() -> dict[str, bytes]:
    return {
        "p3": matrix_profile(P3, 2.2),
        "adobe": matrix_profile(ADOBE, 563 / 256),
        "grey": grey_profile(1.8),
        "cmyk": cmyk_profile(),
    }


@pytest.fixture(scope="session")
def grain() -> Callable[..., NDArray[Any]]:
    """(H, W, C) random samples of any type."""

    def make(height: int, width: int, channels: int, depth: Any = np.uint8, seed: int = 5) -> NDArray[Any]:
        share = np.random.default_rng(seed).random((height, width, channels))
        kind = np.dtype(depth)
        return (share * (np.iinfo(kind).max if kind.kind == "u" else 1)).astype(kind)

    return make


@pytest.fixture(scope="session")
def saved() -> Callable[..., bytes]:
    """What Pillow writes."""

    def save(pil: PIL.Image.Image, kind: str, **options: Any) -> bytes:
        stream = io.BytesIO()
        pil.save(stream, kind, **options)
        return stream.getvalue()

    return save
