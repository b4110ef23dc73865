"""Each thing that can be wrong is found, named, and comes with what to do."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from senga.host_adapters.gimp3 import installer
from senga.host_adapters.gimp3.command import gimp_command
from senga.host_adapters.gimp3.doctor import Finding, examine_profile, hidden_part, judge, self_test
from senga.host_adapters.gimp3.installer import install, plug_in_folder
from senga.host_adapters.gimp3.profiles import Profile, Program


def problems(profile: Profile) -> list[Finding]:
    return [finding for finding in examine_profile(profile) if finding.state == "problem"]


def only(profile: Profile) -> Finding:
    found = problems(profile)
    assert len(found) == 1, found
    assert found[0].mend
    return found[0]


@pytest.fixture
def installed(profile: Profile) -> Profile:
    install(profile)
    return profile


def edit_manifest(profile: Profile, **changes: object) -> None:
    path = plug_in_folder(profile) / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    record = plug_in_folder(profile) / "installed.json"
    facts = json.loads(record.read_text())
    name = "plug-ins/senga-gimp/manifest.json"
    facts["files"][name] = installer._digest(path)
    record.write_text(json.dumps(facts))


def test_a_sound_installation(installed: Profile) -> None:
    assert [finding.state for finding in examine_profile(installed)] == ["fine"]


def test_not_installed(profile: Profile) -> None:
    assert str(profile.folder) in only(profile).mend


def test_gimp_2_10_is_recognised(tmp_path: Path) -> None:
    found = list(examine_profile(Profile(tmp_path, "2.10")))
    assert [finding.state for finding in found] == ["note"]


def test_a_missing_file(installed: Profile) -> None:
    (plug_in_folder(installed) / "senga_gimp" / "pixels.py").unlink()
    assert "pixels.py is missing" in only(installed).text


def test_a_changed_file(installed: Profile) -> None:
    (plug_in_folder(installed) / "senga_client.py").write_text("")
    assert "senga_client.py is changed" in only(installed).text


def test_a_file_that_is_not_executable(installed: Profile) -> None:
    (plug_in_folder(installed) / "senga-gimp.py").chmod(0o644)
    assert "chmod +x" in only(installed).mend


def test_a_loose_file(installed: Profile) -> None:
    shutil.copy(plug_in_folder(installed) / "senga-gimp.py", installed.plug_ins)
    assert "Remove" in only(installed).mend


def test_a_python_that_is_gone(installed: Profile) -> None:
    edit_manifest(installed, python="/nowhere/python")
    assert "/nowhere/python" in only(installed).text


def test_a_python_without_senga(installed: Profile, tmp_path: Path) -> None:
    python = tmp_path / "bare"
    python.write_text("#!/bin/sh\nexit 1\n")
    python.chmod(0o755)
    edit_manifest(installed, python=str(python))
    assert "pip install" in only(installed).mend


def test_another_version(installed: Profile) -> None:
    edit_manifest(installed, senga="0.0.1")
    assert "0.0.1" in only(installed).text


def test_filters_that_changed_since(installed: Profile) -> None:
    edit_manifest(installed, filters=[])
    found = list(examine_profile(installed))
    assert [finding.state for finding in found if "changed since" in finding.text] == ["note"]


def test_a_system_python_without_gimps_library(installed: Profile, own_system: Path) -> None:
    if not (installed.folder / installer.INTERPRETER).exists():
        pytest.skip("this system needs no fixed interpreter")
    own_system.write_text("#!/bin/sh\nexit 1\n")
    assert "python3-gi" in only(installed).mend


def test_what_a_sandbox_hides(tmp_path: Path) -> None:
    home = tmp_path / "home"
    own, borrowed = home / "senga" / "bin" / "python", home / "venv" / "bin" / "python"
    for path in (own, borrowed):
        path.parent.mkdir(parents=True)
    own.write_text("")
    borrowed.symlink_to("/usr/bin/python3")
    dotted = home / ".local" / "python"
    assert hidden_part(own, "flatpak", home) == ""
    assert hidden_part(own, "snap", home) == ""
    assert hidden_part(borrowed, "native", home) == ""
    assert hidden_part(borrowed, "flatpak", home) == "/usr/bin/python3"
    assert hidden_part(borrowed, "snap", home) == "/usr/bin/python3"
    assert hidden_part(dotted, "flatpak", home) == ""
    assert hidden_part(dotted, "snap", home) == str(dotted)


def test_a_sandbox_is_a_finding(installed: Profile, tmp_path: Path) -> None:
    link = tmp_path / "python"
    link.symlink_to("/usr/bin/python3")
    edit_manifest(installed, python=str(link))
    found = problems(Profile(installed.folder, "3.0", "flatpak"))
    assert any("Flatpak" in finding.text for finding in found)


@pytest.mark.parametrize(
    ("report", "state", "word"),
    [
        ({"printed": "no gi"}, "problem", "no gi"),
        ({"registered": False}, "problem", "does not know"),
        ({"registered": True, "succeeded": False, "message": "the reason"}, "problem", "the reason"),
        ({"registered": True, "succeeded": True, "changed": False, "seconds": 1.0}, "problem", "changed nothing"),
        ({"registered": True, "succeeded": True, "changed": True, "seconds": 1.0}, "fine", "1.0 s"),
    ],
)
def test_what_a_report_of_the_self_test_means(report: dict[str, object], state: str, word: str) -> None:
    finding = judge("Self-test", report)
    assert finding.state == state
    assert word in finding.text
    assert bool(finding.mend) == (state == "problem")


def test_the_self_test_starts_gimp_with_our_plug_in_alone(installed: Profile, tmp_path: Path) -> None:
    """A program stands for GIMP: it sees the plug-in in a fresh profile, and what it prints is told."""
    program = tmp_path / "gimp-console"
    program.write_text(
        '#!/bin/sh\nls "$GIMP3_DIRECTORY/plug-ins" "$GIMP3_DIRECTORY/plug-ins/senga-gimp/senga-gimp.py"\n'
    )
    program.chmod(0o755)
    finding = self_test(installed, Program((str(program),), "3.0.4"))
    assert finding.state == "problem"
    assert "senga-gimp" in finding.text


def test_install_doctor_uninstall_as_commands(tmp_path: Path) -> None:
    new, old = tmp_path / "3.0", tmp_path / "2.10"
    both = ["--profile", str(new), "--profile", str(old)]
    done = CliRunner().invoke(gimp_command, ["install", *both], standalone_mode=False)
    assert done.exception is None, done.output
    assert "5 filters" in done.output or "4 filters" in done.output
    assert "needs GIMP 3" in done.output or "need GIMP 3" in done.output
    assert not old.exists()
    done = CliRunner().invoke(gimp_command, ["doctor", "--quick", "--json", *both], standalone_mode=False)
    lines = [json.loads(line) for line in done.output.splitlines()]
    assert {line["state"] for line in lines} == {"fine", "note"}
    assert done.return_value == 0
    done = CliRunner().invoke(gimp_command, ["uninstall", *both], standalone_mode=False)
    assert done.exception is None
    assert not plug_in_folder(Profile(new, "3.0")).exists()
    done = CliRunner().invoke(gimp_command, ["doctor", "--quick", "--profile", str(new)], standalone_mode=False)
    assert done.return_value == 1
