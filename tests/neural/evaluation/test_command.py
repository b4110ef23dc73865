"""``senga evaluate`` as a user meets it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import numpy as np
import PIL.Image
import pytest
from safetensors.numpy import save_file

from senga.host_adapters.standalone import app, evaluate
from senga.job import Device, Engine
from senga.testing import sample

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs ``senga evaluate`` in this process: exit code, standard output, standard error."""

    def call(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["senga", "evaluate", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            app.main()
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out, told.err

    return call


@pytest.fixture(scope="module")
def weights(inception_weights: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "inception.safetensors"
    save_file(inception_weights, path)
    return path


@pytest.mark.needs_mindspore
def test_set_measures_in_words_and_in_json(run: Run, folder: Callable[..., Path], weights: Path) -> None:
    real, generated = folder("real", 2, seed=1), folder("generated", 3, seed=2)
    code, out, err = run("fid", real, generated, "--weights", weights, "--batch", 2)
    assert (code, err.count("\n")) == (0, 1)
    assert out.startswith("FID ")
    assert out.endswith("(2 real, 3 generated; torch-fidelity)\n")
    assert "compare it only between sets of the same size" in err
    code, out, err = run("kid", real, generated, "--weights", weights, "--json", "--convention", "pytorch-fid")
    facts = json.loads(out)
    assert (code, err) == (0, "")
    assert (facts["measure"], facts["real"], facts["generated"], facts["convention"]) == ("kid", 2, 3, "pytorch-fid")
    assert facts["spread"] is None  # two pictures have no jackknife, and JSON has no NaN
    code, out, _ = run("is", real, "--weights", weights, "--splits", 1)
    assert code == 0
    assert 1 <= float(out.split()[1]) <= 2


def test_what_the_user_can_mend_is_one_sentence(run: Run, folder: Callable[..., Path], tmp_path: Path) -> None:
    real = folder("real", 2)
    for words, code, sentence in (
        (("fid", real, tmp_path / "nowhere"), 1, "does not exist"),
        (("fid", real, real), 1, "needs the InceptionV3 weights of FID: download https://"),
        (("kid", real, real, "--weights", tmp_path / "gone.pth"), 1, "gone.pth"),
        (("is", real, "--weights", real / "000.png"), 1, "000.png"),
        (("style", real, tmp_path), 1, "holds no picture"),
        (("style", real, folder("other", 2), "--weights", real / "000.png"), 1, "000.png"),
        (("style", real, real, "--size", 3), 2, "--size"),
        (("fid", real), 2, "Missing argument"),
        (("nonsense",), 2, "No such command"),
    ):
        found, out, err = run(*words)
        assert (found, out) == (code, "")
        assert sentence in err
        assert "Traceback" not in err


@pytest.fixture
def drawings(tmp_path: Path) -> tuple[Path, Path]:
    photos, drawn = tmp_path / "photos", tmp_path / "drawn"
    for place in (photos, drawn):
        place.mkdir()
    for name, side in (("lake", 50), ("tree", 64)):
        pixels = sample(side, side).u8()
        PIL.Image.fromarray(pixels).save(photos / f"{name}.png")
        PIL.Image.fromarray(pixels // 2 + 64).save(drawn / f"{name}-anime.png")
    return photos, drawn


def test_style_prints_a_table(run: Run, drawings: tuple[Path, Path]) -> None:
    code, out, err = run("style", *drawings)
    rows = [line.split("\t") for line in out.splitlines()]
    assert (code, err) == (0, "")
    assert [row[0] for row in rows] == ["picture", "lake-anime.png", "tree-anime.png", "mean"]
    assert len({len(row) for row in rows}) == 1
    assert "lpips" not in rows[0]
    assert float(rows[3][rows[0].index("contrast")]) == pytest.approx(0.5, abs=0.1)


@pytest.mark.needs_mindspore
def test_style_in_json_with_lpips(run: Run, drawings: tuple[Path, Path], lpips_weights: Any, tmp_path: Path) -> None:
    np.savez(tmp_path / "lpips.npz", **lpips_weights)
    code, out, err = run("style", *drawings, "--json", "--weights", tmp_path / "lpips.npz")
    facts = json.loads(out)
    assert (code, err) == (0, "")
    assert [each["picture"] for each in facts["pictures"]] == ["lake-anime.png", "tree-anime.png"]
    assert facts["mean"]["lpips"] == pytest.approx(np.mean([each["lpips"] for each in facts["pictures"]]))
    assert facts["mean"]["lpips"] > 0


def test_what_it_runs_on_is_chosen_as_for_painting() -> None:
    assert get_args(Device) == evaluate.DEVICES
    assert get_args(Engine) == evaluate.ENGINES


def test_help_and_its_import_are_light() -> None:
    import subprocess

    program = (
        "import sys; from senga.host_adapters.standalone import evaluate; "
        "heavy = {'mindspore', 'cv2', 'numpy', 'rich'} & set(sys.modules); sys.exit(f'{heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
