"""The training of colours by reference with PyTorch: its losses, going on exactly, and what it writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from senga.neural.checkpoints import read_checkpoint  # noqa: E402
from senga.plugins.colorize.references.network import network_of, to_senga  # noqa: E402
from training.colour_reference import (  # noqa: E402
    Drawings,
    OwnEyes,
    Trainer,
    fooled,
    normalised,
    options_from,
    parts_of,
    reduced,
    split,
    told_apart,
    train,
)

from .circles import check_going_on, some_pairs  # noqa: E402


def run(out: Path, stopped: Any, stop: int | None = None) -> dict[str, Any]:
    out.mkdir(exist_ok=True)
    words = ["--pairs", "x", "--out", str(out), "--steps", "4", "--every", "1", "--batch", "2", "--size", "32"]
    options = options_from(words)
    torch.manual_seed(0)
    trainer = Trainer({"width": "0.25"}, OwnEyes(), channels=2)
    learned, held = some_pairs(8)[:6], some_pairs(8)[6:]
    stopped(trainer, stop, lambda: train(trainer, Drawings(learned), held, options))
    state = {f"network.{name}": value for name, value in trainer.network.state_dict().items()}
    return state | {f"critic.{name}": value for name, value in trainer.critic.state_dict().items()}


def test_it_goes_on_exactly_where_it_was_stopped(tmp_path: Path, stopped: Any) -> None:
    check_going_on(run, tmp_path, stopped)


def test_what_it_writes_is_a_network_of_the_family(tmp_path: Path, stopped: Any) -> None:
    run(tmp_path / "run", stopped)
    read = to_senga(read_checkpoint(tmp_path / "run" / "step-00004.safetensors"))
    assert dict(read.card) == {"architecture": "style2paints", "form": "own", "width": "0.25", "features": "611"}
    network_of(read.card).check(read.arrays)
    assert (tmp_path / "run" / "step-00004.png").stat().st_size > 1000


def test_one_drawing_of_seventeen_is_held_back() -> None:
    learned, held = split(range(40))
    assert held == [16, 33]
    assert len(learned) == 38


def test_large_drawings_are_reduced() -> None:
    (pair,) = some_pairs(1)
    assert reduced(pair, 32).fill.shape == (32, 32, 3)
    assert reduced(pair, 80) is pair


@pytest.mark.parametrize("kind", ["squares", "log"])
def test_losses_are_those_of_the_article(kind: str) -> None:
    rng = np.random.default_rng(0)
    painted, guided, colours = rng.uniform(-1, 1, (3, 2, 3, 8, 8))
    grey, wanted = rng.uniform(-1, 1, (2, 1, 8, 8)), rng.uniform(0, 1, (2, 5))
    genuine, made = rng.normal(0, 1, (2, 2, 5))
    real, false = (1 / (1 + np.exp(-each)) for each in (genuine, made))
    paid = {
        "squares": ((genuine - wanted) ** 2).mean() + (made**2).mean(),
        "log": -(np.log(real + 1 - wanted).mean() + np.log(1 - false).mean()),
    }
    gained = {"squares": ((made - wanted) ** 2).mean(), "log": np.log(1 - false).mean()}
    g, m, w = map(torch.from_numpy, (genuine, made, wanted))
    assert told_apart(kind, g, m, w).item() == pytest.approx(paid[kind], rel=1e-4)
    assert fooled(kind, m, w).item() == pytest.approx(gained[kind], rel=1e-4)
    several = [torch.from_numpy(each) for each in (painted, grey, guided)]
    found = {name: part.item() for name, part in parts_of(kind, several, torch.from_numpy(colours), m, w).items()}
    plain = 0.299 * colours[:, 0] + 0.587 * colours[:, 1] + 0.114 * colours[:, 2]
    assert found["colours"] == pytest.approx(np.abs(painted - colours).mean())
    assert found["entry"] == pytest.approx(0.3 * np.abs(grey[:, 0] - plain).mean())
    assert found["exit"] == pytest.approx(0.9 * np.abs(guided - colours).mean())
    assert found["adversarial"] == pytest.approx(0.01 * gained[kind], rel=1e-4)
    assert normalised(torch.tensor([[1.0, 4.0, 2.0]])).tolist() == [[0.25, 1, 0.5]]
