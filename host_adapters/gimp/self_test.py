"""Run a filter through the installed plug-in in the installed GIMP, without a window."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .installer import plug_in_folder, read_manifest
from .layouts import layout_of
from .profiles import Profile
from .programs import FLATPAK, Program, number, surroundings

PATIENCE = 180

_FOLDERS = ("plug-ins", "brushes", "dynamics", "gradients", "palettes", "patterns", "tool-presets")


@dataclass(frozen=True)
class _Habits:
    """How a generation of GIMP is told its profile and a script to run, and how a filter's procedure is named."""

    variable: str
    words: tuple[str, ...]
    procedure: str


_BATCH = ("-i", "-d", "-f", "--batch-interpreter=python-fu-eval", "-b")
_HABITS = {
    3: _Habits("GIMP3_DIRECTORY", (*_BATCH, "exec(open({!r}).read())", "--quit"), "senga-{}"),
    2: _Habits("GIMP2_DIRECTORY", (*_BATCH, "execfile({!r})", "-b", "pdb.gimp_quit(1)"), "python-fu-senga-{}"),
}


def fits(program: Program, profile: Profile) -> bool:
    """Whether this GIMP uses that profile."""
    asked = number(profile.version or str(profile.generation))
    return program.package == profile.package and number(program.version)[: len(asked)] == asked


def run_in_gimp(profile: Profile, program: Program) -> dict[str, Any]:
    """What the plug-in's own test reports, in a fresh profile with nothing but our plug-in; or what GIMP printed."""
    parent = Path.home() if program.package == "flatpak" else None  # it has a /tmp of its own
    with tempfile.TemporaryDirectory(prefix="senga-self-test-", dir=parent) as name:
        return _run(profile, program, Path(name))


def _run(profile: Profile, program: Program, folder: Path) -> dict[str, Any]:
    _furnish(profile, folder)
    habits, report = _HABITS[profile.generation], folder / "report.json"
    script = plug_in_folder(profile) / layout_of(profile).package / "self_test.py"
    variables = {habits.variable: str(folder), "SENGA_REPORT": str(report)}
    variables["SENGA_PLUG_IN"] = str(folder / layout_of(profile).folder)
    variables["SENGA_TRY"] = habits.procedure.format(_simplest(profile))
    words = [*_command(program, variables), *(word.format(str(script)) for word in habits.words)]
    try:
        done = subprocess.run(  # noqa: S603 - the GIMP that was found
            words, env={**surroundings(), **variables}, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True,
            text=True, errors="replace", timeout=PATIENCE, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return {"printed": f"GIMP did not end within {PATIENCE} seconds"}
    except OSError as error:
        return {"printed": str(error)}
    if report.exists():
        return dict(json.loads(report.read_text("utf-8")))
    lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    return {"printed": lines[-1] if lines else f"GIMP ended with code {done.returncode}"}


def _furnish(profile: Profile, folder: Path) -> None:
    """Make a profile that GIMP does not complain about, and that holds our plug-in alone."""
    for name in _FOLDERS:
        (folder / name).mkdir()
    installed = plug_in_folder(profile)
    shutil.copytree(installed, folder / "plug-ins" / installed.name)  # a link would need rights on Windows
    if (profile.folder / "interpreters").is_dir():
        shutil.copytree(profile.folder / "interpreters", folder / "interpreters")


def _command(program: Program, variables: dict[str, str]) -> list[str]:
    """How to start a GIMP; a Flatpak does not see the environment unless it is told."""
    command = list(program.command)
    if program.package == "flatpak":
        place = command.index(FLATPAK)
        command[place:place] = [f"--env={name}={value}" for name, value in variables.items()]
    return command


def _simplest(profile: Profile) -> str:
    """The filter that is tried: one that needs no network, where there is one."""
    filters = read_manifest(profile).get("filters", [])
    names = [one["name"] for one in sorted(filters, key=lambda one: (one["neural"], one["origin"] != "built in"))]
    return names[0] if names else "sketch"
