"""An installation without MindSpore, as on Python 3.13, and one without any runtime: imports fail in every process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import senga
from senga import Image, Job
from senga.testing import sample


class Installation:
    """Runs the ``senga`` command where some packages cannot be imported."""

    def __init__(self, folder: Path, lacking: tuple[str, ...]) -> None:
        blocks = "".join(f"sys.modules[{name!r}] = None\n" for name in lacking)
        (folder / "sitecustomize.py").write_text(f"import sys\n{blocks}")
        self.folder = folder
        self.environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONWARNINGS": "error"}

    def senga(self, *words: object) -> subprocess.CompletedProcess[str]:
        code = "from senga.host_adapters.standalone import main\nmain()"
        command = [sys.executable, "-c", code, *map(str, words)]
        return subprocess.run(
            command, capture_output=True, text=True, check=False, cwd=self.folder, env=self.environment, timeout=300
        )


@pytest.fixture
def light(tmp_path: Path) -> Installation:
    return Installation(tmp_path, ("mindspore",))


@pytest.fixture
def bare(tmp_path: Path) -> Installation:
    return Installation(tmp_path, ("mindspore", "onnxruntime", "openvino"))


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    sample(60, 83).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


def test_anime_paints_what_it_paints_with_mindspore(light: Installation, photo: Path) -> None:
    pytest.importorskip("mindspore", reason="MindSpore paints the picture to compare with")
    done = light.senga("run", "anime", photo, "-o", "painted.png")
    assert (done.returncode, done.stderr) == (0, "")
    found = senga.open(light.folder / "painted.png").pixels.astype(int)
    expected = senga.apply("anime", senga.open(photo), job=Job(engine="mindspore"))
    assert isinstance(expected, Image)
    assert np.abs(found - expected.pixels.astype(int)).max() <= 1


def test_drawings_lists_and_exports_work(bare: Installation, photo: Path) -> None:
    for words in (
        ("run", "sketch", photo, "-o", "drawn.png"),
        ("list",),
        ("models", "list"),
        ("models", "export", "hokusai", "-o", "style.onnx"),
        ("models", "import", "style.onnx", "--name", "mine"),
    ):
        done = bare.senga(*words)
        assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    assert (bare.folder / "drawn.png").exists()


def test_without_a_runtime_anime_names_what_to_install(bare: Installation, photo: Path) -> None:
    done = bare.senga("run", "anime", photo, "-o", "painted.png")
    assert done.returncode == 1
    assert 'pip install "senga[fast]"' in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (bare.folder / "painted.png").exists()


def test_training_says_in_a_sentence_what_it_needs(light: Installation) -> None:
    done = light.senga("train", "animegan", "--photos", ".", "--style", ".", "--vgg", "x", "--out", "run")
    assert done.returncode == 1
    assert "need MindSpore" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (light.folder / "run").exists()


def test_the_doctor_knows_what_paints(light: Installation) -> None:
    done = light.senga("doctor", "--json")
    assert done.returncode == 0
    findings = [finding for finding in map(json.loads, done.stdout.splitlines()) if finding["about"] == "Networks"]
    assert [finding["state"] for finding in findings] == ["fine"] * (len(findings) - 1) + ["note"]
    assert "onnxruntime" in findings[-2]["text"]
    assert "painting does not need it" in findings[-1]["text"]


def test_the_doctor_reports_an_installation_that_cannot_paint(bare: Installation) -> None:
    done = bare.senga("doctor", "--json")
    findings = [finding for finding in map(json.loads, done.stdout.splitlines()) if finding["about"] == "Networks"]
    assert (done.returncode, findings[0]["state"]) == (1, "problem")
    assert 'pip install "senga[fast]"' in findings[0]["text"]
