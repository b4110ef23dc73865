"""A file is there completely or not at all, and what goes wrong is said in one sentence."""

from __future__ import annotations

import errno
import os
import resource
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from senga import files
from senga.atomic import Replacement, sweep
from senga.errors import ReadError, WriteError
from senga.files.numbered import Numbered
from senga.files.writing import write_file, write_frames
from senga.image import Animation, Frame, Image

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


@pytest.mark.parametrize("kind", ["gif", "webp", "apng", "mp4", "mov", "mkv", "webm"])
@pytest.mark.parametrize("size", [10, 3000])
def test_a_disk_that_is_full_in_the_middle_of_an_animation_is_said(kind: str, size: int, tmp_path: Path) -> None:
    """FFmpeg has words of its own for what a disk says."""
    noise = np.random.default_rng(0).integers(0, 255, (12, 120, 160, 3), np.uint8)
    film = Animation(lambda: (Frame(Image.of(pixels)) for pixels in noise), width=160, height=120, count=12)
    with largest_file(size), pytest.raises(WriteError, match="disk is full"):
        files.write(film, tmp_path / f"a.{kind}")
    assert content(tmp_path) == {}


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


# ---- names are given away only once


def film(*shades: int, before: Callable[[int], None] = lambda _: None) -> Animation:
    """One frame for each shade; ``before`` is called before each is painted."""

    def frames() -> Iterator[Frame]:
        for number, shade in enumerate(shades):
            before(number)
            yield Frame(Image.of(np.full((8, 8, 3), shade, np.uint8)))

    return Animation(frames, 8, 8, len(shades))


@pytest.fixture(params=["hard links", "no hard links"])
def disk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """File systems of both kinds."""

    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    if request.param == "no hard links":
        monkeypatch.setattr(Path, "hardlink_to", refuse)
    return str(request.param)


HOW: dict[str, Any] = {"overwrite": False, "quality": None, "metadata": "keep"}


@pytest.mark.parametrize("name", ["a.gif", "a.apng", "a.webp", "a.mp4", "a-%02d.png"])
def test_what_appears_while_a_film_is_painted_is_kept(name: str, disk: str, tmp_path: Path) -> None:
    there = tmp_path / (name % 2 if "%" in name else name)

    def appear(number: int) -> None:
        if number == 1:
            there.write_bytes(b"precious")

    with pytest.raises(WriteError, match="exists already"):
        film(10, 20, 30, before=appear).save(tmp_path / name, overwrite=False)
    assert content(tmp_path) == {there.name: b"precious"}


def test_the_next_name_is_taken_when_the_first_was_given_away(disk: str, tmp_path: Path) -> None:
    names = [tmp_path / name for name in ("a.gif", "a-1.gif", "a-2.gif")]
    busy = film(10, 20, before=lambda number: [path.write_bytes(b"precious") for path in names[: 2 * number]])  # type: ignore[misc]
    assert write_file(busy, names, **HOW) == names[2]
    assert names[0].read_bytes() == names[1].read_bytes() == b"precious"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a-1.gif", "a-2.gif", "a.gif"]


def test_frames_get_a_set_of_names_together(disk: str, tmp_path: Path) -> None:
    (tmp_path / "f-03.png").write_bytes(b"precious")
    sets = [Numbered(tmp_path, "f-", "%02d", tail) for tail in (".png", "-1.png")]
    assert write_frames(film(10, 20, 30), sets, **HOW) == sets[1]
    assert sorted(content(tmp_path)) == ["f-01-1.png", "f-02-1.png", "f-03-1.png", "f-03.png"]
    assert (tmp_path / "f-03.png").read_bytes() == b"precious"


def test_many_at_once_all_get_a_name(disk: str, noise: Image, tmp_path: Path) -> None:
    names = [tmp_path / f"a-{number}.png" for number in range(20)]
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda _: write_file(noise, names, **HOW), range(12)))
    assert sorted(got) == sorted(names[:12])
    assert sorted(tmp_path.iterdir()) == sorted(got)
    for path in got:
        assert isinstance(files.read(path), Image)


