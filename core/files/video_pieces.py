"""Finished pieces of a film that is being written, kept so that whoever is interrupted goes on behind the last one.

A film is encoded in pieces of so many pictures, each with an encoder of its own, whether they are kept or not: so it
has the same bytes in the end, however often its making was interrupted.
"""

from __future__ import annotations

import json
import shutil
import struct
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from senga.atomic import replacing
from senga.image import Image, Pixels

LENGTH = 120
"""Pictures of a piece: some seconds, and a minute or two of painting."""
_MARK = b"SENGApc1"


@dataclass(frozen=True)
class Packet:
    """A picture as the encoder gave it.

    Attributes:
        at: when it is shown, in ticks of the film.
        lasts: for how many.
        is_key: it needs no other.
        content: its bytes.
    """

    at: int
    lasts: int
    is_key: bool
    content: bytes


@dataclass(frozen=True)
class Piece:
    """So many pictures of a film.

    Attributes:
        packets: what the encoder gave.
        seconds: when the next picture is shown, before it is rounded.
    """

    packets: tuple[Packet, ...]
    seconds: float

    def packed(self) -> bytes:
        """As bytes."""
        facts = [{**asdict(packet), "content": len(packet.content)} for packet in self.packets]
        head = json.dumps({"packets": facts, "seconds": self.seconds.hex()}).encode()
        return _MARK + struct.pack(">I", len(head)) + head + b"".join(packet.content for packet in self.packets)

    @classmethod
    def of(cls, content: bytes) -> Piece:
        """What ``packed`` made.

        Raises:
            ValueError: it is none, or not whole.
        """
        size = struct.unpack(">I", content[8:12])[0] if content.startswith(_MARK) and len(content) > 12 else -1
        told = json.loads(content[12 : 12 + size]) if size >= 0 else {}
        packets, at = [], 12 + size
        for facts in told.get("packets", ()):
            packets.append(Packet(facts["at"], facts["lasts"], facts["is_key"], content[at : at + facts["content"]]))
            at += facts["content"]
        if not packets or at != len(content):
            raise ValueError("no whole piece of a film")
        return cls(tuple(packets), float.fromhex(told["seconds"]))


class Pieces:
    """Those that are there at the beginning of a run, and those that it adds.

    Args:
        folder: of these pieces alone; is made when the first one is kept.

    Attributes:
        count: whole ones at the beginning, each with all before it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.count = 0
        while _piece(self._path(self.count)) is not None:
            self.count += 1
        while self.count and self.last() is None:
            self.count -= 1

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:06}.piece"

    def _shown(self, number: int) -> Path:
        return self.folder / f"{number:06}.npz"

    @property
    def frames(self) -> int:
        """Pictures that need not be painted any more."""
        return self.count * LENGTH

    def whole(self) -> Iterator[Piece]:
        """Those of the beginning, one by one."""
        for number in range(self.count):
            found = _piece(self._path(number))
            if found is None:
                raise OSError(f"{self._path(number)} is gone")
            yield found

    def last(self) -> Image | None:
        """The last picture of the last piece, as it was painted."""
        try:
            with self._shown(self.count - 1).open("rb") as stream, np.load(stream, allow_pickle=False) as kept:
                alpha: Pixels | None = kept["alpha"] if "alpha" in kept.files else None
                return Image(kept["pixels"], alpha, bool(kept["grey"]))
        except (OSError, ValueError, KeyError, EOFError, BadZipFile):
            return None

    def keep(self, number: int, piece: Piece, last: Image) -> None:
        """Add one, and the picture it ends with; of earlier ones that picture is not needed any more.

        Raises:
            OSError: the disk is full …
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        alpha: dict[str, Any] = {} if last.alpha is None else {"alpha": last.alpha}
        with replacing(self._shown(number)) as stream:
            np.savez(stream, pixels=last.pixels, grey=np.array(last.grey), **alpha)
        with replacing(self._path(number)) as stream:
            stream.write(piece.packed())
        if number:
            self._shown(number - 1).unlink(missing_ok=True)

    def discard(self) -> None:
        """Leave none."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _piece(path: Path) -> Piece | None:
    try:
        return Piece.of(path.read_bytes())
    except (OSError, ValueError, KeyError, TypeError):
        return None
