"""A training of portraits with PyTorch: going on exactly where it was stopped, and what it writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from senga.job import Job  # noqa: E402
from senga.neural.checkpoints import read_checkpoint  # noqa: E402
from senga.neural.engine import run as run_engine  # noqa: E402
from senga.neural.training.initial import first_weights  # noqa: E402
from senga.neural.training.perceptual import shipped_encoder  # noqa: E402
from senga.plugins.portrait_patches.network import generator, network_of, to_senga  # noqa: E402
from senga.plugins.portrait_patches.presets import PRESETS  # noqa: E402
from training.module import NetworkModule  # noqa: E402
from training.patches import TEXTURED, LossWeights, Painted, Trainer, options_from, texture_loss, train  # noqa: E402
from training.pictures import write_rgb  # noqa: E402


@pytest.fixture
def halves(tmp_path: Path) -> tuple[Path, Path]:
    rng = np.random.default_rng(0)
    found = tmp_path / "photos", tmp_path / "painted"
    for folder in found:
        folder.mkdir()
    for name in ("a.png", "b.png"):
        photo = rng.integers(0, 255, (60, 60, 3)).astype(np.uint8)
        for folder, picture in zip(found, (photo, 255 - photo), strict=True):
            write_rgb(folder / name, picture)
    return found


def run(halves: tuple[Path, Path], out: Path, stopped: Any, stop: int | None = None) -> dict[str, Any]:
    """Four steps, the last two with the discriminator, or until some were taken; the weights in the end."""
    out.mkdir(exist_ok=True)
    words = ["--photos", "x", "--held", "x", "--out", str(out), "--steps", "4", "--start-steps", "2", "--every", "1"]
    options = options_from([*words, "--size", "48"])
    preset = PRESETS["own"].model_copy(update={"width": 0.25, "blocks": 1, "channels": 4})
    torch.manual_seed(0)
    pairs = Painted(*halves, 0.06)
    trainer = Trainer(preset, shipped_encoder(), LossWeights(), pairs.painted)
    stopped(trainer, stop, lambda: train(trainer, pairs, [], options))
    return dict(trainer.network.state_dict())


def test_it_goes_on_exactly_where_it_was_stopped(halves: tuple[Path, Path], tmp_path: Path, stopped: Any) -> None:
    torch.set_num_threads(1)
    whole = run(halves, tmp_path / "whole", stopped)
    run(halves, tmp_path / "parts", stopped, stop=3)
    found = run(halves, tmp_path / "parts", stopped)
    for name, value in whole.items():
        assert torch.equal(value, found[name]), name


def test_what_it_writes_is_a_style_of_the_family(halves: tuple[Path, Path], tmp_path: Path, stopped: Any) -> None:
    run(halves, tmp_path / "run", stopped)
    read = to_senga(read_checkpoint(tmp_path / "run" / "step-00004.safetensors"))
    assert dict(read.card) == {
        "architecture": "patches",
        "width": "0.25",
        "blocks": "1",
        "face": "112",
        "grain": "0.06",
    }
    network_of(read.card).check(read.arrays)


def test_both_halves_are_cropped_alike_and_photographs_alone_stand_in_other_light(halves: tuple[Path, Path]) -> None:
    photo, target = Painted(*halves).batch(6, 32)
    one, other = (x.flatten(1) - x.flatten(1).mean(1, keepdim=True) for x in (photo, target))
    alike = (one * other).sum(1) / (one.norm(dim=1) * other.norm(dim=1))
    assert (alike < -0.95).all()
    assert (photo + target).abs().mean() > 0.02


def test_grain_comes_from_elsewhere_each_time(halves: tuple[Path, Path]) -> None:
    plain, grainy = (Painted(*halves, amount).batch(2, 32) for amount in (0.0, 0.1))
    assert torch.equal(plain[1], grainy[1])
    grain = (grainy[0] - plain[0] * 0.8).clamp(-0.4, 0.4)
    assert 0.1 < grain.std() < 0.3
    assert not torch.allclose(grain[0], grain[1], atol=0.1)


def test_textures_are_compared_wherever_in_a_tile_they_lie() -> None:
    noise = torch.from_numpy(np.random.default_rng(0).normal(size=(1, 3, 64, 64)).astype(np.float32))
    one, shifted, smooth = (dict.fromkeys(TEXTURED, each) for each in (noise, noise.roll(3, 3), noise * 0.3))
    assert texture_loss(one, one) == 0
    assert texture_loss(shifted, one) < 0.5 * texture_loss(smooth, one)
    moved = {tap: each.roll(32, 3) + torch.linspace(0, 2, 64) for tap, each in one.items()}
    assert texture_loss(moved, one) > texture_loss(shifted, one), "but in which tile does count"


def test_it_begins_with_weights_of_an_earlier_training(halves: tuple[Path, Path], tmp_path: Path, stopped: Any) -> None:
    run(halves, tmp_path / "run", stopped)
    preset = PRESETS["own"].model_copy(update={"width": 0.25, "blocks": 1, "channels": 4})
    start = tmp_path / "run" / "step-00004.safetensors"
    weights = Trainer(preset, shipped_encoder(), LossWeights(), Painted(*halves).painted, start).network.state_dict()
    known = read_checkpoint(start).arrays
    assert all(np.array_equal(weights[name].numpy(), array) for name, array in known.items())


def test_pytorch_and_the_engine_compute_the_same() -> None:
    network = generator(0.25, 1)
    weights = first_weights(network, "he", 1)
    x = np.random.default_rng(2).uniform(-0.9, 0.9, (1, 3, 24, 36)).astype(np.float32)
    with torch.no_grad():
        theirs = NetworkModule(network, weights).eval()(torch.from_numpy(x)).numpy()[0]
    ours = run_engine(network, weights, (x[0].transpose(1, 2, 0) + 1) / 2, Job(threads=1))
    np.testing.assert_allclose(ours.transpose(2, 0, 1) * 2 - 1, theirs, atol=2e-3)
    assert theirs.std() > 0.1
