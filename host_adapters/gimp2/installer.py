"""What lies in a GIMP 2.10 profile when the plug-in is installed."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

FOLDER = "senga-gimp2"
"""Of the plug-in; GIMP starts the executable file in it that is named like it."""

MAIN = f"plug-ins/{FOLDER}/{FOLDER}.py"
"""The main file, as a path in the profile."""


def contents(manifest: dict[str, Any]) -> dict[str, bytes]:
    """Every file with its path in the profile; the main file last, because GIMP looks at its time only."""
    source, inside = Path(__file__).parent, f"plug-ins/{FOLDER}"
    code = sorted((source / "senga_gimp2").glob("*.py"))
    files = {f"{inside}/senga_gimp2/{path.name}": path.read_bytes() for path in code}
    files[f"{inside}/senga_client.py"] = (source.parent / "worker" / "client.py").read_bytes()
    files[f"{inside}/manifest.json"] = json.dumps(manifest, indent=1, ensure_ascii=False).encode()
    return files | {MAIN: (source / f"{FOLDER}.py").read_bytes()}


def install(profile: Path, manifest: dict[str, Any]) -> list[Path]:
    """Write the plug-in into a profile; gives the files.

    Raises:
        OSError: something cannot be written.
    """
    files = {profile / name: data for name, data in contents(manifest).items()}
    for path, data in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + ".part")
        part.write_bytes(data)
        part.replace(path)
    main = profile / MAIN
    main.chmod(main.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    return list(files)


def compiled(path: Path) -> Path:
    """Where Python 2.7 puts what it compiles from a file: beside it."""
    return path.with_suffix(".pyc")
