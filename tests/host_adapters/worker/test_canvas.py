"""Canvases: private files that end with their users."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from senga.host_adapters.worker import client
from senga.host_adapters.worker.client import Canvas, WorkerError
from senga.host_adapters.worker.pixels import _bands
from senga.image import Image


@pytest.mark.parametrize("depth", ["u8", "u16", "float"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_bands_come_back_as_they_were_written(den: Path, channels: int, depth: str) -> None:
    with Canvas(5, 7, channels, depth) as canvas:
        rows = [os.urandom(canvas.row) for _ in range(7)]
        assert len(rows[0]) == 5 * channels * {"u8": 1, "u16": 2, "float": 4}[depth]
        canvas.write_band(4, b"".join(rows[4:]))
        canvas.write_mask_band(0, b"\xff" * 35)
        canvas.write_band(0, b"".join(rows[:4]))
        assert canvas.read_band(0, 7) == b"".join(rows)
        assert canvas.read_band(3, 2) == rows[3] + rows[4]
        assert Path(canvas.path).stat().st_size == 7 * canvas.row + 35


@given(y=st.integers(-3, 9), size=st.integers(0, 80))
def test_bands_that_are_no_rows_of_the_canvas_are_refused(y: int, size: int) -> None:
    canvas = Canvas.__new__(Canvas)
    canvas._set(10, 5, 1, "u8")
    fits = size % 10 == 0 and 0 <= y <= 5 - size // 10
    if fits:
        canvas._check(y, size // 10)
    else:
        with pytest.raises(ValueError, match="rows"):
            canvas._write(y, b"x" * size, 0, 10)


@pytest.mark.parametrize(
    ("width", "height", "channels", "depth"), [(0, 1, 3, "u8"), (1, 0, 3, "u8"), (1, 1, 5, "u8"), (1, 1, 3, "u32")]
)
def test_impossible_canvases_are_refused(den: Path, width: int, height: int, channels: int, depth: str) -> None:
    with pytest.raises(ValueError, match="no canvas"):
        Canvas(width, height, channels, depth)


def test_nobody_else_can_read_the_pixels(den: Path) -> None:
    with Canvas(4, 4, 4, "u8") as canvas:
        path = Path(canvas.path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert not path.exists()
    canvas.close()


def test_an_open_folder_is_closed_to_others(den: Path) -> None:
    folder = den / "run" / "senga"
    folder.mkdir(0o777)
    folder.chmod(0o777)
    assert str(folder) in client.private_folders()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_folder_that_leads_elsewhere_is_not_used(den: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    (den / "elsewhere").mkdir()
    (den / "tmp" / f"senga-{os.geteuid()}").symlink_to(den / "elsewhere")
    with pytest.raises(WorkerError, match="somebody else"):
        client.private_folders()


def test_a_full_disk_is_told_in_a_sentence_and_leaves_nothing(den: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int, start: int, size: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(WorkerError, match="needs 49 MB in .* which is full: make room there, or set TMPDIR"):
        Canvas(4000, 3000, 4, "u8")
    assert not list(den.rglob("canvas-*"))


def test_where_space_cannot_be_reserved_it_is_filled(den: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "posix_fallocate")
    with Canvas(1000, 700, 4, "u8") as canvas:
        facts = Path(canvas.path).stat()
        assert facts.st_size == 2_800_000
        assert facts.st_blocks * 512 >= 2_800_000


HOLDER = """
import sys; sys.path.insert(0, {folder!r}); sys.dont_write_bytecode = True
import client
canvas = client.Canvas(9, 9, 3, "u8"); print(canvas.path, flush=True)
sys.stdin.read()
"""


def test_what_a_killed_host_leaves_is_removed_and_what_is_in_use_is_not(den: Path) -> None:
    code = HOLDER.format(folder=str(Path(client.__file__).parent))
    hosts = [
        subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in "ab"
    ]
    paths = [Path(host.stdout.readline().decode().strip()) for host in hosts if host.stdout]
    hosts[0].kill()
    hosts[0].wait()
    client.sweep(str(paths[0].parent))
    assert paths[0].exists()  # too young to be sure
    for path in paths:
        os.utime(path, (time.time() - 60, time.time() - 60))
    client.sweep(str(paths[0].parent))
    assert [path.exists() for path in paths] == [False, True]
    hosts[1].communicate()
    hosts[0].communicate()


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_what_is_transparent_is_white_on_a_canvas_without_alpha(channels: int) -> None:
    picture = Image(np.zeros((1, 3, 3), np.uint8), np.array([[0, 51, 255]], np.uint8))
    ((_, values),) = _bands(picture, channels, "u8")
    shown = values[0, :, 0].tolist()
    assert shown == ([0, 0, 0] if channels in (2, 4) else [255, 204, 0])
    assert channels in (1, 3) or values[0, :, -1].tolist() == [0, 51, 255]
