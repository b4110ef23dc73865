"""``senga gimp``: install the plug-in into GIMP, take it out, and find out why it does not work."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click

from senga.errors import SengaError
from senga.language import sentence, tr
from senga.plain import tell


def _profile_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--profile",
        "folders",
        multiple=True,
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        help="A GIMP profile that is not found by itself, such as ~/.config/GIMP/3.0; can be given several times.",
    )(command)


@click.group("gimp")
def gimp_command() -> None:
    """Bring the filters into GIMP's Filters menu.

    \b
    senga gimp install      in every GIMP of this user
    senga gimp doctor       what is wrong, and what to do
    senga gimp uninstall    remove exactly what was installed
    """  # noqa: D301 - \b is click's mark for lines to keep


@gimp_command.command("install")
@_profile_option
def install_command(folders: tuple[Path, ...]) -> int:
    """Install the plug-in in every GIMP profile, or renew it after filters or styles were added.

    The exit code is 1 when a profile could not be written.
    """
    from .manifest import make_manifest

    manifest = make_manifest()
    done, failed = _in_each(folders, lambda profile: _install(profile, manifest, named=bool(folders)))
    for reason in manifest["broken"]:
        tell(tr("Left out, because it is broken: {reason}").format(reason=reason))
    if not done and not failed:
        raise SengaError("The plug-in was not installed anywhere: start GIMP once, so that its profile is made.")
    if done:
        text = tr("Start GIMP again and open Filters > Senga. The filters run in {python}.")
        tell(text.format(python=manifest["python"]))
    return int(bool(failed))


def _install(profile: Any, manifest: dict[str, Any], *, named: bool) -> bool:
    """Install in one profile and tell so; a GIMP that cannot run the plug-in is passed over, unless it was named."""
    from . import installer
    from .doctor import hidden_part
    from .layouts import cannot_run

    if not profile.generation:
        tell(f"{profile}: {tr('skipped; the filters need GIMP 2.10 or 3')}")
        return False
    if cannot_run(profile) and not named:
        tell(f"{profile}: {tr('skipped; this GIMP came without Python-Fu')}")
        return False
    change = installer.install(profile, manifest)
    text = tr("{files} files, {filters} filters") if change.files else tr("up to date, {filters} filters")
    tell(f"{profile}: {text.format(files=len(change.files), filters=len(manifest['filters']))}")
    tell(f"    {installer.plug_in_folder(profile)}")
    for note in change.notes:
        tell(f"    {note}")
    if hidden_part(Path(manifest["python"]), profile.package):
        text = tr("This GIMP cannot see {python}: “senga gimp doctor” tells what to do.")
        tell(f"    {text.format(python=manifest['python'])}")
    return True


@gimp_command.command("uninstall")
@_profile_option
def uninstall_command(folders: tuple[Path, ...]) -> int:
    """Remove the plug-in from every GIMP profile: exactly what was installed, nothing else."""
    return int(bool(_in_each(folders, _uninstall)[1]))


def _uninstall(profile: Any) -> bool:
    from . import installer

    change = installer.uninstall(profile)
    removed = tr("{files} files removed").format(files=len(change.files))
    tell(f"{profile}: {removed if change.files else tr('nothing was installed')}")
    for note in change.notes:
        tell(f"    {note}")
    return True


@gimp_command.command("doctor")
@_profile_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@click.option("--quick", is_flag=True, help="Do not start GIMP.")
def doctor_command(folders: tuple[Path, ...], as_json: bool, quick: bool) -> int:
    """Check the plug-in, GIMP, and what runs the filters, and say what to do about each finding.

    The exit code is 1 when something is wrong that keeps the filters from working.
    """
    from .doctor import examine

    worst = 0
    for finding in examine(_profiles(folders), start_gimp=not quick):
        worst |= finding.state == "problem"
        finding.tell(as_json)
    return int(worst)


def _in_each(folders: Iterable[Path], act: Callable[[Any], bool]) -> tuple[int, int]:
    """Act on every profile: how many were done, and how many failed, which is told and keeps no other from its turn."""
    done = failed = 0
    for profile in _profiles(folders):
        try:
            done += act(profile)
        except SengaError as error:
            failed += 1
            tell(f"{profile}: {sentence(str(error))}", err=True)
        except OSError as error:
            failed += 1
            text = tr("{file} cannot be read: {reason}.").format(file=error.filename, reason=error.strerror)
            tell(f"{profile}: {text}", err=True)
    return done, failed


def _profiles(folders: Iterable[Path]) -> list[Any]:
    from .profiles import find_profiles, profiles_at

    named = [profile for folder in folders for profile in profiles_at(folder)]
    return named or find_profiles()
