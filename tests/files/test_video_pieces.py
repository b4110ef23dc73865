"""Films whose writing was interrupted go on behind the last finished piece, to the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from senga import hookimpl
from senga.files import read, video_pieces, video_writing, write
from senga.files.video_pieces import Packet, Piece, Pieces
from senga.filter import Filter
from senga.image import Animation, Frame, Image
from senga.job import Job
from senga.registry import Plugins
from senga.work import Work

COUNT, PIECE = 23, 5
Paint = Callable[..., bytes | None]


class Trail(Filter):
    """Half of the last result, half of this frame; counts what it paints."""

    name: ClassVar[str] = "trail"
    title: ClassVar[str] = "Trail"
    summary: ClassVar[str] = "A trail."
    wants_before: ClassVar[bool] = True
    painted: ClassVar[list[int]] = []

    def __call__(self, image: Image, job: Job) -> Image:
        job.progress(0)
        assert job.moment is not None
        Trail.painted.append(job.moment.number)
        before = image if job.moment.before is None else job.moment.before
        return image.with_pixels(image.pixels // 2 + before.pixels // 2)


class Module:
    @hookimpl
    def senga_filters(self) -> list[type[Filter]]:
        return [Trail]


@pytest.fixture
def paint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_film: Any) -> Paint:
    """Paints a film with sound of 23 frames at odd times, in pieces of five; may be stopped behind so many frames."""
    for module in (video_pieces, video_writing):
        monkeypatch.setattr(module, "LENGTH", PIECE)
    known = Plugins(builtin=False, third_party=False)
    known.register(Module(), "module")
    source = make_film("film.mp4", sound="aac", times=[number * 0.08 + number % 3 * 0.013 for number in range(COUNT)])

    def act(name: str, pieces: Path | None = None, *, stop: int = COUNT, steady: bool = False) -> bytes | None:
        film = read(source)
        assert isinstance(film, Animation)
        assert film.film is not None
        film = replace(film, film=replace(film.film, pieces=None if pieces is None else Pieces(pieces)))
        result = Work.of(known, "trail", steady=steady).run(known, film)
        assert isinstance(result, Animation)
        whole = result.frames

        def frames() -> Iterator[Frame]:
            for number, frame in enumerate(whole()):
                if number == stop:
                    raise RuntimeError("ended")
                yield frame

        try:
            return write(replace(result, frames=frames), tmp_path / name).read_bytes()
        except RuntimeError:
            return None

    Trail.painted.clear()
    return act


@pytest.mark.parametrize(("ending", "steady"), [(".mp4", False), (".mp4", True), (".mkv", True), (".webm", False)])
def test_the_same_bytes_however_often_it_was_interrupted(
    ending: str, steady: bool, paint: Paint, tmp_path: Path
) -> None:
    whole = paint(f"whole{ending}", steady=steady)
    assert whole == paint(f"kept{ending}", tmp_path / "kept", steady=steady)
    for stop in (3, 8, 7):
        assert paint(f"out{ending}", tmp_path / "pieces", stop=stop, steady=steady) is None
    Trail.painted.clear()
    assert paint(f"out{ending}", tmp_path / "pieces", steady=steady) == whole
    assert Trail.painted == list(range(10, COUNT))
    film = read(tmp_path / f"out{ending}")
    assert isinstance(film, Animation)
    assert len(list(film.frames())) == COUNT


def test_all_pieces_are_there(paint: Paint, tmp_path: Path) -> None:
    whole = paint("whole.mp4", tmp_path / "pieces")
    Trail.painted.clear()
    assert paint("again.mp4", tmp_path / "pieces") == whole
    assert Trail.painted == [20, 21, 22]


@pytest.mark.parametrize("name", ["000001.piece", "000003.npz"])
@pytest.mark.parametrize("damage", [b"", b"SENGApc1\0\0\0\2{}", None])
def test_damaged_pieces_are_made_again(name: str, damage: bytes | None, paint: Paint, tmp_path: Path) -> None:
    whole = paint("whole.mp4", tmp_path / "pieces")
    broken = tmp_path / "pieces" / name
    content = broken.read_bytes()
    broken.write_bytes(content[: len(content) // 2] if damage is None else damage)
    Trail.painted.clear()
    assert paint("again.mp4", tmp_path / "pieces") == whole
    assert Trail.painted[0] in (0, 5)


def test_pieces_are_read_as_they_were_written_and_nothing_else_is() -> None:
    chance = np.random.default_rng(1)
    packets = tuple(Packet(i * 10, 10, i == 0, chance.bytes(int(chance.integers(200)))) for i in range(9))
    packed = Piece(packets, 1 / 3).packed()
    assert Piece.of(packed) == Piece(packets, 1 / 3)
    for _ in range(300):
        broken = bytearray(packed)
        broken[chance.integers(len(broken))] ^= 1 << int(chance.integers(8))
        try:
            assert isinstance(Piece.of(bytes(broken[: chance.integers(len(broken))])), Piece)
        except (ValueError, KeyError, TypeError):
            continue
    assert np.isfinite(Piece.of(packed).seconds)
