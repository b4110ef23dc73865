"""The doctor on runtimes: what paints, what was measured, and no seconds spent on MindSpore that nobody asked for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from senga.findings import Finding
from senga.host_adapters.standalone import doctor
from senga.neural import speed

SENGA = str(Path(sys.executable).with_name("senga"))
BROKEN = "from pathlib import Path\nPath(__file__).with_name('started').touch()\nraise RuntimeError('no such device')\n"


@pytest.fixture
def mindspore(tmp_path: Path) -> Path:
    """A MindSpore that breaks, and leaves a mark where it was started."""
    folder = tmp_path / "mindspore"
    folder.mkdir()
    (folder / "__init__.py").write_text(BROKEN)
    return folder


def networks(folder: Path, *options: str) -> list[dict[str, str]]:
    environment = {**os.environ, "PYTHONPATH": str(folder.parent), "PYTHONSAFEPATH": ""}
    words = [SENGA, "doctor", "--json", *options]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    findings = [json.loads(line) for line in done.stdout.splitlines()]
    return [finding for finding in findings if finding["about"] == "Networks"]


def test_mindspore_is_not_started_where_another_one_paints(mindspore: Path) -> None:
    pytest.importorskip("onnxruntime")
    last = networks(mindspore)[-1]
    assert "senga doctor --training" in last["text"]
    assert not (mindspore / "started").exists()


def test_it_is_started_when_that_is_asked_for(mindspore: Path) -> None:
    last = networks(mindspore, "--training")[-1]
    assert (last["state"], "no such device" in last["text"]) == ("note", True)
    assert (mindspore / "started").exists()


def looked() -> list[Finding]:
    return [finding for finding in doctor.examine() if finding.about == "Networks"]


@pytest.mark.skipif(find_spec("openvino") is None or find_spec("onnxruntime") is None, reason="needs both runtimes")
@pytest.mark.parametrize(
    ("note", "says"),
    [
        ('{"openvino": 0.05, "onnx": 0.07}', "openvino 50 ms, onnx 70 ms; auto takes openvino"),
        ('{"openvino": 0.07, "onnx": 0.05}', "openvino 70 ms, onnx 50 ms; auto takes onnx"),
        ('{"openvino": 0.07, "onnx": Infinity}', "openvino 70 ms, onnx failed; auto takes openvino"),
    ],
)
def test_it_shows_what_was_measured_and_what_is_taken(note: str, says: str) -> None:
    speed.note().write_text(note)
    assert any(finding.text.startswith(f"Measured on this machine: {says}, for drafts ") for finding in looked())


def test_a_broken_openvino_is_a_note_and_the_rest_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("onnxruntime")
    old = ModuleType("openvino")
    old.__dict__.update(__version__="2022.1", __spec__=SimpleNamespace())
    monkeypatch.setitem(sys.modules, "openvino", old)
    first, second, *_ = looked()
    assert (first.state, "2022.1 is too old" in first.text) == ("note", True)
    assert (second.state, "onnxruntime" in second.text) == ("fine", True)


def test_without_anything_that_paints_there_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("openvino", "onnxruntime", "mindspore"):
        monkeypatch.setitem(sys.modules, name, None)
    first, second = looked()
    assert (first.state, "onnxruntime" in first.text) == ("problem", True)
    assert "MindSpore is not usable" in second.text
