"""The training of `any-style`: what is measured and asked, and going on exactly where it was stopped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from senga.job import Job  # noqa: E402
from senga.neural.checkpoints import read_checkpoint  # noqa: E402
from senga.neural.engine import evaluate  # noqa: E402
from senga.neural.networks.any_style import MANNER, STYLE, observer  # noqa: E402
from senga.plugins.any_style.network import network_of, to_senga  # noqa: E402
from training import any_style, manners  # noqa: E402
from training.any_style import Artist, beginning, cast_distance, options_from, tamed, train  # noqa: E402
from training.cin import Photos  # noqa: E402
from training.manners import NUMBERS, Eyes, Reader, covariance  # noqa: E402
from training.pictures import list_pictures  # noqa: E402


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Paintings in small sizes."""
    monkeypatch.setattr(manners, "SHORT", (40, 60))
    monkeypatch.setattr(any_style, "SHOWN", 48)
    monkeypatch.setattr(any_style, "_SIDE", 48)
    torch.set_num_threads(1)


def run(folders: Path, stopped: Any, out: str, stop: int | None = None) -> dict[str, Any]:
    """Four steps, or until some were taken; the weights in the end."""
    (folders / out).mkdir(exist_ok=True)
    words = ["--photos", str(folders / "style"), "--styles", str(folders / "pairs"), "--out", str(folders / out)]
    shown = ["--held", str(folders / "style"), "--shown", str(folders / "pairs")]
    options = options_from([*words, *shown, "--steps", "4", "--every", "1", "--batch", "2", "--size", "32"])
    torch.manual_seed(0)
    trainer = beginning(options)
    stopped(trainer, stop, lambda: train(trainer, Photos(list_pictures(folders / "style"), 32), options))
    return dict(trainer.network.state_dict())


def test_it_goes_on_exactly_where_it_was_stopped(folders: Path, stopped: Any) -> None:
    whole = run(folders, stopped, "whole")
    run(folders, stopped, "parts", stop=3)
    found = run(folders, stopped, "parts")
    for name, value in whole.items():
        assert torch.equal(value, found[name]), name


def test_what_it_writes_reads_the_manner_that_was_learned(folders: Path, stopped: Any) -> None:
    """The file is a network of the family; its observer finds what the training's reader finds."""
    state = run(folders, stopped, "run")
    read = to_senga(read_checkpoint(folders / "run" / "step-00004.safetensors"))
    network_of(read.card).check(read.arrays)
    photo = np.random.default_rng(0).random((48, 64, 3), np.float32) * 2 - 1
    weights = {name: read.arrays[name] for name in observer().parameters}
    found = evaluate(observer(), weights, {"photo": photo}, Job())
    eyes, artist = Eyes(), Artist()
    artist.load_state_dict(torch.load(folders / "run" / "checkpoint.pt", weights_only=True)["parts"][1])
    assert set(state) == set(artist.state_dict())
    statistics = eyes.statistics(torch.from_numpy(photo).permute(2, 0, 1)[None])
    wanted = artist.reader(statistics)[0].detach().numpy()
    assert np.abs(wanted).max() > 0.05, "the check cannot fail"
    assert set(found) == set(STYLE)
    assert np.allclose(found["manner"], wanted, atol=0.02 * np.abs(wanted).max())
    assert np.allclose(found["mean0"], photo.mean((0, 1)), atol=1e-4)


def test_known_styles_begin_as_numbers_of_the_manner() -> None:
    torch.manual_seed(0)
    every = torch.randn(12, NUMBERS) + 3
    reader = Reader()
    reader.measure(every)
    reader.learn(every[:3], torch.eye(3), every, steps=60)
    known = reader(every)[:3, :3].detach()
    assert known.shape == (3, 3)
    assert reader(every).shape[1] == MANNER
    assert np.allclose(known.numpy(), np.eye(3), atol=0.2)


def test_colours_that_go_together_as_wanted_are_no_distance() -> None:
    x = torch.rand(2, 3, 24, 24) - 0.5
    grey = x[:, :1].expand(-1, 3, -1, -1)
    assert float(cast_distance(x, covariance(x)).max()) < 1e-6
    assert float(cast_distance(x, covariance(grey)).min()) > 0.5


def test_large_distances_count_less() -> None:
    near, far, farther = (float(tamed(torch.tensor(each))) for each in (0.01, 1.0, 10.0))
    assert near == pytest.approx(0.01, rel=0.05)
    assert near < far < farther < 1
