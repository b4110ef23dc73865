"""Look at GIMP and at what was installed into it, and say what to do about each finding."""

from __future__ import annotations

import importlib.metadata
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from senga.findings import Finding

from . import layouts
from .installer import changed_files, is_installed, plug_in_folder, read_manifest
from .layouts import INTERPRETER, layout_of
from .manifest import make_manifest
from .profiles import Profile
from .programs import Program, find_programs
from .self_test import fits, run_in_gimp

AGAIN = "Run: senga gimp install"
_SYSTEM = ("/usr", "/bin", "/lib", "/lib64", "/etc", "/opt", "/var")


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
    try:
        yield from _look_at(profile)
    except OSError as error:
        text = f"{error.filename} cannot be read: {error.strerror}"
        yield Finding(str(profile), "problem", text, "Make it yours again, or run this as its owner.")


def _look_at(profile: Profile) -> Iterator[Finding]:
    about = str(profile)
    if not profile.generation:
        yield Finding(about, "note", "the plug-in needs GIMP 2.10 or 3; this profile is left alone")
        return
    if layouts.cannot_run(profile):
        text = "this GIMP 2.10 came without Python-Fu, so it cannot run the plug-in"
        yield Finding(about, "note", text, "Use GIMP 3, or a GIMP 2.10 that has Filters > Python-Fu.")
        return
    yield from _strays(profile)
    if not is_installed(profile):
        yield Finding(about, "problem", "the plug-in is not installed", f"{AGAIN} --profile '{profile.folder}'")
        return
    looks = (_files, _main_file, _interpreter, _python, _filters, _sandbox)
    found = [finding for look in looks for finding in look(profile)]
    yield from found
    if not any(finding.state == "problem" for finding in found):
        yield Finding(about, "fine", f"the plug-in is installed in {plug_in_folder(profile)}")


def _strays(profile: Profile) -> Iterator[Finding]:
    """A loose file lacks the modules beside it (GIMP 3 does not even look at it); a senga.py would hide the package."""
    for name in (f"{layout_of(profile).name}.py", "senga.py", "senga/senga.py"):
        path = profile.plug_ins / name
        if path.exists():
            text = f"{path} is not where GIMP {profile.generation} looks for it"
            yield Finding(str(profile), "problem", text, f"Remove {path}")


def _files(profile: Profile) -> Iterator[Finding]:
    for name in changed_files(profile):
        path = profile.folder / name
        state = "is changed" if path.exists() else "is missing"
        yield Finding(str(profile), "problem", f"{path} {state}", AGAIN)


def _main_file(profile: Profile) -> Iterator[Finding]:
    main = profile.folder / layout_of(profile).main
    if os.name == "posix" and main.exists() and not os.access(main, os.X_OK):
        text = f"{main} is not executable, so GIMP passes it over in silence"
        yield Finding(str(profile), "problem", text, f"Run: chmod +x '{main}'")


def _interpreter(profile: Profile) -> Iterator[Finding]:
    if profile.generation != 3:
        return
    fix = profile.folder / INTERPRETER
    if layouts.needs_interpreter(profile) and not fix.exists():
        text = "GIMP started from a virtual environment would run plug-ins with a Python that lacks GIMP's library"
        yield Finding(str(profile), "note", text, AGAIN)
    if fix.exists() and not layouts.python_has_gimp(layouts.SYSTEM_PYTHON):
        text = f"{layouts.SYSTEM_PYTHON} cannot import GIMP's library (gi, Gimp 3.0)"
        yield Finding(str(profile), "problem", text, "On Debian and Ubuntu: apt install python3-gi gir1.2-gimp-3.0")


def _python(profile: Profile) -> Iterator[Finding]:
    """Whether the Python that the plug-in starts is there, and holds Senga."""
    python = Path(str(read_manifest(profile).get("python", "")))
    if not python.is_file():
        text = f"the Python that held Senga is gone: {python}"
        yield Finding(str(profile), "problem", text, "Install Senga again, then run: senga gimp install")
        return
    code, text = _asked_for_senga(str(python))
    if code is None:
        yield Finding(str(profile), "problem", f"{python} does not start: {text}", AGAIN)
    elif code:
        mend = f"Run: '{python}' -m pip install senga"
        yield Finding(str(profile), "problem", f"{python} has no Senga any more", mend)


@cache
def _asked_for_senga(python: str) -> tuple[int | None, str]:
    """The exit code of a Python that looks for Senga, or None and why it does not start."""
    words = [python, "-E", "-P", "-c", "import senga.host_adapters.worker"]  # as the plug-in starts its worker
    try:
        done = subprocess.run(  # noqa: S603 - see install
            words, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return None, str(error)
    return done.returncode, ""


def _filters(profile: Profile) -> Iterator[Finding]:
    old, new = read_manifest(profile), make_manifest()
    if old.get("senga") != new["senga"]:
        text = f"the plug-in is of Senga {old.get('senga')}, and {new['senga']} is installed"
        yield Finding(str(profile), "problem", text, AGAIN)
    elif old.get("filters") != json.loads(json.dumps(new["filters"])):
        text = "filters, settings or styles changed since the plug-in was installed"
        yield Finding(str(profile), "note", text, AGAIN)


def _sandbox(profile: Profile) -> Iterator[Finding]:
    """Flatpak and Snap show GIMP other folders than this shell sees."""
    python = Path(str(read_manifest(profile).get("python", "")))
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
    found = find_programs()
    for program in found:
        yield Finding("GIMP", "fine", f"{program.version}: {' '.join(program.command)}")
    if not found:
        mend = "Install GIMP, or put the folder with gimp-console on PATH, to have the plug-in tried out."
        yield Finding("GIMP", "note", "no GIMP program was found", mend)
    for profile in profiles:
        fitting = [program for program in found if fits(program, profile)]
        if fitting and profile.generation and is_installed(profile):
            yield self_test(profile, fitting[0])


def self_test(profile: Profile, program: Program) -> Finding:
    """Run a filter in GIMP without a window."""
    about = f"Self-test in GIMP {program.version}"
    if program.package == "snap":
        return Finding(about, "note", "a Snap cannot be started with another profile; try a filter by hand")
    if layouts.cannot_run(profile):
        return Finding(about, "note", "it has no Python-Fu, so nothing could be tried")
    return judge(about, run_in_gimp(profile, program))


def judge(about: str, report: dict[str, Any]) -> Finding:
    """What a report of the self-test means."""
    if "printed" in report:
        mend = "Install GIMP's Python: Python-Fu for GIMP 2.10, python3-gi for GIMP 3."
        return Finding(about, "problem", f"GIMP could not run the test: {report['printed']}", mend)
    if not report["registered"]:
        mend = "Run GIMP with --verbose from a terminal: it tells why a plug-in fails to start."
        return Finding(about, "problem", "GIMP does not know the plug-in although it is installed", mend)
    if not report["succeeded"]:
        return Finding(about, "problem", f"a filter failed: {report['message']}", "Run: senga doctor")
    if not report["changed"]:
        return Finding(about, "problem", "a filter ran and changed nothing", "Run: senga worker stop, then try again.")
    return Finding(about, "fine", f"a filter changed a picture in {report['seconds']:.1f} s")
