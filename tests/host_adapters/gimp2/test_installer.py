"""What is written into a profile of GIMP 2.10."""

from __future__ import annotations

import json
import os
from pathlib import Path

from senga.host_adapters.gimp2 import installer

MANIFEST = {"format": 1, "senga": "0", "python": "/usr/bin/python3", "filters": [], "broken": []}


def test_gimp_finds_an_executable_file_named_like_its_folder(tmp_path: Path) -> None:
    written = installer.install(tmp_path, MANIFEST)
    main = tmp_path / installer.MAIN
    assert main in written
    assert main.stem == main.parent.name
    assert os.access(main, os.X_OK)
    assert main.stem != "senga"
    assert json.loads((main.parent / "manifest.json").read_text("utf-8")) == MANIFEST


def test_exactly_the_named_files_are_written(tmp_path: Path) -> None:
    written = installer.install(tmp_path, MANIFEST)
    assert sorted(written) == sorted(path for path in tmp_path.rglob("*") if path.is_file())
    assert installer.install(tmp_path, MANIFEST) == written


def test_the_main_file_is_written_last_because_gimp_looks_at_its_time(tmp_path: Path) -> None:
    assert installer.install(tmp_path, MANIFEST)[-1] == tmp_path / installer.MAIN
