"""The client as GIMP uses it: a copy of the file, alone, in another Python."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from senga.host_adapters.worker import client

SCRIPT = """# -*- coding: utf-8 -*-
from __future__ import print_function
import json, os, sys
import client
facts = {"python": sys.version_info[0]}
with client.connect(sys.argv[1]) as worker:
    facts["filters"] = [one["name"] for one in worker.describe()["filters"]]
    with client.Canvas(20, 10, 4, "u8") as canvas:
        canvas.write_band(0, bytes(bytearray(range(200)) * 4))
        canvas.write_mask_band(0, b"\\xff" * 100)
        notes = []
        worker.run({"filter": "posterize", "settings": {"levels": 2}}, canvas, lambda share, note: notes.append(note))
        facts["pixels"] = sorted(set(bytearray(canvas.read_band(0, 3))))
        facts["unselected"] = canvas.read_band(7, 3) == bytes(bytearray(range(200)) * 4)[560:]
        notes = []
        order = {"filter": "patient"}
        try:
            worker.run(order, canvas, lambda share, note: notes.append(note), lambda: len(notes) > 1)
        except client.Cancelled:
            facts["cancelled"] = True
        layers = []
        worker.run({"filter": "frames"}, canvas, on_layer=lambda layer: layers.append(layer.canvas.read_band(0, 1)))
        facts["layers"] = len(layers)
        try:
            worker.run({"filter": "posterise"}, canvas)
        except client.WorkerError as error:
            facts["message"], facts["shown"] = error.message, str(error) != ""
    try:
        client.connect({"python": u"/nowhere/p\\xfcthon"})
    except client.WorkerError as error:
        facts["gone"] = error.message
    worker.stop()
print(json.dumps(facts))
"""


def find(name: str) -> str | None:
    named = os.environ.get("SENGA_PYTHON27") if name == "python2.7" else None
    found = named or shutil.which(name)
    works = found and subprocess.run([found, "-c", ""], capture_output=True, check=False).returncode == 0
    return found if works else None


@pytest.mark.parametrize("name", ["python2.7", "python3.9", "python3.13", "python3.14", "this"])
def test_the_client_works_alone_in_every_python_of_gimp(den: Path, house: dict[str, Any], name: str) -> None:
    python = sys.executable if name == "this" else find(name)
    if python is None:
        pytest.skip(f"no {name} on PATH" + (" and none named by SENGA_PYTHON27" if name == "python2.7" else ""))
    (den / "plug-in").mkdir()
    shutil.copy(client.__file__, den / "plug-in" / "client.py")
    (den / "plug-in" / "plugin.py").write_text(SCRIPT, "utf-8")
    (den / "manifest.json").write_text(json.dumps(house))
    words = [python, "-B", str(den / "plug-in" / "plugin.py"), str(den / "manifest.json")]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    facts = json.loads(done.stdout)
    assert "posterize" in facts["filters"]
    assert set(facts["pixels"]) > {0, 255}  # colours at the ends, alpha as it was
    assert facts["unselected"]
    assert facts["cancelled"]
    assert facts["layers"] == 3
    assert facts["shown"]
    assert "did you mean “posterize”" in facts["message"]
    assert "/nowhere/püthon" in facts["gone"]
    assert not list(den.rglob("canvas-*"))
