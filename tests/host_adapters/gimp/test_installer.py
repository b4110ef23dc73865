"""Install and uninstall: the layout that each GIMP needs, and exactly that taken out again."""

from __future__ import annotations

import json
import os
import py_compile
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from senga.errors import SengaError
from senga.host_adapters.gimp import installer, programs
from senga.host_adapters.gimp.command import _in_each
from senga.host_adapters.gimp.installer import changed_files, install, is_installed, plug_in_folder, uninstall
from senga.host_adapters.gimp.layouts import INTERPRETER, layout_of, needs_interpreter
from senga.host_adapters.gimp.profiles import Profile

MANIFEST = {"format": 1, "senga": "1", "python": sys.executable, "filters": [], "broken": [], "words": {}}


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def main_file(profile: Profile) -> Path:
    return profile.folder / layout_of(profile).main


def test_gimp_finds_an_executable_file_named_like_its_folder(profile: Profile) -> None:
    install(profile, MANIFEST)
    main = main_file(profile)
    assert os.access(main, os.X_OK)
    assert main.stem == main.parent.name
    assert main.parent.parent == profile.plug_ins
    python = {"3.0": "python3", "2.10": "python2"}[profile.version]
    assert main.read_text("utf-8").startswith(f"#!/usr/bin/env {python}\n")
    assert json.loads((main.parent / "manifest.json").read_text("utf-8")) == MANIFEST
    assert (main.parent / "senga_client.py").exists()
    assert not list(profile.plug_ins.glob("*.py")), "GIMP 3 ignores loose files"
    assert not list(profile.folder.rglob("senga.py")), "it would hide the package"


def test_the_two_plug_ins_have_different_names(tmp_path: Path) -> None:
    """GIMP 3 looks at a profile of 2.10 when it is started for the first time, and takes over what lies there."""
    assert layout_of(Profile(tmp_path, "2.10")).name != layout_of(Profile(tmp_path, "3.0")).name


def test_the_parts_find_each_other_without_senga(tmp_path: Path) -> None:
    profile = Profile(tmp_path, "3.0")
    install(profile, MANIFEST)
    code = (
        "import sys, senga_client, senga_gimp.facts as facts; facts.read_manifest(); assert 'senga' not in sys.modules"
    )
    subprocess.run([sys.executable, "-S", "-c", code], cwd=plug_in_folder(profile), check=True)


def test_the_main_file_is_written_last_because_gimp_looks_at_its_time(profile: Profile) -> None:
    assert install(profile, MANIFEST).files[-1] == main_file(profile)


def test_a_second_time_changes_nothing(profile: Profile) -> None:
    install(profile, MANIFEST)
    before = {path: path.stat().st_mtime_ns for path in profile.folder.rglob("*")}
    assert install(profile, MANIFEST).files == ()
    assert {path: path.stat().st_mtime_ns for path in profile.folder.rglob("*")} == before


def test_a_second_time_mends_what_was_spoilt(profile: Profile) -> None:
    install(profile, MANIFEST)
    (plug_in_folder(profile) / "senga_client.py").write_text("")
    main_file(profile).chmod(0o644)
    assert install(profile, MANIFEST).files
    assert not changed_files(profile)
    main_file(profile).chmod(0o644)
    assert install(profile, MANIFEST).files == ()
    assert os.access(main_file(profile), os.X_OK)


def test_gimp_sees_a_renewed_manifest(profile: Profile) -> None:
    """GIMP asks a plug-in anew only when its main file is younger than before."""
    install(profile, MANIFEST)
    os.utime(main_file(profile), (1, 1))
    install(profile, {**MANIFEST, "senga": "2"})
    assert main_file(profile).stat().st_mtime > 1e9


def test_uninstall_removes_exactly_what_was_installed(profile: Profile) -> None:
    before = files(profile.folder)
    installed = install(profile, MANIFEST)
    for path in plug_in_folder(profile).rglob("*.py"):  # as either Python does
        py_compile.compile(str(path))
        path.with_suffix(".pyc").write_bytes(b"compiled")
    removed = uninstall(profile)
    assert set(removed.files) == set(installed.files)
    assert removed.notes == ()
    assert files(profile.folder) == before
    assert not plug_in_folder(profile).exists()
    assert uninstall(profile).files == ()


def test_what_others_put_there_stays_and_is_named(profile: Profile) -> None:
    install(profile, MANIFEST)
    note = plug_in_folder(profile) / "my-notes.txt"
    note.write_text("mine")
    assert str(note) in uninstall(profile).notes[0]
    assert note.read_text() == "mine"


def test_a_record_that_leads_elsewhere_is_not_followed(profile: Profile) -> None:
    install(profile, MANIFEST)
    precious = [profile.folder.parent / "precious", profile.folder / "gimprc"]
    for path in precious:
        path.write_text("precious")
    other = "plug-ins/other/other.py"
    record = plug_in_folder(profile) / "installed.json"
    names = ["../precious", str(precious[0]), "gimprc", other, f"plug-ins/{layout_of(profile).name}/../other/other.py"]
    record.write_text(json.dumps({"files": dict.fromkeys(names, "0")}))
    uninstall(profile)
    assert all(path.exists() for path in [*precious, profile.folder / other])


