"""Install and uninstall: the layout that GIMP 3 needs, and exactly that taken out again."""

from __future__ import annotations

import json
import os
import py_compile
import subprocess
import sys
from pathlib import Path

import pytest

from senga.errors import SengaError
from senga.host_adapters.gimp3 import installer
from senga.host_adapters.gimp3.installer import INTERPRETER, install, is_installed, plug_in_folder, uninstall
from senga.host_adapters.gimp3.profiles import Profile

MANIFEST = {"format": 1, "senga": "1", "python": sys.executable, "filters": [], "broken": []}


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_layout_is_the_one_that_gimp_3_starts(profile: Profile) -> None:
    install(profile, MANIFEST)
    main = profile.folder / "plug-ins" / "senga-gimp" / "senga-gimp.py"
    assert os.access(main, os.X_OK)
    assert main.read_bytes().startswith(b"#!/usr/bin/env python3\n")
    assert json.loads((main.parent / "manifest.json").read_text())["python"] == sys.executable
    assert (main.parent / "senga_client.py").exists()
    assert not list(profile.plug_ins.glob("*.py")), "GIMP 3 ignores loose files"
    assert not list(profile.folder.rglob("senga.py")), "it would hide the package"


def test_the_parts_find_each_other_without_senga(profile: Profile) -> None:
    install(profile, MANIFEST)
    code = (
        "import sys, senga_client, senga_gimp.facts as facts; facts.read_manifest(); assert 'senga' not in sys.modules"
    )
    subprocess.run([sys.executable, "-S", "-c", code], cwd=plug_in_folder(profile), check=True)


def test_uninstall_removes_exactly_what_was_installed(profile: Profile) -> None:
    before = files(profile.folder)
    installed = install(profile, MANIFEST)
    for path in plug_in_folder(profile).rglob("*.py"):
        py_compile.compile(str(path))
    removed = uninstall(profile)
    assert set(removed.files) == set(installed.files)
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
    precious = profile.folder.parent / "precious"
    precious.write_text("precious")
    record = plug_in_folder(profile) / "installed.json"
    record.write_text(json.dumps({"files": {"../precious": "0", str(precious): "0"}}))
    uninstall(profile)
    assert precious.exists()


def test_an_upgrade_removes_what_is_no_longer_part_of_it(profile: Profile) -> None:
    install(profile, MANIFEST)
    record = plug_in_folder(profile) / "installed.json"
    old = plug_in_folder(profile) / "senga_gimp" / "old.py"
    old.write_text("old")
    facts = json.loads(record.read_text())
    facts["files"]["plug-ins/senga-gimp/senga_gimp/old.py"] = "0"
    record.write_text(json.dumps(facts))
    install(profile, MANIFEST)
    assert not old.exists()
    assert not installer.changed_files(profile)


def test_gimp_sees_a_renewed_manifest(profile: Profile) -> None:
    """GIMP asks a plug-in anew only when its main file is younger than before."""
    install(profile, MANIFEST)
    main = plug_in_folder(profile) / "senga-gimp.py"
    os.utime(main, (1, 1))
    install(profile, {**MANIFEST, "senga": "2"})
    assert main.stat().st_mtime > 1e9


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux distributions leave it out")
def test_the_interpreter_is_fixed_where_the_system_can_run_plug_ins(
    profile: Profile, own_system: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(profile, MANIFEST)
    lines = (profile.folder / INTERPRETER).read_text().splitlines()
    assert "python3=/usr/bin/python3" in lines
    assert ":Python:E::py::python3:" in lines
    own_system.write_text("#!/bin/sh\nexit 1\n")
    install(profile, MANIFEST)
    assert not (profile.folder / INTERPRETER).exists()
    assert not installer.needs_interpreter(Profile(profile.folder, "3.0", "flatpak"))


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_folder_that_cannot_be_written(profile: Profile) -> None:
    profile.plug_ins.chmod(0o500)
    with pytest.raises(SengaError, match="cannot be written"):
        install(profile, MANIFEST)
    profile.plug_ins.chmod(0o700)


def test_a_file_where_the_folder_should_be(profile: Profile) -> None:
    (profile.plug_ins / "senga-gimp").write_text("")
    with pytest.raises(SengaError, match="cannot be written"):
        install(profile, MANIFEST)
    assert not is_installed(profile)
