"""The training of colours from hints with PyTorch: its losses, going on exactly, what it writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from senga.job import Job  # noqa: E402
from senga.neural.checkpoints import read_checkpoint  # noqa: E402
from senga.neural.engine import evaluate  # noqa: E402
from senga.plugins.colorize.hint_network import network_of, to_senga  # noqa: E402
from training.colour_hints import Drawings, Trainer, options_from, split, train  # noqa: E402

from .circles import check_going_on, some_pairs  # noqa: E402


def run(out: Path, stopped: Any, stop: int | None = None) -> dict[str, Any]:
    out.mkdir(exist_ok=True)
    words = ["--pairs", "x", "--out", str(out), "--steps", "4", "--every", "1", "--batch", "2", "--size", "32"]
    options = options_from([*words, "--sheets", "4", "--width", "2"])
    torch.manual_seed(0)
    trainer = Trainer(options.width)
    learned, held = split(some_pairs(10))
    stopped(trainer, stop, lambda: train(trainer, Drawings(learned), held, options))
    return dict(trainer.network.state_dict()) | {f"judge.{k}": v for k, v in trainer.judge.state_dict().items()}


def test_it_goes_on_exactly_where_it_was_stopped(tmp_path: Path, stopped: Any) -> None:
    check_going_on(run, tmp_path, stopped)


def test_what_it_writes_is_a_network_of_the_family(tmp_path: Path, stopped: Any) -> None:
    run(tmp_path / "run", stopped)
    read = to_senga(read_checkpoint(tmp_path / "run" / "step-00004.safetensors"))
    assert dict(read.card) == {"architecture": "hint-painter", "width": "2"}
    planes = np.random.default_rng(0).uniform(-1, 1, (32, 48, 5)).astype(np.float32)
    weights = {name: np.asarray(value, np.float32) for name, value in read.arrays.items()}
    ours = evaluate(network_of(read.card), weights, {"photo": planes}, Job())
    assert next(iter(ours.values())).shape == (32, 48, 3)


def test_losses_are_those_of_numpy() -> None:
    trainer = Trainer(2)
    rng = np.random.default_rng(0)
    seen, made, colours = (rng.uniform(-1, 1, (2, c, 32, 32)).astype(np.float32) for c in (5, 3, 3))
    given = [torch.from_numpy(each) for each in (seen, made, colours)]
    with torch.inference_mode():
        parts = {name: float(part) for name, part in trainer.parts(*given).items()}
        verdict = trainer.judge(torch.cat([given[1], given[0][:, :1]], 1)).numpy()
        features = [{k: v.numpy() for k, v in trainer.features(each).items()} for each in given[1:]]
    yuv = np.array([(0.299, 0.587, 0.114), (-0.14714119, -0.28886916, 0.43601035), (0.61497538, -0.51496512, -0.1)])
    away = np.abs(np.einsum("ij,njhw->nihw", yuv, (made - colours) / 2.0)).mean((0, 2, 3))
    assert parts["colour"] == pytest.approx(10 * (away[0] + 1.5 * (away[1] + away[2])), rel=1e-3)
    near = [
        np.abs(features[0][k] - features[1][k]).mean() / np.abs(features[1][k]).mean() for k in ("relu3_1", "relu4_1")
    ]
    assert parts["content"] == pytest.approx(float(np.mean(near)), rel=0.02), "features are computed in bfloat16"
    assert parts["fooled"] == pytest.approx(0.1 * float(np.square(verdict - 1).mean()), rel=0.02)


def test_the_first_of_seventeen_drawings_is_held_back() -> None:
    pairs = some_pairs(3) * 12
    learned, held = split(pairs)
    assert (len(learned), len(held)) == (33, 3)
    assert held[1] is pairs[17]
