"""Each thing that can be wrong is found, named, and comes with what to do."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from senga.errors import SengaError
from senga.findings import Finding
from senga.host_adapters.gimp import programs
from senga.host_adapters.gimp.command import gimp_command
from senga.host_adapters.gimp.doctor import examine_profile, hidden_part, judge, self_test
from senga.host_adapters.gimp.installer import install, plug_in_folder
from senga.host_adapters.gimp.layouts import INTERPRETER, layout_of
from senga.host_adapters.gimp.profiles import Profile
from senga.host_adapters.gimp.programs import Program


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
    name = f"{layout_of(profile).folder}/manifest.json"
    facts["files"][name] = hashlib.sha256(path.read_bytes()).hexdigest()
    record.write_text(json.dumps(facts))


def test_a_sound_installation(installed: Profile) -> None:
    assert [finding.state for finding in examine_profile(installed)] == ["fine"]


def test_not_installed(profile: Profile) -> None:
    assert str(profile.folder) in only(profile).mend


def test_gimp_2_8_is_left_alone(tmp_path: Path) -> None:
    found = list(examine_profile(Profile(tmp_path, "2.8")))
    assert [finding.state for finding in found] == ["note"]


def test_a_gimp_2_10_without_python_fu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "SYSTEM", tmp_path / "other")
    (tmp_path / "gimp-2.10").write_text("")
    (tmp_path / "gimp-2.10").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    found = list(examine_profile(Profile(tmp_path, "2.10")))
    assert [finding.state for finding in found] == ["note"]
    assert "Python-Fu" in found[0].text


def test_a_missing_file(installed: Profile) -> None:
    (plug_in_folder(installed) / layout_of(installed).package / "pixels.py").unlink()
    assert "pixels.py is missing" in only(installed).text


def test_a_changed_file(installed: Profile) -> None:
    (plug_in_folder(installed) / "senga_client.py").write_text("")
    assert "senga_client.py is changed" in only(installed).text


def test_a_file_that_is_not_executable(installed: Profile) -> None:
    (installed.folder / layout_of(installed).main).chmod(0o644)
    assert "chmod +x" in only(installed).mend


def test_a_loose_file(installed: Profile) -> None:
    shutil.copy(installed.folder / layout_of(installed).main, installed.plug_ins)
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
    if not (installed.folder / INTERPRETER).exists():
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
    found = problems(Profile(installed.folder, installed.version, "flatpak"))
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
    main = layout_of(installed).main
    program.write_text(
        '#!/bin/sh\nfolder="$GIMP2_DIRECTORY$GIMP3_DIRECTORY"\n'
        f'test "$(ls "$folder/plug-ins")" = {Path(main).stem} && test -x "$folder/{main}" && echo "$SENGA_TRY: $*"\n'
    )
    program.chmod(0o755)
    finding = self_test(installed, Program((str(program),), f"{installed.version}.4"))
    assert finding.state == "problem"
    assert "senga-sketch: -i -d -f" in finding.text
    assert str(plug_in_folder(installed) / layout_of(installed).package / "self_test.py") in finding.text


def test_a_gimp_that_does_not_start(installed: Profile) -> None:
    assert "/nowhere" in self_test(installed, Program(("/nowhere/gimp-console",), "3.0")).text


def run(*words: str) -> Result:
    done = CliRunner().invoke(gimp_command, list(words), standalone_mode=False)
    assert done.exception is None or isinstance(done.exception, SengaError), done.output
    return done


def test_install_doctor_uninstall_as_commands(tmp_path: Path) -> None:
    """GIMP 3, 2.10 and one that is too old: each gets what it needs, is told, and is clean again afterwards."""
    for version in ("3.0", "2.10", "2.8"):
        (tmp_path / version).mkdir()
    every = ["--profile", str(tmp_path)]
    done = run("install", *every)
    assert done.return_value == 0
    assert "skipped; the filters need GIMP 2.10 or 3" in done.output
    for version, name in (("3.0", "senga-gimp"), ("2.10", "senga-gimp2")):
        assert re.search(rf"^GIMP {version}, .*: \d+ files, \d+ filters$", done.output, re.M), done.output
        assert (tmp_path / version / "plug-ins" / name / f"{name}.py").exists()
    assert not list((tmp_path / "2.8").iterdir())
    assert run("install", *every).output.count("up to date") == 2
    done = run("doctor", "--quick", "--json", *every)
    assert [json.loads(line)["state"] for line in done.output.splitlines()] == ["fine", "note", "fine", "fine"]
    assert done.return_value == 0
    assert run("uninstall", *every).output.count("files removed") == 2
    assert not list(tmp_path.rglob("senga*")), "only the folders that GIMP has too are left"
    assert run("uninstall", *every).output.count("nothing was installed") == 3
    assert run("doctor", "--quick", *every).return_value == 1


def test_nowhere_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "XDG_CONFIG_HOME", "APPDATA"):
        monkeypatch.setenv(name, str(tmp_path))
    for name in ("GIMP3_DIRECTORY", "GIMP2_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    assert "start GIMP once" in str(run("install").exception)
    done = CliRunner().invoke(gimp_command, ["install", "--profile", str(tmp_path / "3.O")])
    assert done.exit_code == 2
    assert "does not exist" in done.output
    assert not (tmp_path / "3.O").exists()


def test_it_speaks_the_painters_language(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "3.0").mkdir()
    monkeypatch.setenv("SENGA_LANGUAGE", "ja")
    said = [run(word, "--profile", str(tmp_path / "3.0")).output for word in ("install", "install", "uninstall")]
    said.append(run("doctor", "--quick", "--profile", str(tmp_path / "3.0")).output)
    for text in said:
        assert re.search("[ぁ-ん]", text), text
        assert not re.search(r"\b(installed|files|filters|Run)\b", text), text
