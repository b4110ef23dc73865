"""The training of suggestions with PyTorch: its loss, going on exactly, and what it writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from senga.job import Job  # noqa: E402
from senga.neural.checkpoints import read_checkpoint  # noqa: E402
from senga.neural.engine import evaluate  # noqa: E402
from senga.plugins.colorize.suggestion_network import network_of, to_senga  # noqa: E402
from training.sgru import Drawings, Eye, Trainer, diversity, options_from, pictures_of, split, train  # noqa: E402

from .circles import check_going_on, some_pairs  # noqa: E402


def run(out: Path, stopped: Any, stop: int | None = None) -> dict[str, Any]:
    out.mkdir(exist_ok=True)
    words = ["--pairs", "x", "--out", str(out), "--steps", "4", "--every", "1", "--batch", "1", "--size", "64"]
    options = options_from(words)
    torch.manual_seed(0)
    trainer = Trainer(0.1, Eye(None, 2, half=True))
    learned, held = split(some_pairs(18))
    assert len(held) == 2
    stopped(trainer, stop, lambda: train(trainer, Drawings(learned), held, options))
    return dict(trainer.network.state_dict())


def test_it_goes_on_exactly_where_it_was_stopped(tmp_path: Path, stopped: Any) -> None:
    check_going_on(run, tmp_path, stopped)
    read = to_senga(read_checkpoint(tmp_path / "parts" / "step-00004.safetensors"))
    assert dict(read.card) == {"architecture": "sgru", "width": "0.1"}
    lines = np.random.default_rng(0).uniform(0, 255, (32, 32, 1)).astype(np.float32)
    trainer = Trainer(0.1, Eye())
    trainer.network.load_state_dict(
        {name: torch.from_numpy(np.array(each, np.float32)) for name, each in read.arrays.items()}
    )
    with torch.inference_mode():
        theirs = trainer.network(torch.from_numpy(lines).permute(2, 0, 1)[None])[0].permute(1, 2, 0).numpy()
    ours = evaluate(network_of(read.card), read.arrays, {"photo": lines}, Job())["pictures"]
    assert np.abs(ours - theirs).max() < 1e-4 * max(1, np.abs(theirs).max())


def test_the_best_counts_and_a_little_the_mean() -> None:
    off = torch.tensor([[3.0, 1.0, 5.0], [4.0, 9.0, 2.0]])
    assert diversity(off, 0.001).item() == pytest.approx(np.mean([0.999 * 1 + 0.001 * 3, 0.999 * 2 + 0.001 * 5]))


def test_distances_are_those_of_colours_and_of_features_where_pixels_count() -> None:
    rng, eye = np.random.default_rng(0), Eye()
    made = torch.from_numpy(rng.uniform(-1, 1, (2, 27, 32, 32)).astype(np.float32))
    real = torch.from_numpy(rng.uniform(-1, 1, (2, 3, 32, 32)).astype(np.float32))
    counts = torch.from_numpy(rng.uniform(0, 1, (2, 1, 32, 32)).astype(np.float32))
    eye.calibrate(real)
    found = eye(pictures_of(made), real, counts).numpy()
    picture = np.stack([made[1, 4].numpy(), made[1, 13].numpy(), made[1, 22].numpy()])
    wanted = 0.88 * 127.5 * (counts[1].numpy() * np.abs(picture - real[1].numpy())).mean()
    layers = {"conv1_2": 0.79, "conv2_2": 0.63, "conv3_2": 0.51, "conv4_2": 0.39, "conv5_1": 1.07}
    theirs, every = eye.seen(torch.from_numpy(picture)[None]), eye.seen(real)
    assert set(theirs) == set(layers)
    for tap, weight in layers.items():
        level = 50 / np.abs(every[tap].numpy()).mean()
        fold = 32 // theirs[tap].shape[2]
        here = counts[1, 0].numpy().reshape(32 // fold, fold, 32 // fold, fold).mean((1, 3))
        wanted += weight * level * (here * np.abs(theirs[tap][0].numpy() - every[tap][1].numpy())).mean()
    assert found.shape == (2, 9)
    assert found[1, 4] == pytest.approx(wanted, rel=1e-4)
