"""Look at GIMP and at what was installed into it, and say what to do about each finding."""

from __future__ import annotations

import importlib.metadata
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import installer
from .manifest import make_manifest
from .profiles import FLATPAK, Profile, Program, find_programs

AGAIN = "Run: senga gimp install"
_SYSTEM = ("/usr", "/bin", "/lib", "/lib64", "/etc", "/opt", "/var")
_TIME = 180


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: ``state`` is fine, note or problem; ``mend`` says what to do."""

    about: str
    state: str
    text: str
    mend: str = ""


def examine(profiles: list[Profile], *, start_gimp: bool = True) -> Iterator[Finding]:
    """All findings, the quick ones first.

    Args:
        profiles: where the plug-in may be installed.
        start_gimp: whether to run the plug-in in the GIMP that is installed, without a window.
    """
    yield Finding("Senga", "fine", f"{importlib.metadata.version('senga')}, {sys.executable}")
    if not profiles:
        mend = "Start GIMP once, or name the folder with --profile; GIMP shows it under Edit > Preferences > Folders."
        yield Finding("GIMP", "problem", "no GIMP profile was found", mend)
    for profile in profiles:
        yield from examine_profile(profile)
    if start_gimp:
        yield from _self_tests(profiles)


def examine_profile(profile: Profile) -> Iterator[Finding]:
    """What is wrong with the plug-in in one profile."""
    if not profile.takes_python_3:
        yield Finding(str(profile), "note", "the plug-in is for GIMP 3; this profile is left alone")
        return
    yield from _strays(profile)
    if not installer.is_installed(profile):
        yield Finding(str(profile), "problem", "the plug-in is not installed", f"{AGAIN} {_named(profile)}".strip())
        return
    looks = (_files, _main_file, _interpreter, _python, _filters, _sandbox)
    found = [finding for look in looks for finding in look(profile)]
    yield from found
    if not any(finding.state == "problem" for finding in found):
        yield Finding(str(profile), "fine", f"the plug-in is installed in {installer.plug_in_folder(profile)}")


def _named(profile: Profile) -> str:
    return f"--profile '{profile.folder}'"


def _strays(profile: Profile) -> Iterator[Finding]:
    """GIMP 3 ignores a loose file without a word; a file called senga.py would hide the package."""
    for name in (installer.MAIN, "senga.py", "senga/senga.py"):
        path = profile.plug_ins / name
        if path.exists():
            yield Finding(str(profile), "problem", f"{path} is not where GIMP 3 looks for it", f"Remove {path}")


def _files(profile: Profile) -> Iterator[Finding]:
    for name in installer.changed_files(profile):
        path = profile.folder / name
        state = "is changed" if path.exists() else "is missing"
        yield Finding(str(profile), "problem", f"{path} {state}", AGAIN)


def _main_file(profile: Profile) -> Iterator[Finding]:
    main = installer.plug_in_folder(profile) / installer.MAIN
    if os.name == "posix" and main.exists() and not os.access(main, os.X_OK):
        text = f"{main} is not executable, so GIMP passes it over in silence"
        yield Finding(str(profile), "problem", text, f"Run: chmod +x '{main}'")


def _interpreter(profile: Profile) -> Iterator[Finding]:
    fix = profile.folder / installer.INTERPRETER
    if installer.needs_interpreter(profile) and not fix.exists():
        text = "GIMP started from a virtual environment would run plug-ins with a Python that lacks GIMP's library"
        yield Finding(str(profile), "note", text, AGAIN)
    if fix.exists() and not installer.python_has_gimp(installer.SYSTEM_PYTHON):
        text = f"{installer.SYSTEM_PYTHON} cannot import GIMP's library (gi, Gimp 3.0)"
        yield Finding(str(profile), "problem", text, "On Debian and Ubuntu: apt install python3-gi gir1.2-gimp-3.0")


def _python(profile: Profile) -> Iterator[Finding]:
    """Whether the Python that the plug-in starts is there, and holds the same Senga."""
    python = Path(str(installer.read_manifest(profile).get("python", "")))
    if not python.is_file():
        text = f"the Python that held Senga is gone: {python}"
        yield Finding(str(profile), "problem", text, "Install Senga again, then run: senga gimp install")
        return
    code = "import importlib.metadata, senga.host_adapters.worker; print(importlib.metadata.version('senga'))"
    try:
        done = subprocess.run(  # noqa: S603 - the Python that install wrote down
            [str(python), "-c", code], capture_output=True, text=True, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        yield Finding(str(profile), "problem", f"{python} does not start: {error}", AGAIN)
        return
    if done.returncode:
        yield Finding(
            str(profile), "problem", f"{python} has no Senga any more", f"Run: '{python}' -m pip install senga"
        )


def _filters(profile: Profile) -> Iterator[Finding]:
    old, new = installer.read_manifest(profile), make_manifest()
    if old.get("senga") != new["senga"]:
        text = f"the plug-in is of Senga {old.get('senga')}, and {new['senga']} is installed"
        yield Finding(str(profile), "problem", text, AGAIN)
    elif old.get("filters") != json.loads(json.dumps(new["filters"])):
        yield Finding(
            str(profile), "note", "filters, settings or styles changed since the plug-in was installed", AGAIN
        )


def _sandbox(profile: Profile) -> Iterator[Finding]:
    """Flatpak and Snap show GIMP other folders than this shell sees."""
    python = Path(str(installer.read_manifest(profile).get("python", "")))
    hidden = hidden_part(python, profile.package)
    if hidden:
        place = "~/senga" if profile.package == "snap" else "your home folder"
        text = f"GIMP runs as a {profile.package.capitalize()} and cannot see {hidden}"
        mend = (
            f"Install Senga with a Python of its own in {place}, as docs/gimp.md shows, and run its senga gimp install"
        )
        yield Finding(str(profile), "problem", text, mend)


def hidden_part(python: Path, package: str, home: Path | None = None) -> str:
    """The first file on the way to a Python that a packaged GIMP cannot see, or an empty string.

    A virtual environment is a link to another Python: every link on the way counts.
    """
    if package == "native":
        return ""
    home = home or Path.home()
    for path in _links(python):
        in_home = path.is_relative_to(home)
        dotted = in_home and path.relative_to(home).parts[0].startswith(".")
        if package == "snap" and (not in_home or dotted):
            return str(path)
        if package == "flatpak" and not in_home and str(path).startswith(tuple(f"{part}/" for part in _SYSTEM)):
            return str(path)
    return ""


def _links(path: Path) -> Iterator[Path]:
    """A path, and every path that it leads to."""
    for _ in range(40):
        yield path
        if not path.is_symlink():
            return
        path = Path(os.path.normpath(path.parent / path.readlink()))


def _self_tests(profiles: list[Profile]) -> Iterator[Finding]:
    installed = [profile for profile in profiles if profile.takes_python_3 and installer.is_installed(profile)]
    programs = find_programs()
    for program in programs:
        yield Finding("GIMP", "fine", f"{program.version}: {' '.join(program.command)}")
    if not programs:
        mend = "Install GIMP 3, or put the folder with gimp-console on PATH, to have the plug-in tried out."
        yield Finding("GIMP", "note", "no GIMP program was found", mend)
    for profile in installed:
        fitting = [program for program in programs if _fits(program, profile)]
        if fitting:
            yield self_test(profile, fitting[0])


def _fits(program: Program, profile: Profile) -> bool:
    version = profile.version or "3."
    return program.package == profile.package and program.version.startswith(version)


def self_test(profile: Profile, program: Program) -> Finding:
    """Run a filter in GIMP without a window, in a fresh profile that holds nothing but our plug-in."""
    about = f"Self-test in GIMP {program.version}"
    if program.package == "snap":
        return Finding(about, "note", "a Snap cannot be started with another profile; try a filter by hand")
    with tempfile.TemporaryDirectory(prefix="senga-self-test-", dir=_visible_folder(program)) as name:
        report = _run_in_gimp(profile, program, Path(name))
    return judge(about, report)


def _visible_folder(program: Program) -> Path | None:
    return Path.home() if program.package == "flatpak" else None


def _run_in_gimp(profile: Profile, program: Program, folder: Path) -> dict[str, Any]:
    """What the plug-in's own test reports, or what GIMP printed instead."""
    (folder / "plug-ins").mkdir()
    (folder / "plug-ins" / installer.FOLDER).symlink_to(installer.plug_in_folder(profile))
    if (profile.folder / "interpreters").is_dir():
        (folder / "interpreters").symlink_to(profile.folder / "interpreters")
    script = installer.plug_in_folder(profile) / "senga_gimp" / "self_test.py"
    report = folder / "report.json"
    words = ["-i", "-d", "-f", "--quit", "--batch-interpreter=python-fu-eval"]
    words += ["-b", f"exec(open({str(script)!r}).read())"]
    variables = {"GIMP3_DIRECTORY": str(folder), "SENGA_REPORT": str(report), "SENGA_TRY": _simplest(profile)}
    try:
        done = subprocess.run(  # noqa: S603 - the GIMP that was found
            [*_command(program, variables), *words], env={**os.environ, **variables}, capture_output=True, text=True,
            errors="replace", timeout=_TIME, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return {"printed": f"GIMP did not end within {_TIME} seconds"}
    if report.exists():
        return dict(json.loads(report.read_text("utf-8")))
    lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    return {"printed": lines[-1] if lines else f"GIMP ended with code {done.returncode}"}


def _command(program: Program, variables: dict[str, str]) -> list[str]:
    """How to start a GIMP; a Flatpak does not see the environment unless it is told."""
    command = list(program.command)
    if program.package == "flatpak":
        place = command.index(FLATPAK)
        command[place:place] = [f"--env={name}={value}" for name, value in variables.items()]
    return command


def _simplest(profile: Profile) -> str:
    """The procedure that is tried: of a filter that needs no network, where there is one."""
    filters = installer.read_manifest(profile).get("filters", [])
    names = [one["name"] for one in sorted(filters, key=lambda one: (one["neural"], one["origin"] != "built in"))]
    return f"senga-{names[0]}" if names else "senga-sketch"


def judge(about: str, report: dict[str, Any]) -> Finding:
    """What a report of the self-test means."""
    if "printed" in report:
        return Finding(about, "problem", f"GIMP could not run the test: {report['printed']}", "Install python3-gi.")
    if not report["registered"]:
        mend = "Run GIMP with --verbose from a terminal: it tells why a plug-in fails to start."
        return Finding(about, "problem", "GIMP does not know the plug-in although it is installed", mend)
    if not report["succeeded"]:
        return Finding(about, "problem", f"a filter failed: {report['message']}", "Run: senga doctor")
    if not report["changed"]:
        return Finding(about, "problem", "a filter ran and changed nothing", "Run: senga worker stop, then try again.")
    return Finding(about, "fine", f"a filter changed a picture in {report['seconds']:.1f} s")