@pytest.mark.parametrize("record", ["", "[]", '{"files": 3}', "{}"])
def test_a_damaged_record_is_renewed(profile: Profile, record: str) -> None:
    install(profile, MANIFEST)
    (plug_in_folder(profile) / "installed.json").write_text(record)
    assert install(profile, MANIFEST).files
    uninstall(profile)
    assert not plug_in_folder(profile).exists()


def test_a_link_to_somebodys_folder_is_not_written_through(profile: Profile, tmp_path: Path) -> None:
    elsewhere = tmp_path / "checkout"
    elsewhere.mkdir()
    plug_in_folder(profile).symlink_to(elsewhere)
    with pytest.raises(SengaError, match="remove the link"):
        install(profile, MANIFEST)
    assert not list(elsewhere.iterdir())


def test_an_upgrade_removes_what_is_no_longer_part_of_it(profile: Profile) -> None:
    install(profile, MANIFEST)
    folder = plug_in_folder(profile)
    old = folder / "older" / "old.py"
    old.parent.mkdir()
    old.write_text("old")
    facts = json.loads((folder / "installed.json").read_text())
    facts["files"][old.relative_to(profile.folder).as_posix()] = "0"
    (folder / "installed.json").write_text(json.dumps(facts))
    install(profile, MANIFEST)
    assert not old.parent.exists()
    assert not changed_files(profile)


@pytest.mark.parametrize("after", [1, 4, 9])
def test_a_stopped_installation_can_be_renewed_and_removed(
    profile: Profile, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    """Power fails after so many files: what is there by half is known, and no trace of it stays."""
    before = files(profile.folder)
    real = installer._write
    left = iter(range(after))

    def write(path: Path, data: bytes) -> None:
        if next(left, None) is None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.with_name(path.name + ".part").write_bytes(data[:10])
            raise KeyboardInterrupt
        real(path, data)

    monkeypatch.setattr(installer, "_write", write)
    with pytest.raises(KeyboardInterrupt):
        install(profile, MANIFEST)
    monkeypatch.setattr(installer, "_write", real)
    assert changed_files(profile), "the doctor tells"
    copy = Profile(profile.folder.parent / "copy", profile.version)
    shutil.copytree(profile.folder, copy.folder)
    install(copy, MANIFEST)
    assert not changed_files(copy)
    for one in (profile, copy):
        uninstall(one)
        assert files(one.folder) == before


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux distributions leave it out")
def test_the_interpreter_is_fixed_where_the_system_can_run_plug_ins(tmp_path: Path, own_system: Path) -> None:
    profile = Profile(tmp_path / "3.0", "3.0")
    assert str(profile.folder / INTERPRETER) in install(profile, MANIFEST).notes[0]
    lines = (profile.folder / INTERPRETER).read_text().splitlines()
    assert "python3=/usr/bin/python3" in lines
    assert ":Python:E::py::python3:" in lines
    own_system.write_text("#!/bin/sh\nexit 1\n")
    install(profile, MANIFEST)
    assert not (profile.folder / INTERPRETER).exists()
    assert not needs_interpreter(Profile(profile.folder, "3.0", "flatpak"))
    own_system.write_text("#!/bin/sh\nexit 0\n")
    assert not needs_interpreter(Profile(profile.folder, "2.10"))


@contextmanager
def somebody_else() -> Iterator[None]:
    """Nothing is forbidden to root."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody can look into."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.skipif(os.name != "posix", reason="permissions are other there")
def test_a_profile_that_is_read_only_is_told_in_a_sentence_and_the_others_get_theirs(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(programs, "SYSTEM", open_folder / "usr")
    closed, fine = open_folder / "3.0", open_folder / "3.2"
    for folder in (closed, fine):
        (folder / "plug-ins").mkdir(parents=True)
        (folder / "plug-ins").chmod(0o777)
    (closed / "plug-ins").chmod(0o555)
    with somebody_else():
        told = _in_each((open_folder,), lambda profile: bool(install(profile, MANIFEST).files))
    assert told == (1, 1)
    assert f"{closed / 'plug-ins/senga-gimp'} cannot be written: Permission denied.\n" in capsys.readouterr().err
    assert not list((closed / "plug-ins").iterdir())
    assert is_installed(Profile(fine, "3.2"))
    (fine / "plug-ins").chmod(0o555)
    (fine / "plug-ins/senga-gimp").chmod(0o555)
    with somebody_else():
        assert _in_each((fine,), lambda profile: bool(uninstall(profile))) == (0, 1)
    assert "cannot be removed: Permission denied.\n" in capsys.readouterr().err
    assert is_installed(Profile(fine, "3.2"))


def _a_file_in_place_of_the_folder(profile: Profile) -> None:
    plug_in_folder(profile).write_text("")


def _a_folder_in_place_of_a_file(profile: Profile) -> None:
    main_file(profile).mkdir(parents=True)
    (main_file(profile) / "mine").write_text("")


@pytest.mark.parametrize("spoil", [_a_file_in_place_of_the_folder, _a_folder_in_place_of_a_file])
def test_what_cannot_be_written_leaves_nothing_by_half(profile: Profile, spoil: Callable[[Profile], None]) -> None:
    spoil(profile)
    before = files(profile.folder)
    with pytest.raises(SengaError, match="cannot be written"):
        install(profile, MANIFEST)
    assert not is_installed(profile)
    assert files(profile.folder) == before
