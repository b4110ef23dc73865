"""Plug-ins of strangers, as an installation leaves them."""

from __future__ import annotations

from pathlib import Path


def plug_in(site: Path, code: str, name: str = "strange", version: str = "1") -> Path:
    """A folder for PYTHONPATH with a plug-in of this code."""
    folder = site / f"{name}-{version}.dist-info"
    folder.mkdir(parents=True)
    (site / f"{name}_filters.py").write_text(code)
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (folder / "entry_points.txt").write_text(f"[senga]\n{name} = {name}_filters\n")
    return site
