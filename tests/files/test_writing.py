"""A file is there completely or not at all, and what goes wrong is said in one sentence."""

from __future__ import annotations

import os
import resource
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from senga import files
from senga.errors import ReadError, WriteError
from senga.image import Image

Grain = Callable[..., NDArray[Any]]
ALL = ["png", "jpg", "tif", "webp", "avif", "gif", "bmp"]


@pytest.fixture
def noise(grain: Grain) -> Image:
    return Image.of(grain(120, 130, 3))


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """What a full disk does, for this process: writing beyond ``size`` fails."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("kind", ALL)
def test_a_full_disk_leaves_everything_as_it_was(kind: str, noise: Image, tmp_path: Path) -> None:
    target = tmp_path / f"a.{kind}"
    target.write_bytes(b"precious")
    with largest_file(3000), pytest.raises(WriteError, match="disk is full"):
        noise.save(target)
    assert content(tmp_path) == {target.name: b"precious"}


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("stop", [KeyboardInterrupt, OSError(5, "Input/output error"), SystemExit])
def test_an_interruption_leaves_everything_as_it_was(
    kind: str, stop: Any, noise: Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / f"a.{kind}"
    target.write_bytes(b"precious")

    def fail(descriptor: int) -> None:
        raise stop

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(WriteError if isinstance(stop, OSError) else stop):
        noise.save(target)
    assert content(tmp_path) == {target.name: b"precious"}


def test_a_rename_that_fails_leaves_nothing(noise: Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(WriteError, match="disk is full"):
        noise.save(tmp_path / "a.png")
    assert content(tmp_path) == {}


def test_the_file_is_never_half_there(noise: Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "a.png"
    target.write_bytes(b"precious")
    seen = []
    fsync = os.fsync

    def look(descriptor: int) -> None:
        seen.append(target.read_bytes() == b"precious")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", look)
    noise.save(target)
    assert seen[0]  # still the old one when the new one is safely on the disk
    assert isinstance(files.read(target), Image)


def test_permissions(noise: Image, tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        new = noise.save(tmp_path / "new.png")
    finally:
        os.umask(before)
    assert stat.S_IMODE(new.stat().st_mode) == 0o640
    new.chmod(0o604)
    noise.save(new)
    assert stat.S_IMODE(new.stat().st_mode) == 0o604


def test_a_link_stays_a_link(noise: Image, tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    target = tmp_path / "far" / "real.png"
    target.write_bytes(b"old")
    link = tmp_path / "link.png"
    link.symlink_to(target)
    noise.save(link)
    assert link.is_symlink()
    image = files.read(target)
    assert isinstance(image, Image)
    np.testing.assert_array_equal(image.pixels, noise.pixels)
    assert sorted(path.name for path in (tmp_path / "far").iterdir()) == ["real.png"]


def test_a_link_to_itself(noise: Image, tmp_path: Path) -> None:
    link = tmp_path / "loop.png"
    link.symlink_to(link)
    with pytest.raises(WriteError):
        noise.save(link)
    with pytest.raises(ReadError):
        files.read(link)


def test_existing_files_are_kept_if_asked(noise: Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = noise.save(tmp_path / "a.png", overwrite=False)
    before = target.read_bytes()
    with pytest.raises(WriteError, match="exists already"):
        Image.of(255 - noise.pixels).save(target, overwrite=False)
    monkeypatch.setattr(Path, "exists", lambda _: False)  # as if somebody made it a moment later
    with pytest.raises(WriteError, match="exists already"):
        Image.of(255 - noise.pixels).save(target, overwrite=False)
    monkeypatch.undo()
    assert content(tmp_path) == {"a.png": before}


def test_the_source_is_not_touched(noise: Image, tmp_path: Path) -> None:
    source = noise.save(tmp_path / "in.png")
    source.chmod(0o400)
    before = source.read_bytes(), source.stat()
    image = files.read(source)
    for kind in ALL:
        image.save(tmp_path / f"out.{kind}")
    assert (source.read_bytes(), source.stat().st_mtime_ns) == (before[0], before[1].st_mtime_ns)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("a.xyz", "ending “.xyz”"),
        ("a", "no ending"),
        ("a.psd", "which Senga cannot write"),
        ("missing/a.png", "There is no folder"),
        ("folder.png", "is a folder"),
        ("a.png/b.png", "There is no folder"),
        ("x" * 300 + ".png", "too long"),
        ("a\0.png", "cannot be written"),
    ],
)
def test_what_cannot_be_written_is_named(name: str, words: str, noise: Image, tmp_path: Path) -> None:
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "a.png").write_bytes(b"")
    with pytest.raises(WriteError) as caught:
        noise.save(tmp_path / name)
    assert words in str(caught.value)
    assert str(caught.value).endswith(".")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "folder.png"]


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_folder_without_permission(noise: Image, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(WriteError, match="Nothing may be written"):
        noise.save(tmp_path / "a.png")


def test_devices_are_written_to_and_stay(noise: Image) -> None:
    null = Path(os.devnull)
    noise.save(null, format="png")
    assert stat.S_ISCHR(null.stat().st_mode)
    full = Path("/dev/full")
    if full.exists():
        with pytest.raises(WriteError, match="disk is full"):
            noise.save(full, format="png")
        assert stat.S_ISCHR(full.stat().st_mode)


@pytest.mark.parametrize("quality", [0, 101, -5])
def test_qualities_out_of_range(quality: int, noise: Image) -> None:
    with pytest.raises(WriteError, match="1 to 100"):
        files.encode(noise, "jpg", quality=quality)


def test_quality_counts(noise: Image) -> None:
    for kind in ("jpg", "webp", "avif"):
        assert len(files.encode(noise, kind, quality=20)) < len(files.encode(noise, kind, quality=90))


def test_a_picture_too_wide_for_its_format(tmp_path: Path) -> None:
    wide = Image.of(np.zeros((1, 70000, 3), np.uint8))
    for kind in ("jpg", "webp"):
        with pytest.raises(WriteError, match="use PNG or TIFF"):
            wide.save(tmp_path / f"a.{kind}")
    assert content(tmp_path) == {}
    assert isinstance(files.read(wide.save(tmp_path / "a.png")), Image)


def test_the_format_may_differ_from_the_ending(noise: Image, tmp_path: Path) -> None:
    assert noise.save(tmp_path / "a.data", format="jpeg").read_bytes().startswith(b"\xff\xd8\xff")


def test_importing_costs_nothing() -> None:
    heavy = ("PIL", "cv2", "tifffile", "imagecodecs", "av")
    check = f"import sys, senga.files; print([name for name in {heavy} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True).stdout == "[]\n"