def test_a_pattern_in_the_name_of_one_file_is_no_pattern(tmp_path: Path) -> None:
    assert write_file(film(10, 20), [tmp_path / "50%discount.gif"], **HOW).name == "50%discount.gif"
    assert [path.name for path in tmp_path.iterdir()] == ["50%discount.gif"]


# ---- private pictures, links, leftovers


@pytest.mark.parametrize("name", ["a.gif", "f-%d.png"])
def test_a_private_file_is_private_while_it_is_replaced(name: str, tmp_path: Path) -> None:
    target = tmp_path / (name % 1 if "%" in name else name)
    target.write_bytes(b"old")
    target.chmod(0o600)
    seen = []

    def look(_: int) -> None:
        seen.extend(stat.S_IMODE(path.lstat().st_mode) for path in tmp_path.rglob("*") if path.is_file())

    film(10, 20, 30, before=look).save(tmp_path / name)
    assert len(seen) > 3
    assert set(seen) == {0o600}
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_nothing_is_made_through_a_link_to_nothing(noise: Image, tmp_path: Path) -> None:
    link = tmp_path / "a.png"
    link.symlink_to(tmp_path / "nowhere.png")
    for overwrite in (True, False):
        with pytest.raises(WriteError):
            noise.save(link, overwrite=overwrite)
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser makes links of somebody else")
def test_a_link_of_somebody_else_in_a_shared_folder_is_not_followed(noise: Image, tmp_path: Path) -> None:
    shared, mine, link = tmp_path / "shared", tmp_path / "mine.png", tmp_path / "shared" / "a.png"
    mine.write_bytes(b"precious")
    shared.mkdir()
    shared.chmod(0o1777)
    link.symlink_to(mine)
    os.chown(link, 12345, 12345, follow_symlinks=False)
    with pytest.raises(WriteError, match="somebody else"):
        noise.save(link)
    assert mine.read_bytes() == b"precious"
    os.chown(link, os.geteuid(), 0, follow_symlinks=False)
    noise.save(link)
    assert mine.read_bytes() != b"precious"


def test_leftovers_of_killed_processes_are_swept_and_nothing_else(noise: Image, tmp_path: Path) -> None:
    left = "import sys; from pathlib import Path; from senga.atomic import Replacement, Staging; import time;"
    left += "a = Replacement(Path(sys.argv[1]) / 'x.png'); b = Staging(Path(sys.argv[1])); (b.folder / 'y').touch();"
    left += "print('ready', flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", left, str(tmp_path)], stdout=subprocess.PIPE) as other:
        assert other.stdout
        assert other.stdout.readline() == b"ready\n"
        (tmp_path / ".senga-notes.txt").touch()
        (tmp_path / ".senga-link.tmp").symlink_to(tmp_path / "x")
        if os.geteuid() == 0:
            (tmp_path / ".senga-0.tmp").touch()
            os.chown(tmp_path / ".senga-0.tmp", 12345, 12345)
        mine = Replacement(tmp_path / "z.png")
        before = set(tmp_path.iterdir())
        sweep(tmp_path)
        assert set(tmp_path.iterdir()) == before  # all those are in use, or not ours
        other.kill()
    mine.discard()
    sweep(tmp_path)
    kept = {".senga-notes.txt", ".senga-link.tmp"} | ({".senga-0.tmp"} if os.geteuid() == 0 else set())
    assert {path.name for path in tmp_path.iterdir()} == kept


def test_writing_sweeps_the_folder(noise: Image, tmp_path: Path) -> None:
    (tmp_path / ".senga-0123456789abcdef.tmp").touch()
    noise.save(tmp_path / "a.png")
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.apng", "a.mp4", "f-%d.png"])
def test_a_film_that_vanishes_is_blamed_itself(name: str, tmp_path: Path) -> None:
    source = film(10, 20, 30).save(tmp_path / "source.gif")
    moving = files.read(source)
    assert isinstance(moving, Animation)
    source.unlink()
    (tmp_path / "out").mkdir()
    with pytest.raises(ReadError, match=r"source\.gif"):
        moving.save(tmp_path / "out" / name)
    assert list((tmp_path / "out").iterdir()) == []
