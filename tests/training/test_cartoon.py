"""A training of White-box with PyTorch goes on exactly where it was stopped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from senga.neural.training.perceptual import shipped_encoder  # noqa: E402
from training.cartoon import LossWeights, Trainer, options_from, structure_of, train  # noqa: E402
from training.data import Pairs, Panels  # noqa: E402


def run(folders: Path, stopped: Any, out: str, stop: int | None = None) -> dict[str, Any]:
    """Four steps, the last two with judges, or until some were taken; the weights in the end."""
    (folders / out).mkdir(exist_ok=True)
    words = ["--photos", "x", "--style", "x", "--held", "x", "--out", str(folders / out), "--steps", "4"]
    options = options_from([*words, "--start-steps", "2", "--every", "1", "--sheets", "9", "--pixels", "16384"])
    torch.manual_seed(0)
    trainer = Trainer(8, shipped_encoder(), LossWeights())
    sets = {"scenery": (Pairs(folders / "pairs"), Panels(folders / "style"))}
    stopped(trainer, stop, lambda: train(trainer, sets, [], options))
    return dict(trainer.network.state_dict())


def test_it_goes_on_exactly_where_it_was_stopped(folders: Path, stopped: Any) -> None:
    torch.set_num_threads(1)
    whole = run(folders, stopped, "whole")
    run(folders, stopped, "parts", stop=3)
    found = run(folders, stopped, "parts")
    for name, value in whole.items():
        assert torch.equal(value, found[name]), name


def test_structure_is_flat_patches() -> None:
    noise = torch.rand(1, 3, 48, 48, generator=torch.Generator().manual_seed(0)) * 2 - 1
    flat = structure_of(noise)
    assert flat.shape == noise.shape
    assert len(torch.unique(flat)) < 0.1 * flat.numel()
