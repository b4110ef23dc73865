"""Damage done to valid files, the same for the same seed."""

from __future__ import annotations

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

NUMBERS = (0, 1, 2, 7, 8, 127, 128, 255, 256, 32767, 32768, 65535, 65536, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF,
           0x7FFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFF)  # fmt: skip
SHAPES = ("<B", "<H", ">H", "<I", ">I", "<Q", ">Q")
LONGEST = 1 << 20
"""Bytes of an input: small files are what must not cost much."""


def whole(content: bytes) -> bytes:
    """The file is what was damaged."""
    return content


@dataclass(frozen=True)
class Sample:
    """A valid file, or a part of one that is damaged before ``wrap`` makes a file of it.

    Attributes:
        content: what is damaged.
        wrap: makes checksums and frames right again, so that the damage is not noticed at the door.
    """

    content: bytes
    wrap: Callable[[bytes], bytes] = whole


def damaged(samples: Sequence[Sample], words: Sequence[bytes], seed: str) -> bytes:
    """One input. ``words`` are pieces that mean something in this format."""
    dice = random.Random(seed)  # noqa: S311 - it shall repeat itself
    sample = dice.choice(samples)
    content = bytearray(sample.content)
    for _ in range(dice.choice((1, 1, 2, 3, 5, 8))):
        change = dice.choice(_CHANGES)
        change(content, dice, words, samples)
    return sample.wrap(bytes(content[:LONGEST]))


def _place(content: bytearray, dice: random.Random) -> int:
    return dice.randrange(len(content) + 1)


def _flip(content: bytearray, dice: random.Random, *_: object) -> None:
    if content:
        content[dice.randrange(len(content))] ^= 1 << dice.randrange(8)


def _set(content: bytearray, dice: random.Random, *_: object) -> None:
    if content:
        content[dice.randrange(len(content))] = dice.choice((0, 1, 127, 128, 255, dice.randrange(256)))


def _number(content: bytearray, dice: random.Random, *_: object) -> None:
    shape = dice.choice(SHAPES)
    size = struct.calcsize(shape)
    value = dice.choice(NUMBERS) & ((1 << 8 * size) - 1)
    at = _place(content, dice)
    content[at : at + size] = struct.pack(shape, value)


def _cut(content: bytearray, dice: random.Random, *_: object) -> None:
    at = _place(content, dice)
    del content[at : at + dice.choice((1, 2, 4, 16, len(content)))]


def _double(content: bytearray, dice: random.Random, *_: object) -> None:
    begin = _place(content, dice)
    piece = content[begin : begin + dice.choice((1, 4, 16, 64, 256))]
    at = _place(content, dice)
    content[at:at] = piece * dice.choice((1, 2, 10, 500))


def _noise(content: bytearray, dice: random.Random, *_: object) -> None:
    at = _place(content, dice)
    content[at : at + dice.choice((0, 8))] = dice.randbytes(dice.choice((1, 8, 64)))


def _word(content: bytearray, dice: random.Random, words: Sequence[bytes], _: object) -> None:
    if words:
        word = dice.choice(words)
        at = _place(content, dice)
        content[at : at + dice.choice((0, len(word)))] = word * dice.choice((1, 1, 1, 30))


def _splice(content: bytearray, dice: random.Random, _: object, samples: Sequence[Sample]) -> None:
    other = dice.choice(samples).content
    begin = dice.randrange(len(other) + 1)
    content[_place(content, dice) :] = other[begin:]


_CHANGES: tuple[Callable[..., None], ...] = (
    *(_flip, _flip, _set, _set, _number, _number),
    *(_cut, _double, _noise, _word, _splice),
)


def zipped(name: str, others: dict[str, bytes], content: bytes, *, packed: bool = False) -> bytes:
    """A zip file with the damaged part and whole ones."""
    buffer = io.BytesIO()
    kind = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    with zipfile.ZipFile(buffer, "w", kind) as archive:
        for each, inside in {**others, name: content}.items():
            archive.writestr(zipfile.ZipInfo(each), inside)
    return buffer.getvalue()


def members(archive: bytes) -> list[Sample]:
    """The archive, and each of its members as a part that is damaged by itself."""
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        parts = {name: file.read(name) for name in file.namelist()}
    samples = [Sample(archive)]
    for name, content in parts.items():
        others = {other: inside for other, inside in parts.items() if other != name}
        samples.append(Sample(content, partial(zipped, name, others)))
    return samples


def checked_png(content: bytes) -> bytes:
    """The checksums of all chunks made right."""
    out, at = bytearray(content[:8]), 8
    while at + 12 <= len(content):
        size = min(int.from_bytes(content[at : at + 4], "big"), len(content) - at - 12)
        chunk = content[at + 4 : at + 8 + size]
        out += content[at : at + 4] + chunk + struct.pack(">I", zlib.crc32(chunk))
        at += 12 + size
    return bytes(out + content[at:])
