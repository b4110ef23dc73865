"""Compiled networks on disk: nobody else's are read, nobody else reads them, and they stay few."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from senga.neural import compiled

if sys.platform == "win32":
    pytest.skip("nothing is kept here", allow_module_level=True)

KEY = compiled.key_of(b"a network")
CONTENT = bytes(range(256)) * 4


@pytest.fixture
def file() -> Path:
    compiled.keep(KEY, CONTENT)
    return compiled.folder() / KEY.hex()


def test_what_was_kept_comes_back(file: Path) -> None:
    assert compiled.kept(KEY) == CONTENT
    assert compiled.kept(compiled.key_of(b"another")) is None
    assert list(file.parent.iterdir()) == [file]


def test_parts_of_a_key_do_not_run_into_each_other() -> None:
    assert compiled.key_of(b"ab", b"c") != compiled.key_of(b"a", b"bc")


def test_nobody_else_may_look(file: Path) -> None:
    file.unlink()
    file.parent.chmod(0o777)
    before = os.umask(0)
    try:
        compiled.keep(KEY, CONTENT)
    finally:
        os.umask(before)
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)


@pytest.mark.parametrize("at", [0, 20, 60, 90, -1])
def test_damage_is_noticed(file: Path, at: int) -> None:
    content = bytearray(file.read_bytes())
    content[at] ^= 1
    file.write_bytes(content)
    assert compiled.kept(KEY) is None


@pytest.mark.parametrize("change", [lambda whole: whole[:-1], lambda whole: whole + b"x", lambda _: b""])
def test_a_part_or_more_than_all_is_nothing(file: Path, change: object) -> None:
    file.write_bytes(change(file.read_bytes()))  # type: ignore[operator]
    assert compiled.kept(KEY) is None
    compiled.keep(KEY, CONTENT)
    assert compiled.kept(KEY) == CONTENT


def test_a_file_under_the_name_of_another_is_nothing(file: Path) -> None:
    other = compiled.key_of(b"another")
    file.rename(file.with_name(other.hex()))
    assert compiled.kept(other) is None


def test_what_others_may_write_or_have_under_another_name_is_not_read(file: Path, tmp_path: Path) -> None:
    for mode in (0o640, 0o604, 0o620, 0o602):
        file.chmod(mode)
        assert compiled.kept(KEY) is None
    file.chmod(0o600)
    (tmp_path / "second name").hardlink_to(file)
    assert compiled.kept(KEY) is None
    compiled.keep(KEY, CONTENT)
    assert compiled.kept(KEY) == CONTENT


@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_what_is_no_file_is_not_read(file: Path, tmp_path: Path, kind: str) -> None:
    file.rename(tmp_path / "elsewhere")
    if kind == "link":
        file.symlink_to(tmp_path / "elsewhere")
    elif kind == "pipe":
        os.mkfifo(file, 0o600)
    else:
        file.mkdir(0o700)
    assert compiled.kept(KEY) is None
    compiled.keep(KEY, CONTENT)
    assert (compiled.kept(KEY) is None) == (kind == "folder")


def test_nothing_of_somebody_else_is_read_or_touched(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: file.stat().st_uid + 1)
    assert compiled.kept(KEY) is None
    compiled.keep(compiled.key_of(b"another"), CONTENT)
    assert list(file.parent.iterdir()) == [file]


def test_a_link_in_place_of_the_folder_is_not_followed(file: Path, tmp_path: Path) -> None:
    file.parent.rename(tmp_path / "elsewhere")
    file.parent.symlink_to(tmp_path / "elsewhere")
    assert compiled.kept(KEY) is None
    compiled.keep(compiled.key_of(b"another"), CONTENT)
    assert len(list((tmp_path / "elsewhere").iterdir())) == 1


def aged(key: bytes, seconds: int) -> None:
    """Not used since then."""
    os.utime(compiled.folder() / key.hex(), (10**9 - seconds, 10**9 - seconds))


def test_those_that_were_not_used_for_longest_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "FILES", 3)
    keys = [compiled.key_of(bytes([number])) for number in range(5)]
    for number, key in enumerate(keys[:3]):
        compiled.keep(key, CONTENT)
        aged(key, 100 - number)
    assert compiled.kept(keys[0]) == CONTENT
    for key in keys[3:]:
        compiled.keep(key, CONTENT)
    assert [key for key in keys if compiled.kept(key)] == [keys[0], *keys[3:]]


def test_all_together_they_stay_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "BYTES", 3000)
    keys = [compiled.key_of(bytes([number])) for number in range(5)]
    for number, key in enumerate(keys):
        compiled.keep(key, CONTENT)
        aged(key, 100 - number)
    assert [key for key in keys if compiled.kept(key)] == keys[-2:]
    compiled.keep(KEY, bytes(3001))
    assert compiled.kept(KEY) is None
    assert compiled.kept(keys[-1]) == CONTENT


def test_what_killed_processes_left_goes_too(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "FILES", 2)
    left = file.with_name(".0123456789abcdef")
    left.write_bytes(b"half of it")
    os.utime(left, (1, 1))
    compiled.keep(compiled.key_of(b"another"), CONTENT)
    assert not left.exists()


def test_a_full_disk_leaves_nothing_behind(file: Path) -> None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        compiled.keep(compiled.key_of(b"another"), CONTENT)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(file.parent.iterdir()) == [file]
