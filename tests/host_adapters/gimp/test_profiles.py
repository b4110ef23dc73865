"""Finding GIMP's profiles, however it was packaged."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from senga.host_adapters.gimp import profiles, programs
from senga.host_adapters.gimp.layouts import cannot_run
from senga.host_adapters.gimp.profiles import Profile, find_profiles, profiles_at
from senga.host_adapters.gimp.programs import Program
from senga.host_adapters.gimp.self_test import fits


def make(home: Path, *names: str) -> None:
    for name in names:
        (home / name).mkdir(parents=True)


def test_every_profile_of_a_linux_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profiles.sys, "platform", "linux")
    make(
        tmp_path, ".config/GIMP/2.10", ".config/GIMP/3.0", ".config/GIMP/3.2", ".config/GIMP/3.0.old",
        ".var/app/org.gimp.GIMP/config/GIMP/3.0", "snap/gimp/current/.config/GIMP/3.0",
    )  # fmt: skip
    found = [(one.version, one.package) for one in find_profiles(tmp_path, {})]
    assert sorted(found) == [
        ("2.10", "native"), ("3.0", "flatpak"), ("3.0", "native"), ("3.0", "snap"), ("3.2", "native"),
    ]  # fmt: skip
    assert [one.generation for one in find_profiles(tmp_path, {})] == [2, 3, 3, 3, 3]


@pytest.mark.parametrize(
    ("platform", "folder", "environ"),
    [
        ("darwin", "Library/Application Support/GIMP/3.0", {}),
        ("win32", "AppData/Roaming/GIMP/3.0", {}),
        ("win32", "elsewhere/GIMP/3.2", {"APPDATA": "elsewhere"}),
        ("linux", "xdg/GIMP/3.0", {"XDG_CONFIG_HOME": "xdg"}),
        ("linux", "anywhere", {"GIMP3_DIRECTORY": "anywhere"}),
    ],
)
def test_other_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, platform: str, folder: str, environ: dict[str, str]
) -> None:
    monkeypatch.setattr(profiles.sys, "platform", platform)
    make(tmp_path, folder)
    found = find_profiles(tmp_path, {name: str(tmp_path / value) for name, value in environ.items()})
    assert [one.folder for one in found] == [tmp_path / folder]


def test_a_profile_is_found_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profiles.sys, "platform", "linux")
    make(tmp_path, ".config/GIMP/3.0")
    assert len(find_profiles(tmp_path, {"GIMP3_DIRECTORY": str(tmp_path / ".config/GIMP/3.0")})) == 1


@pytest.mark.parametrize(
    ("version", "generation"), [("2.6", 0), ("2.8", 0), ("2.10", 2), ("2.99", 3), ("3.0", 3), ("3.12", 3), ("", 3)]
)
def test_which_plug_in_a_version_needs(tmp_path: Path, version: str, generation: int) -> None:
    assert Profile(tmp_path, version).generation == generation


def test_the_version_is_read_from_what_gimp_wrote(tmp_path: Path) -> None:
    (tmp_path / "gimprc").write_text('# GIMP gimprc\n(config-version "2.10.34")\n')
    assert [(one.version, one.generation) for one in profiles_at(tmp_path)] == [("2.10", 2)]
    assert [(one.version, one.generation) for one in profiles_at(tmp_path / "new")] == [("", 3)]


def test_a_folder_near_the_profile_is_understood(tmp_path: Path) -> None:
    """GIMP's preferences show the folder of plug-ins; file managers show the one with all versions."""
    make(tmp_path, "GIMP/3.0/plug-ins", "GIMP/2.10", "GIMP/3.0/themes/1.0")
    own = tmp_path / "GIMP/3.0"
    assert [one.folder for one in profiles_at(own / "plug-ins")] == [own]
    assert [one.folder for one in profiles_at(own)] == [own]
    assert [one.version for one in profiles_at(tmp_path / "GIMP")] == ["2.10", "3.0"]


def test_a_snap_that_is_the_only_gimp_uses_the_ordinary_profile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(profiles.sys, "platform", "linux")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    make(tmp_path, ".config/GIMP/3.0", "snap-of-gimp", "bin")
    monkeypatch.setattr(programs, "SNAP", tmp_path / "snap-of-gimp")
    assert [one.package for one in find_profiles(tmp_path, {})] == ["snap"]
    (tmp_path / "bin/gimp-console-3.0").write_text("")
    (tmp_path / "bin/gimp-console-3.0").chmod(0o755)
    assert [one.package for one in find_profiles(tmp_path, {})] == ["native"]


@pytest.mark.parametrize(
    ("program", "profile", "does"),
    [
        ("3.0.4", "3.0", True), ("3.0.4", "3.2", False), ("3.0.4", "", True), ("3.10.0", "3.1", False),
        ("2.10.34", "2.10", True), ("2.10.34", "", False),
    ],
)  # fmt: skip
def test_which_gimp_uses_a_profile(tmp_path: Path, program: str, profile: str, does: bool) -> None:
    assert fits(Program(("gimp",), program), Profile(tmp_path, profile)) is does
    assert not fits(Program(("gimp",), program), Profile(tmp_path, profile, "flatpak"))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux distributions leave Python-Fu out")
def test_a_gimp_2_10_without_python_fu_is_recognised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "SYSTEM", tmp_path / "system")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not cannot_run(Profile(tmp_path, "2.10")), "where no GIMP 2.10 is seen, nothing is known"
    (tmp_path / "gimp-2.10").write_text("")
    (tmp_path / "gimp-2.10").chmod(0o755)
    assert cannot_run(Profile(tmp_path, "2.10"))
    assert not cannot_run(Profile(tmp_path, "3.0"))
    assert not cannot_run(Profile(tmp_path, "2.10", "flatpak")), "it brings its own"
    make(tmp_path, "system/lib/x86_64-linux-gnu/gimp/2.0/python/gimpfu.py")
    assert not cannot_run(Profile(tmp_path, "2.10"))


def test_a_program_is_asked_for_its_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in (("gimp-console-3.0", "GNU Image Manipulation Program version 3.0.4"), ("flatpak", "what?")):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\necho '{text}'\n")
        program.chmod(0o755)
    (tmp_path / "gimp-console").symlink_to("gimp-console-3.0")
    monkeypatch.setenv("PATH", str(tmp_path))
    found = programs.find_programs()
    assert [(one.version, one.package) for one in found] == [("3.0.4", "native")]
