"""A training of one network for many styles: going on exactly, what it writes, and styles that join it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from senga.neural.checkpoints import read_checkpoint  # noqa: E402
from senga.neural.networks.johnson import Shape  # noqa: E402
from senga.neural.training.perceptual import shipped_encoder  # noqa: E402
from senga.plugins.fast_style.network import network_of, to_cin  # noqa: E402
from senga.store.several import picked  # noqa: E402
from training.cin import Photos, Trainer, options_from, train  # noqa: E402
from training.joining import Known, columns, rows  # noqa: E402
from training.styles import Features, Painting, content_distance, marks, paintings_in, style_distance, tone_distance  # noqa: E402

SHAPE = Shape((4, 6, 8), (), 1, 3)


def painting(root: Path, name: str, seed: int) -> Painting:
    """A painting of coarse cells."""
    cells = np.random.default_rng(seed).integers(0, 255, (12, 15, 3), np.uint8)
    path = root / f"{name}.png"
    cv2.imwrite(str(path), cv2.resize(cells, (75, 60), interpolation=cv2.INTER_NEAREST))
    return Painting(name, path, 48)


def run(root: Path, stopped: Any, out: str, names: str, stop: int | None = None, join: Path | None = None) -> Trainer:
    """Three steps of two crops, or until some were taken."""
    paintings = [painting(root, name, ord(name)) for name in names]
    (root / out).mkdir(exist_ok=True)
    words = ["--styles", "x", "--photos", "x", "--held", "x", "--out", str(root / out), "--steps", "3"]
    options = options_from([*words, "--every", "1", "--look", "3", "--batch", "2"])
    torch.manual_seed(0)
    known = Known.read(join) if join else None
    trainer = Trainer(SHAPE, paintings, shipped_encoder(), 0.7, known)
    photos = Photos([each.picture for each in paintings], 32)
    stopped(trainer, stop, lambda: train(trainer, photos, [paintings[0].read()[:32, :32]], options))
    return trainer


def test_it_goes_on_exactly_where_it_was_stopped(tmp_path: Path, stopped: Any) -> None:
    torch.set_num_threads(1)
    whole = run(tmp_path, stopped, "whole", "abc")
    run(tmp_path, stopped, "parts", "abc", stop=2)
    found = run(tmp_path, stopped, "parts", "abc")
    assert torch.equal(whole.style_weights, found.style_weights)
    for name, value in whole.network.state_dict().items():
        assert torch.equal(value, found.network.state_dict()[name]), name


def test_styles_that_join_leave_the_others_as_they_are(tmp_path: Path, stopped: Any) -> None:
    torch.set_num_threads(1)
    run(tmp_path, stopped, "first", "ab")
    file = tmp_path / "first" / "step-00003.safetensors"
    run(tmp_path, stopped, "second", "c", join=file)
    before, after = (to_cin(read_checkpoint(each)) for each in (file, tmp_path / "second" / "step-00003.safetensors"))
    assert (before.card["styles"], after.card["styles"]) == ("a,b", "a,b,c")
    for name in "ab":
        one, other = picked(before, name), picked(after, name)
        assert all(array.tobytes() == other.arrays[key].tobytes() for key, array in one.arrays.items())
    new, old = picked(after, "c"), picked(after, "a")
    network_of(new.card).check(new.arrays)
    assert any(not np.array_equal(new.arrays[key], old.arrays[key]) for key in new.arrays)


def test_rows_of_files_are_columns_in_training() -> None:
    state = {"a.conv.weight": torch.rand(2, 3), "a.scale.weight": torch.rand(4, 3), "a.shift.weight": torch.rand(4, 3)}
    there = rows(state)
    assert there["each.a.norm.weight"].shape == (3, 4)
    assert all(torch.equal(columns(there)[name], value) for name, value in state.items())


def test_distances_are_none_of_a_picture_to_itself_and_grow_with_change(tmp_path: Path) -> None:
    mine = painting(tmp_path, "a", 1)
    features = Features(shipped_encoder(), [mine.read()])
    x = torch.rand(1, 3, 48, 64) * 2 - 1
    smooth = torch.nn.functional.avg_pool2d(x, 5, 1, 2)
    seen, other = features(x), features(smooth)
    assert float(content_distance(seen, seen)) == 0
    assert float(style_distance(marks(seen), marks(seen))) == 0
    paler = features(x * 0.5)
    assert float(content_distance(paler, seen)) < float(content_distance(other, seen))
    assert float(style_distance(marks(other), marks(seen))) > 0.1


def test_tones_may_be_paler_but_shine_nowhere() -> None:
    photo = torch.nn.functional.avg_pool2d(torch.rand(1, 3, 64, 96), 5, 1, 2) * 2 - 1
    shining = photo.clone()
    shining[:, :, 20:36, 40:56] += 3
    assert float(tone_distance(photo * 0.7 + 0.1, photo)) < 0.05 < 0.5 < float(tone_distance(shining, photo))


def test_a_file_names_paintings(tmp_path: Path) -> None:
    painting(tmp_path, "a", 1)
    text = '[a]\npicture = "a.png"\nshort = 20\ncrop = [0.0, 0.0, 0.5, 1.0]\n[b]\npicture = "a.png"\nshort = 30\n'
    (tmp_path / "styles.toml").write_text(text)
    first, second = paintings_in(tmp_path / "styles.toml")
    assert [each.read().shape for each in (first, second)] == [(32, 20, 3), (30, 38, 3)]
