"""``senga gimp``: install the plug-in into GIMP, take it out, and find out why it does not work."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from senga.errors import SengaError

MARKS = {"fine": "✓", "note": "•", "problem": "✗"}


def _profile_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--profile",
        "folders",
        multiple=True,
        type=click.Path(file_okay=False, path_type=Path),
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
    """Install the plug-in in every GIMP profile, or renew it after filters or styles were added."""
    from . import installer
    from .manifest import make_manifest

    manifest = make_manifest()
    done = [_install(installer, profile, manifest) for profile in _profiles(folders)]
    for reason in manifest["broken"]:
        click.echo(f"Left out, because it is broken: {reason}")
    if not any(done):
        raise SengaError("The plug-in was not installed anywhere: start GIMP 3 once, so that its profile is made.")
    click.echo(f"Start GIMP again and open Filters > Senga. The filters run in {manifest['python']}.")
    return 0


def _install(installer: Any, profile: Any, manifest: dict[str, Any]) -> bool:
    if not profile.takes_python_3:
        click.echo(f"{profile}: skipped; the filters need GIMP 3.")
        return False
    change = installer.install(profile, manifest)
    click.echo(f"{profile}: {len(change.files)} files, {len(manifest['filters'])} filters.")
    click.echo(f"    {installer.plug_in_folder(profile)}")
    for note in change.notes:
        click.echo(f"    {note} ({profile.folder / installer.INTERPRETER}).")
    return True


@gimp_command.command("uninstall")
@_profile_option
def uninstall_command(folders: tuple[Path, ...]) -> int:
    """Remove the plug-in from every GIMP profile: exactly what was installed, nothing else."""
    from . import installer

    for profile in _profiles(folders):
        change = installer.uninstall(profile)
        click.echo(f"{profile}: {f'{len(change.files)} files removed' if change.files else 'nothing was installed'}.")
        for note in change.notes:
            click.echo(f"    {note}.")
    return 0


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
    for finding in examine(list(_profiles(folders)), start_gimp=not quick):
        worst |= finding.state == "problem"
        if as_json:
            click.echo(json.dumps(asdict(finding), ensure_ascii=False))
            continue
        click.echo(f"{MARKS[finding.state]} {finding.about}: {finding.text}")
        if finding.mend:
            click.echo(f"    {finding.mend}")
    return int(worst)


def _profiles(folders: Iterable[Path]) -> list[Any]:
    from .profiles import find_profiles, profile_at

    return [profile_at(folder) for folder in folders] or find_profiles()
