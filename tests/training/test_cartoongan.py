"""A training of CartoonGAN with PyTorch: what its discriminator refuses, and going on exactly where it was stopped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

import senga.plugins.animegan  # noqa: E402
from senga.neural.checkpoints import read_checkpoint  # noqa: E402
from senga.neural.training.perceptual import shipped_encoder  # noqa: E402
from senga.plugins.cartoongan.network import network_of, to_senga  # noqa: E402
from training.cartoongan import LossWeights, Trainer, blurred_edges, light, options_from, train  # noqa: E402
from training.data import Pairs, Panels, to_tensor  # noqa: E402
from training.weights import load_generator  # noqa: E402


def shipped(style: str) -> Path:
    """The weights of a style that comes with Senga."""
    return Path(senga.plugins.animegan.__file__).with_name("weights") / f"{style}.safetensors"


def run(folders: Path, stopped: Any, out: str, stop: int | None = None) -> dict[str, Any]:
    """Four steps, the last two with the discriminator, or until some were taken; the weights in the end."""
    (folders / out).mkdir(exist_ok=True)
    words = ["--pairs", "x", "--style", "x", "--held", "x", "--out", str(folders / out), "--steps", "4"]
    options = options_from([*words, "--start-steps", "2", "--every", "1", "--pixels", "16384"])
    torch.manual_seed(0)
    trainer = Trainer(light(0.125), shipped_encoder(), LossWeights())
    stopped(trainer, stop, lambda: train(trainer, Pairs(folders / "pairs"), Panels(folders / "style"), [], options))
    return dict(trainer.network.state_dict())


def test_it_goes_on_exactly_where_it_was_stopped(folders: Path, stopped: Any) -> None:
    torch.set_num_threads(1)
    whole = run(folders, stopped, "whole")
    run(folders, stopped, "parts", stop=3)
    found = run(folders, stopped, "parts")
    for name, value in whole.items():
        assert torch.equal(value, found[name]), name


def test_what_it_writes_is_a_style_of_the_family(folders: Path, stopped: Any) -> None:
    run(folders, stopped, "run")
    written = folders / "run" / "step-00004.safetensors"
    read = to_senga(read_checkpoint(written))
    assert read.card["architecture"] == "cartoongan-light"
    network_of(read.card).check(read.arrays)
    again = Trainer(load_generator(written), shipped_encoder(), LossWeights())
    assert again.sees_contrast


def test_it_starts_from_a_style_of_the_other_family(folders: Path) -> None:
    start = shipped("painted-comic")
    trainer = Trainer(load_generator(start), shipped_encoder(), LossWeights())
    assert not trainer.sees_contrast
    photo, target = Pairs(folders / "pairs").batch(1, 32)
    figures = trainer.step(photo, target, target, 0.0, False)
    assert figures["adversarial"] > 0
    trainer.save(folders / "after.safetensors")
    before, after = (load_generator(each).state_dict() for each in (start, folders / "after.safetensors"))
    assert any(not torch.equal(before[name], after[name]) for name in before)


def test_blurred_edges_are_blurred_and_the_rest_is_as_it_was() -> None:
    drawing = np.full((64, 64, 3), 60, np.uint8)
    cv2.rectangle(drawing, (32, 0), (64, 64), (220, 120, 40), -1)
    before = to_tensor([drawing])
    after = blurred_edges(before)
    changed = (after - before).abs().amax((0, 1, 2))
    assert (changed[31:33] > 0.1).all()
    assert (changed[:28] == 0).all()
    assert (changed[37:] == 0).all()


def test_the_discriminator_learns_to_refuse_blurred_edges() -> None:
    torch.manual_seed(0)
    trainer = Trainer(light(0.125), shipped_encoder(), LossWeights())
    rng = np.random.default_rng(0)
    drawing = np.kron(rng.integers(0, 255, (8, 8, 3)), np.ones((8, 8, 1))).astype(np.uint8)
    style = to_tensor([drawing])
    for _ in range(12):
        trainer._step_judge(torch.zeros_like(style), style)
    with torch.no_grad():
        genuine, blurred = (float(trainer.judges(x).mean()) for x in (style, blurred_edges(style)))
    assert genuine > blurred + 0.1
