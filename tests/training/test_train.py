from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the mirror needs PyTorch")

from senga.neural.networks.vgg import layers  # noqa: E402
from training.data import Pairs, Panels  # noqa: E402 - needs torch
from training.network import Generator  # noqa: E402
from training.pictures import write_rgb  # noqa: E402
from training.train import LossWeights, Trainer, train  # noqa: E402
from training.weights import load_generator  # noqa: E402


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """Two pairs, two panels and a tiny encoder."""
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        for folder, ending in (("pairs", ".photo.png"), ("pairs", ".target.png"), ("panels", ".png")):
            (tmp_path / folder).mkdir(exist_ok=True)
            write_rgb(tmp_path / folder / f"{name}{ending}", rng.integers(0, 255, (48, 40, 3), np.uint8))
    generator, state, channels = torch.Generator().manual_seed(1), {}, 3
    for name in ("conv0", *(layer.replace("_", "") for layer in layers()[:9])):
        inputs, channels = channels, 3 if name == "conv0" else 4
        kernel = 1 if name == "conv0" else 3
        state[f"{name}.weight"] = torch.randn(channels, inputs, kernel, kernel, generator=generator)
        state[f"{name}.bias"] = torch.zeros(channels)
    torch.save(state, tmp_path / "encoder.pth")
    return tmp_path


def train_to(folders: Path, out: Path, steps: int, *, stop: int | None = None) -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    out.mkdir(exist_ok=True)
    trainer = Trainer(Generator.near_identity(0.125), folders / "encoder.pth", LossWeights(), "cpu")
    trainer_step = trainer.step

    def step(*given: torch.Tensor | float) -> dict[str, float]:
        if trainer.steps == stop:
            raise KeyboardInterrupt
        return trainer_step(*given)

    trainer.step = step
    train(trainer, Pairs(folders / "pairs"), Panels(folders / "panels"), out, steps, 2, 160**2)
    return load_generator(out / f"step-{steps:05d}.safetensors").state_dict()


def test_a_stopped_training_ends_as_an_uninterrupted_one(folders: Path) -> None:
    whole = train_to(folders, folders / "whole", 5)
    with pytest.raises(KeyboardInterrupt):
        train_to(folders, folders / "halves", 5, stop=3)
    resumed = train_to(folders, folders / "halves", 5)
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
    start = Generator.near_identity(0.125).state_dict()
    assert any(not torch.allclose(whole[name], start[name].half().float()) for name in whole)
