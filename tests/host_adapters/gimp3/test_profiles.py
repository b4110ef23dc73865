"""Finding GIMP's profiles, however it was packaged."""

from __future__ import annotations

from pathlib import Path

import pytest

from senga.host_adapters.gimp3 import profiles
from senga.host_adapters.gimp3.profiles import find_profiles, profile_at


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
    assert [one.takes_python_3 for one in find_profiles(tmp_path, {})] == [False, True, True, True, True]


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


def test_the_version_is_read_from_what_gimp_wrote(tmp_path: Path) -> None:
    (tmp_path / "gimprc").write_text('# GIMP gimprc\n(config-version "2.10.34")\n')
    assert profile_at(tmp_path).version == "2.10"
    assert not profile_at(tmp_path).takes_python_3
    assert profile_at(tmp_path / "new").version == ""
    assert profile_at(tmp_path / "new").takes_python_3


def test_a_program_is_asked_for_its_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in (("gimp-console-3.0", "GNU Image Manipulation Program version 3.0.4"), ("flatpak", "what?")):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\necho '{text}'\n")
        program.chmod(0o755)
    (tmp_path / "gimp-console").symlink_to("gimp-console-3.0")
    monkeypatch.setenv("PATH", str(tmp_path))
    found = profiles.find_programs()
    assert [(one.version, one.package) for one in found] == [("3.0.4", "native")]
