"""A training of drawn faces with PyTorch: its losses, going on exactly where it was stopped, and what it writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from senga.exemplars import gallery  # noqa: E402
from senga.faces import read_faces  # noqa: E402
from senga.faces.alignment import seen  # noqa: E402
from senga.neural.checkpoints import read_checkpoint  # noqa: E402
from senga.plugins.face_drawing.first import beginning  # noqa: E402
from senga.plugins.face_drawing.network import SIDE, Shape, generator  # noqa: E402
from senga.plugins.face_drawing.painting import upright  # noqa: E402
from senga.plugins.face_drawing.presets import LossWeights  # noqa: E402
from senga.plugins.face_drawing.published import network_of, to_senga  # noqa: E402
from training import ugatit  # noqa: E402
from training.drawn_faces import Drawings, Twins  # noqa: E402
from training.module import NetworkModule  # noqa: E402
from training.passing import passing  # noqa: E402
from training.pictures import write_rgb  # noqa: E402
from training.twins import twin  # noqa: E402
from training.ugatit import Trainer, attentive, options_from, train  # noqa: E402


@pytest.fixture
def material(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(ugatit, "LAYERS", (5, 4))
    rng = np.random.default_rng(0)
    for folder, names in (
        ("pairs", ("a.photo", "a.target", "a.head", "b.photo", "b.target", "b.head")),
        ("drawn", ("a", "b")),
    ):
        (tmp_path / folder).mkdir()
        for name in names:
            write_rgb(tmp_path / folder / f"{name}.png", rng.integers(0, 255, (40, 40, 3)).astype(np.uint8))
    return tmp_path


def run(material: Path, out: str, stopped: Any, stop: int | None = None, cycle: float = 10.0) -> Any:
    """Four steps, of which two are against twins alone, or until some were taken; the trainer in the end."""
    (material / out).mkdir(exist_ok=True)
    words = ["--pairs", str(material / "pairs"), "--drawings", str(material / "drawn"), "--held", "x"]
    words += ["--out", str(material / out), "--steps", "4", "--start-steps", "2", "--every", "1", "--sheets", "4"]
    words += ["--batch", "2", "--size", "32"]
    options = options_from(words)
    torch.manual_seed(0)
    trainer = Trainer(Shape(4, 1), LossWeights(cycle=cycle), 0.5, 4)
    stopped(trainer, stop, lambda: train(trainer, Twins(options.pairs), Drawings(options.drawings), [], options))
    return trainer


@pytest.mark.parametrize("cycle", [10.0, 0.0], ids=["both", "one-sided"])
def test_it_goes_on_exactly_where_it_was_stopped(cycle: float, material: Path, stopped: Any) -> None:
    torch.set_num_threads(1)
    whole = run(material, "whole", stopped, cycle=cycle)
    run(material, "parts", stopped, 3, cycle)
    again = run(material, "parts", stopped, cycle=cycle)
    assert (again.back is None) == (cycle == 0)
    for network, other in ((whole.network, again.network), (whole.judges, again.judges), (whole.back, again.back)):
        for name, value in network.state_dict().items() if network else ():
            assert torch.equal(value, other.state_dict()[name]), name


def test_what_it_writes_is_a_generator_of_the_family(material: Path, stopped: Any) -> None:
    run(material, "run", stopped)
    read = to_senga(read_checkpoint(material / "run" / "step-00004.safetensors"))
    assert read.card["architecture"] == "u-gat-it-light"
    network_of(read.card).check(read.arrays)
    shares = np.concatenate([array for name, array in read.arrays.items() if name.endswith(".rho")])
    assert shares.min() >= 0
    assert shares.max() <= 1


def test_the_losses_of_a_step(material: Path) -> None:
    """What the trainer tells, from the results of the networks in numpy."""
    trainer, rng = Trainer(Shape(4, 1), LossWeights(), 0.0, 4), np.random.default_rng(3)
    photo, drawing = (torch.from_numpy(rng.uniform(-1, 1, (1, 3, 32, 32)).astype(np.float32)) for _ in "ab")
    assert trainer.back is not None
    with torch.no_grad():
        drawn, made = ugatit.painted(trainer.network, photo), ugatit.painted(trainer.back, drawing)
        same, left = ugatit.painted(trainer.network, drawing), ugatit.painted(trainer.back, photo)
        back = (
            ugatit.painted(trainer.back, drawn.picture).picture,
            ugatit.painted(trainer.network, made.picture).picture,
        )
    parts = trainer._unpaired(photo, drawing, drawn, {})
    with torch.no_grad():
        seen = [v for n, j in trainer.judges.items() for v in ugatit._seen(j, (drawn if n[0] == "d" else made).picture)]

    def apart(a: Any, b: Any) -> float:
        return float(np.abs(a.numpy() - b.numpy()).mean())

    def entropy(verdict: Any, label: int) -> float:
        chance = 1 / (1 + np.exp(-verdict.numpy().astype(np.float64)))
        return float(-np.log(chance if label else 1 - chance).mean())

    wish = {
        "cycle": 10 * (apart(back[0], photo) + apart(back[1], drawing)),
        "adversarial": sum(float(((v.numpy() - 1) ** 2).mean()) for v in seen),
        "identity": 10 * (apart(same.picture, drawing) + apart(left.picture, photo)),
        "attention": 1000
        * (entropy(drawn.verdict, 1) + entropy(same.verdict, 0) + entropy(made.verdict, 1) + entropy(left.verdict, 0)),
    }
    assert {name: float(part.detach()) for name, part in parts.items()} == pytest.approx(wish, rel=1e-3)
    assert len(seen) == 8
    assert float(attentive(torch.full((2,), 30.0), torch.full((2,), -30.0))) < 1e-9


def test_first_weights_pass_photographs_on() -> None:
    """Sharply: fine steps of the result are those of the photograph."""
    y, x = np.mgrid[:64, :64] / 8
    planes = [np.sin(x * (1 + y / 8)), np.cos(y * 1.7 + x), np.sin(x + y) * np.cos(3 * x)]
    photo = torch.from_numpy(0.8 * np.stack(planes)[None].astype(np.float32))
    described = generator(Shape(16, 2))
    drawn = NetworkModule(described, passing(described, photo, photo))(photo)[0].detach()
    before = NetworkModule(described, beginning(described, "identity", 0))(photo)[0].detach()
    gaps = [
        float((each.diff(dim=3) - photo.diff(dim=3)).abs().mean() / photo.diff(dim=3).abs().mean())
        for each in (drawn, before)
    ]
    assert gaps[0] < 0.5 < gaps[1], gaps


def test_first_weights_are_large_beside_a_step() -> None:
    """Else the first steps undo what was regressed: then eyes and mouths came out as level streaks."""
    photo = torch.from_numpy(np.random.default_rng(5).uniform(-1, 1, (1, 3, 64, 64)).astype(np.float32))
    weights = passing(generator(Shape(16, 2)), photo, photo)
    sizes = {name: float(weights[f"{name}.weight"].std()) for name in ("up1", "up2")}
    assert min(sizes.values()) > 30 * ugatit.RATE, sizes


def test_eyes_and_mouths_count_most(material: Path) -> None:
    for name in "ab":
        masks = np.zeros((40, 40, 3), np.uint8)
        masks[10:, :, 0], masks[20:, :, 1] = 255, 255
        write_rgb(material / "pairs" / f"{name}.head.png", masks)
    counts = Twins(material / "pairs").three(2, 40)[2]
    around, head, parts = (float(counts[:, :, row].mean()) for row in (5, 15, 30))
    assert 2 * around < head < parts / 2
    assert parts == 1


def test_twins_keep_colours_and_have_larger_eyes() -> None:
    card = gallery.find("kellogg")
    portrait = gallery.picture_of(card)
    face = read_faces(str(card.landmarks), (portrait.height, portrait.width))[0].points
    way = upright(face, 1.0)
    square, points = np.ascontiguousarray(seen(portrait.u8(), way, SIDE, SIDE)), way.of(face).astype(np.float32)
    drawn = twin(square, points)
    assert drawn.shape == square.shape
    cheek = tuple(slice(int(n) - 6, int(n) + 6) for n in (points[2:5].mean(axis=0) * 0.5 + points[31] * 0.5)[::-1])
    apart = np.abs(np.median(drawn[cheek], (0, 1)) - np.median(square[cheek], (0, 1)))
    assert apart.max() < 60
    white = (drawn.min(axis=2) > 200).sum() - (square.min(axis=2) > 200).sum()
    assert white > 50, "the white of the eyes"
