"""The training of `any-style`: what its losses say, and going on exactly where it was stopped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from senga.neural.checkpoints import read_checkpoint  # noqa: E402
from senga.neural.training.perceptual import shipped_encoder  # noqa: E402
from senga.plugins.any_style.network import network_of, to_senga  # noqa: E402
from training import adain  # noqa: E402
from training.adain import Crops, Features, LossWeights, Trainer, band_loss, moments, options_from, recoloured, train  # noqa: E402


@pytest.fixture(autouse=True)
def from_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two steps for the colours, so that four see everything."""
    monkeypatch.setattr(adain, "START", 2)
    torch.set_num_threads(1)


def run(folders: Path, stopped: Any, out: str, stop: int | None = None) -> dict[str, Any]:
    """Four steps, or until some were taken; the weights in the end."""
    (folders / out).mkdir(exist_ok=True)
    words = ["--photos", str(folders / "style"), "--styles", str(folders / "pairs"), "--out", str(folders / out)]
    shown = ["--held", str(folders / "style"), "--shown", str(folders / "pairs")]
    options = options_from([*words, *shown, "--steps", "4", "--every", "1", "--count", "2", "--side", "32"])
    torch.manual_seed(0)
    trainer = Trainer(Features(shipped_encoder()), LossWeights())
    crops = [
        Crops(adain.list_pictures(folders / name), (1, 2), 0.5, seed) for seed, name in enumerate(("style", "pairs"))
    ]
    stopped(trainer, stop, lambda: train(trainer, *crops, options))
    return dict(trainer.network.state_dict())


def test_it_goes_on_exactly_where_it_was_stopped(folders: Path, stopped: Any) -> None:
    whole = run(folders, stopped, "whole")
    run(folders, stopped, "parts", stop=3)
    found = run(folders, stopped, "parts")
    for name, value in whole.items():
        assert torch.equal(value, found[name]), name


def test_what_it_writes_is_a_network_of_the_family(folders: Path, stopped: Any) -> None:
    run(folders, stopped, "run")
    read = to_senga(read_checkpoint(folders / "run" / "step-00004.safetensors"))
    network_of(read.card).check(read.arrays)


def test_losses_fall_from_another_style_to_the_same() -> None:
    trainer = Trainer(Features(shipped_encoder()), LossWeights())
    generator = torch.Generator().manual_seed(0)
    x, y = (torch.rand(2, 3, 64, 64, generator=generator) * high - 1 for high in (2.0, 0.8))
    own, other = trainer.see(x), trainer.see(y)
    same, apart = trainer.losses(own, own, own), trainer.losses(own, own, other)
    assert float(same["content"]) < 1e-6
    assert all(float(apart[name]) > 5 * float(same[name]) for name in ("style", "gram"))
    assert float(band_loss(x, x)) < 1e-6 < float(band_loss(x, y))


def test_recoloured_photographs_have_the_colours_of_the_style() -> None:
    x, y = (torch.rand(1, 3, 40, 40) * width - width / 2 for width in (1.0, 0.4))
    y = y + torch.tensor([0.3, 0.0, -0.2])[:, None, None]
    (spread, mean), (wanted, middle) = moments(recoloured(x, y)), moments(y)
    assert np.allclose(mean.numpy(), middle.numpy(), atol=0.01)
    assert np.allclose(spread.numpy(), wanted.numpy(), rtol=0.1)
