"""``senga batch`` with long films: killed in the middle, it goes on behind the last whole piece, to the same bytes."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from senga.image import Animation, Frame, Image

COUNT = 25
NIGHT = """
import sys
from senga.files import video_pieces, video_writing
video_pieces.LENGTH = video_writing.LENGTH = 10
import senga
for result in senga.batch(sys.argv[1], "sketch", sys.argv[2], options={"steady": True}):
    assert result.outcome in ("done", "skipped"), result
"""
"""In this process alone, in shorter pieces than otherwise."""


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a film in which a camera moves, of two pieces and a half, beside a picture."""
    folder = tmp_path_factory.mktemp("films")
    wide = np.random.default_rng(5).integers(0, 255, (8, 50, 3), np.uint8).repeat(8, 0).repeat(16, 1)
    frames = [Image(np.ascontiguousarray(wide[:, 2 * i : 2 * i + 160])) for i in range(COUNT)]
    Animation(lambda: (Frame(each, 0.04) for each in frames), 64, 160, COUNT).save(folder / "film.mp4")
    Image(np.ascontiguousarray(wide[:, :80])).save(folder / "still.png")
    return folder


def words(films: Path, out: Path) -> list[str]:
    return [sys.executable, "-c", NIGHT, str(films), str(out)]


def results(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(out.iterdir()) if path.is_file()}


def test_a_killed_batch_of_films_goes_on_to_the_same_bytes(films: Path, tmp_path: Path) -> None:
    done = subprocess.run(words(films, tmp_path / "whole"), capture_output=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    for number in range(2):
        running = subprocess.Popen(words(films, tmp_path / "out"), stderr=subprocess.DEVNULL, start_new_session=True)
        deadline = time.monotonic() + 120
        wanted = f"00000{number}.piece"
        while not list((tmp_path / "out").rglob(wanted)) and time.monotonic() < deadline:
            assert running.poll() is None, "it was not killed in time"
            time.sleep(0.01)
        running.send_signal(signal.SIGKILL)
        running.wait()
    assert not (tmp_path / "out" / "film.mp4").exists()
    done = subprocess.run(words(films, tmp_path / "out"), capture_output=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    assert results(tmp_path / "out") == results(tmp_path / "whole")
    assert not list((tmp_path / "out").rglob("*.piece"))
