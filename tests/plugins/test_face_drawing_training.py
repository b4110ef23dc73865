"""Training networks that draw faces, on tiny pictures: each loss by itself, judges, shares, and going on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

pytest.importorskip("mindspore")

from senga.errors import SengaError
from senga.exemplars import gallery
from senga.faces import find_faces
from senga.faces.face import LEFT_EYE, LIPS, RIGHT_EYE
from senga.image import Image
from senga.job import Job
from senga.neural.checkpoints import read_checkpoint
from senga.neural.training.album import read_rgb
from senga.neural.training.cell import NetworkCell, to_tensor
from senga.neural.training.plan import TrainingPlan, begin
from senga.neural.training.presets import make_preset
from senga.neural.training.run_folder import RunFolder
from senga.plugins.face_drawing import squares
from senga.plugins.face_drawing.family import U_GAT_IT
from senga.plugins.face_drawing.first import beginning, first_of_judge
from senga.plugins.face_drawing.network import SIDE, Shape, generator, judge
from senga.plugins.face_drawing.painting import EYES, LEVEL, MOUTH
from senga.plugins.face_drawing.presets import PRESETS
from senga.plugins.face_drawing.published import to_senga
from senga.plugins.face_drawing.training import DRAWINGS, PHOTOS, Training, told_apart

from .trainings import check_going_on, losses_of, silent, trained

TINY = {"crop": 32, "width": 4, "channels": 4, "blocks": 1, "whole": 5, "parts": 4}


@pytest.fixture
def upright(monkeypatch: pytest.MonkeyPatch) -> None:
    """In place of faces that are looked for: pictures as they are, but for black ones, in which there is nobody."""

    def found(path: Path) -> Any:
        picture = read_rgb(path)
        return (picture, np.zeros((68, 2), np.float32)) if picture.max() else None

    monkeypatch.setattr(squares, "upright_face", found)


def a_plan(material: Path, name: str = "own", **changes: object) -> TrainingPlan:
    preset = make_preset(PRESETS, name, {**TINY, "start_steps": 0, "style_steps": 2, **changes})
    return TrainingPlan(U_GAT_IT, material / "photos", material / "style", preset, None, 7)


@pytest.mark.parametrize("name", ["own", "published"])
def test_presets_train(name: str, upright: None, material: Path, tmp_path: Path) -> None:
    training = trained(a_plan(material, name), tmp_path / "run")
    rows = losses_of(tmp_path / "run")
    for column in ("judge", "adversarial", "cycle", "identity", "attention"):
        assert float(rows[-1][column]) > 0, column
    read = to_senga(read_checkpoint(next((tmp_path / "run" / "weights").glob("*.safetensors"))))
    assert {name: read.card[name] for name in ("architecture", "width", "depth", "form")} == training.facts()


def test_full_networks_are_described_for_faces_of_256_pixels() -> None:
    preset = make_preset(PRESETS, "full", {"width": 4, "blocks": 1})
    assert Training.network(preset) == generator(Shape(4, 1, light=False))
    assert preset.crop == 256


def test_a_stopped_training_goes_on_as_if_it_had_not(upright: None, material: Path, tmp_path: Path) -> None:
    check_going_on(a_plan(material), tmp_path)


def test_every_loss_is_what_the_paper_says(upright: None, material: Path, tmp_path: Path) -> None:
    """From the results of the networks alone, in numpy."""
    training = begin(a_plan(material, batch=2), RunFolder(tmp_path / "run"), silent)
    assert isinstance(training, Training)
    batch, weights = training.batch(0), training.preset.weights
    for cell, _ in (*training.judges[DRAWINGS], *training.judges[PHOTOS]):
        cell.follow()
    found = {k: float(v.asnumpy()) for k, v in training.losses(*map(to_tensor, (batch.photo, batch.drawing))).items()}
    ahead, back = training.drawer.predict_all, training.back.predict_all
    (drawn, _, drawn_verdict), (made, _, made_verdict) = ahead(batch.photo), back(batch.drawing)
    (same, _, same_verdict), (left, _, left_verdict) = ahead(batch.drawing), back(batch.photo)

    def apart(a: Any, b: Any) -> float:
        return float(np.abs(a.astype(np.float64) - b).mean())

    def entropy(verdict: Any, label: int) -> float:
        chance = 1 / (1 + np.exp(-verdict.astype(np.float64)))
        return float(-np.log(chance if label else 1 - chance).mean())

    seen = [
        v
        for kind, x in ((DRAWINGS, drawn), (PHOTOS, made))
        for cell, _ in training.judges[kind]
        for v in cell.predict_all(x)
    ]
    assert len(seen) == 8, "two judges of each kind, of places and by their attention"
    again = apart(back(drawn)[0], batch.photo) + apart(ahead(made)[0], batch.drawing)
    wish = {
        "adversarial": weights.adversarial * sum(float(((v - 1.0) ** 2).mean()) for v in seen),
        "cycle": weights.cycle * again,
        "identity": weights.identity * (apart(same, batch.drawing) + apart(left, batch.photo)),
        "attention": weights.attention
        * (entropy(drawn_verdict, 1) + entropy(same_verdict, 0) + entropy(made_verdict, 1) + entropy(left_verdict, 0)),
    }
    assert found == pytest.approx(wish, rel=1e-4)


def test_what_judges_pay() -> None:
    rng = np.random.default_rng(0)
    seen = [rng.normal(0, 1, shape).astype(np.float32) for shape in ((4, 1, 3, 3), (4, 2, 1, 1))]
    wish = sum(float(((v[:2] - 1) ** 2).mean() + (v[2:] ** 2).mean()) for v in seen)
    assert float(told_apart(tuple(map(to_tensor, seen)), 2).asnumpy()) == pytest.approx(wish, rel=1e-5)


@pytest.mark.parametrize("form", ["fast", "plain"])
def test_judges_weigh_by_numbers_before_their_norm_and_speak_by_those_behind_it(form: Any) -> None:
    network = judge(4, 4)
    weights = first_of_judge(network, 1)
    x = np.random.default_rng(2).uniform(-1, 1, (1, 3, 32, 32)).astype(np.float32)
    cell = NetworkCell(network, weights, form, spectral_norm=True)
    for _ in range(30):
        cell.follow()
    seen = cell.predict_all(x)
    divided = {}
    for name, kernel in weights.items():
        sigma = (
            np.linalg.svd(kernel.reshape(len(kernel), -1), compute_uv=False)[0] if kernel.ndim == 4 else 1
        )  # (outputs, rest)
        divided[name] = (kernel / sigma).astype(np.float32)
    spoken = NetworkCell(network, divided, "plain").predict_all(x)[1]
    assert np.allclose(seen[1], spoken, rtol=1e-3, atol=1e-5)
    factors = [np.linalg.norm(weights[f"{name}.weight"]) for name in ("means", "maxima")]
    halves = np.split(divided["attended.weight"], 2, axis=1)
    raw = {**divided, "attended.weight": np.concatenate([half * f for half, f in zip(halves, factors, strict=True)], 1)}
    weighed = NetworkCell(network, raw, "plain").predict_all(x)[0]
    assert np.allclose(seen[0], weighed, rtol=1e-3, atol=1e-5)
    assert not np.allclose(seen[0], NetworkCell(network, divided, "plain").predict_all(x)[0], rtol=0.05)


def test_gradients_of_weights_that_serve_twice_are_sums() -> None:
    """Both forms agree on what verdicts and features together ask of the attention."""
    network = judge(4, 4)
    weights, found = first_of_judge(network, 1), []
    x = np.random.default_rng(2).uniform(-1, 1, (1, 3, 32, 32)).astype(np.float32)
    for form in ("fast", "plain"):
        cell = NetworkCell(network, weights, form, spectral_norm=True)  # type: ignore[arg-type] # one of both
        cell.follow()
        slopes, _ = cell.learn_from(x, lambda seen: {"both": (seen[0] ** 2).mean() + seen[1].sum()})
        found.append(slopes)
    for name, slope in found[0].items():
        assert np.allclose(slope, found[1][name], atol=1e-4 * abs(slope).max() + 1e-7), name


def test_shares_stay_shares(upright: None, material: Path, tmp_path: Path) -> None:
    training = begin(a_plan(material, rates="0.5,0.5,0.5"), RunFolder(tmp_path / "run"), silent)
    assert isinstance(training, Training)
    training.train(0, training.batch(0))
    ends = [w for name, w in training.drawer.arrays().items() if name.endswith(".rho")]
    assert any((w == bound).any() for w in ends for bound in (0, 1)), "a long step ends at the bounds"
    for arrays in (training.drawer.arrays(), training.back.arrays(), training.weights()):
        shares = np.concatenate([w for name, w in arrays.items() if name.endswith(".rho")])
        assert shares.min() >= 0
        assert shares.max() <= 1


def test_what_passes_photographs_on_does() -> None:
    network = generator(Shape(12, 2))
    cell = NetworkCell(network, beginning(network, "identity", 0))
    y, x = np.mgrid[:64, :64] / 63
    photo = np.stack([np.sin(3 * x), np.cos(4 * y), np.sin(5 * x * y)])[None].astype(np.float32)
    drawn, _, verdict = cell.predict_all(photo)
    assert np.abs(verdict).max() < 8, "the attention is not sure of anything yet"
    alike = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(drawn[0], photo[0], strict=True)]
    assert min(alike) > 0.5, alike


def test_faces_are_turned_upright_once_and_portraits_without_one_are_told(upright: None, tmp_path: Path) -> None:
    folder, preset, told = tmp_path / "photos", make_preset(PRESETS, "own", TINY), []
    folder.mkdir()
    for name, shade in (("a", 0), ("b", 90)):
        cv2.imwrite(str(folder / f"{name}.png"), np.full((40, 40, 3), shade, np.uint8))
    made = squares.make_squares(preset, folder, tmp_path / "made", told.append)
    assert [path.name for path in made.iterdir()] == ["b.png.png"]
    assert told == ["1 photo(s) are left out, as no face was found in them, “a.png” first."]
    cv2.imwrite(str(made / "b.png.png"), np.full((8, 8, 3), 7, np.uint8))
    squares.make_squares(preset, folder, made, silent)
    assert read_rgb(made / "b.png.png").max() == 7, "what is there stays"
    (folder / "b.png").unlink()
    with pytest.raises(SengaError, match="In none of the 1 pictures"):
        squares.make_squares(preset, folder, tmp_path / "none", silent)


def test_a_square_is_what_the_filter_shows_the_network(tmp_path: Path) -> None:
    portrait = gallery.picture_of(gallery.find("kellogg"))
    Image(portrait.u8()).save(tmp_path / "portrait.png")
    found = squares.upright_face(tmp_path / "portrait.png")
    assert found is not None
    square, points = found
    face = find_faces(Image(square), Job(), most=1)[0].points
    assert np.abs(face - points).mean() < 0.03 * SIDE
    for part, (x, y) in ((LEFT_EYE, (EYES[0], LEVEL)), (RIGHT_EYE, (EYES[1], LEVEL)), (LIPS, (0.5, MOUTH))):
        assert np.abs(face[part].mean(axis=0) / SIDE - (x, y)).max() < 0.05
