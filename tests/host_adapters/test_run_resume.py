"""``senga run`` with films: what is finished of one stays until it is done, and the same command goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from senga.files.kinds import Kind
from senga.host_adapters.batch.films import in_pieces, sweep_pieces, tell_kept
from senga.host_adapters.batch.outputs import Target
from senga.image import Animation, Frame, Image

COUNT = 25
RUN = """
import sys
from senga.files import video_pieces, video_writing
video_pieces.LENGTH = video_writing.LENGTH = 5
from senga.host_adapters.standalone.app import main
main()
"""
"""In shorter pieces than otherwise."""


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    wide = np.random.default_rng(5).integers(0, 255, (8, 50, 3), np.uint8).repeat(8, 0).repeat(16, 1)
    frames = [Image(np.ascontiguousarray(wide[:, 2 * i : 2 * i + 160])) for i in range(COUNT)]
    place = tmp_path_factory.mktemp("film") / "film.mp4"
    return Animation(lambda: (Frame(each, 0.04) for each in frames), 64, 160, COUNT).save(place)


@pytest.fixture(scope="module")
def whole(film: Path) -> bytes:
    """What comes of it with nobody in the way."""
    done(film, "-o", film.with_name("whole.mkv"), "--steady")
    return film.with_name("whole.mkv").read_bytes()


def begun(*words: object) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", RUN, "run", "sketch", *map(str, words)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, start_new_session=True)


def done(*words: object) -> bytes:
    with begun(*words) as running:
        _, told = running.communicate(timeout=300)
        assert running.returncode == 0, told
    return told


def killed_behind(piece: int, folder: Path, sign: int, *words: object) -> None:
    with begun(*words) as running:
        deadline = time.monotonic() + 120
        while not list(folder.rglob(f"00000{piece}.piece")) and time.monotonic() < deadline:
            assert running.poll() is None, "it was not ended in time"
            time.sleep(0.01)
        os.killpg(running.pid, sign)
        running.communicate(timeout=60)


@pytest.mark.parametrize("more", [(), ("--workers", "2")])
def test_a_run_that_was_ended_goes_on_to_the_same_bytes(
    more: tuple[str, ...], film: Path, whole: bytes, tmp_path: Path
) -> None:
    out = tmp_path / "out.mkv"
    killed_behind(0, tmp_path, signal.SIGKILL, film, "-o", out, "--steady", *more)
    killed_behind(2, tmp_path, signal.SIGKILL, film, "-o", out, "--steady", *more)
    assert not out.exists()
    (kept,) = (tmp_path / ".senga-pieces").iterdir()
    assert len(list(kept.rglob("*.piece"))) >= 3
    done(film, "-o", out, "--steady", *more)
    assert out.read_bytes() == whole
    assert [path.name for path in tmp_path.iterdir()] == ["out.mkv"]


def test_other_settings_begin_anew(film: Path, whole: bytes, tmp_path: Path) -> None:
    killed_behind(0, tmp_path, signal.SIGINT, film, "-o", tmp_path / "out.mkv", "--boil")
    done(film, "-o", tmp_path / "out.mkv", "--steady")
    assert (tmp_path / "out.mkv").read_bytes() == whole
    assert not (tmp_path / ".senga-pieces").exists()


def test_who_stops_a_run_is_told_what_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plain = Target(tmp_path / "in.mp4", tmp_path / "out.mp4", Kind(True, True), format=".mp4")
    target = in_pieces(plain, lambda: "made so")
    tell_kept([plain, target])
    assert capsys.readouterr().err == ""
    assert target.pieces is not None
    target.pieces.mkdir(parents=True)
    tell_kept([plain, target])
    assert "out.mp4 is kept for two weeks; the same command goes on with it." in capsys.readouterr().err
    assert in_pieces(replace(plain, format=".gif"), lambda: "made so").pieces is None


def test_pieces_that_nobody_wants_go_after_a_while(tmp_path: Path) -> None:
    old, young = tmp_path / ".senga-pieces" / "old", tmp_path / ".senga-pieces" / "young"
    for each in (old, young):
        (each / "of").mkdir(parents=True)
        (each / "of" / "000000.piece").write_bytes(b"x")
    for path in (old / "of" / "000000.piece", old / "of", old):
        os.utime(path, (1e9, 1e9))
    sweep_pieces(tmp_path)
    assert [path.name for path in old.parent.iterdir()] == ["young"]
    sweep_pieces(tmp_path / "none")
