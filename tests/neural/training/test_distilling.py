"""A small network learns from a large one: it comes nearer, goes on exactly, and its card tells what it is."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("mindspore")

from senga.errors import SettingsError
from senga.neural.training import pupil
from senga.neural.training.album import make_album
from senga.neural.training.distilling import DISTIL, PRESETS, Teacher, teacher_of
from senga.neural.training.export import export_style
from senga.neural.training.initial import first_weights
from senga.neural.training.loop import Pace
from senga.neural.training.plan import TrainingPlan, begin, loop, resume
from senga.neural.training.presets import make_preset
from senga.neural.training.pupil import Training, parted, pooled
from senga.neural.training.run_folder import RunFolder
from senga.registry import plugins
from senga.store.catalog import read_entry

TINY = {"crop": 32, "batch": 2, "style_steps": 3}


def silent(told: object) -> None:
    """Hears and says nothing."""


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root, rng = tmp_path_factory.mktemp("photos"), np.random.default_rng(8)
    for i in range(5):
        cells = rng.integers(0, 255, (5, 7, 3), np.uint8)
        cv2.imwrite(str(root / f"{i}.png"), cv2.resize(cells, (96, 64), interpolation=cv2.INTER_CUBIC))
    return root


def a_plan(photos: Path, **changes: object) -> TrainingPlan:
    return TrainingPlan(DISTIL, photos, None, make_preset(PRESETS, "own", {**TINY, **changes}), seed=7)


def trained(training: Training, folder: RunFolder, *, again: bool = False, stop: int | None = None) -> None:
    pace = Pace(training.steps, checkpoint=1, sample=2)
    done: list[object] = []
    some = loop(training, folder, pace, done.append, lambda: stop is not None and len(done) >= stop)
    some.run(some.begin(resume=again))


def begun(plan: TrainingPlan, root: Path) -> tuple[Training, RunFolder]:
    folder = RunFolder(root)
    training = begin(plan, folder, silent)
    assert isinstance(training, Training)
    return training, folder


def test_it_begins_near_its_teacher_and_comes_nearer(photos: Path, tmp_path: Path) -> None:
    training, folder = begun(a_plan(photos, style_steps=10, average=0.0), tmp_path / "run")
    first = training.apart()
    training.start_with(first_weights(training.drawer.network, "identity", 0))
    without = training.apart()
    assert first < without / 3
    trained(training, folder)
    assert training.apart() < 0.9 * without
    assert training.sample().shape == (3, 1, 64, 64, 3)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """First weights from two crops, where it does not matter what they are."""
    monkeypatch.setattr(pupil, "FIRST", 2)


@pytest.mark.usefixtures("hasty")
def test_it_goes_on_as_if_it_had_not_stopped_and_only_with_the_same_teacher(photos: Path, tmp_path: Path) -> None:
    whole, folder = begun(a_plan(photos), tmp_path / "whole")
    trained(whole, folder)
    first, folder = begun(a_plan(photos), tmp_path / "parts")
    trained(first, folder, stop=1)
    again = resume(folder, DISTIL)
    assert isinstance(again, Training)
    trained(again, folder, again=True)
    for name, array in whole.weights().items():
        np.testing.assert_array_equal(again.weights()[name], array, err_msg=name)
    settings = (tmp_path / "parts" / "run.toml").read_text()
    (tmp_path / "parts" / "run.toml").write_text(settings.replace('"painted-comic"', '"hokusai"'))
    other = resume(folder, DISTIL)
    assert isinstance(other, Training)
    with pytest.raises(Exception, match="other settings .*draft_of, teacher_digest"):
        trained(other, folder, again=True)


@pytest.mark.usefixtures("hasty")
def test_what_it_makes_is_a_draft_form_with_its_teachers_terms(photos: Path, tmp_path: Path) -> None:
    training, folder = begun(a_plan(photos, style_steps=1), tmp_path / "run")
    trained(training, folder)
    style, card = export_style(folder, tmp_path / "quick.safetensors", {"title": "Quick"})
    entry = read_entry(style, plugins().family("animegan"))
    assert (entry.draft_of, entry.facts["width"], entry.licence) == ("animegan/painted-comic", "0.25", "CC-BY-4.0")
    assert (entry.commercial, entry.title) == ("yes", "Quick")
    assert entry.note.startswith("Draft form. Differs from animegan/painted-comic by ")
    assert "animegan/painted-comic makes of 4 photographs; that style: 489 panels" in entry.training_data
    assert "| teacher | painted-comic |" in card.read_text()
    store = plugins().store()
    store.import_file(style, "animegan/quick")
    assert store.load("painted-comic", draft=True).card["title"] == "Quick"
    assert store.load("painted-comic").card["title"] == "Painted comic"
    store.remove("quick")


@pytest.mark.parametrize(
    ("name", "width", "told"),
    [
        ("wave", 0.25, "whose networks have no width: it can have no draft form"),
        ("painted-comic", 0.5, "is no larger at width 0.5: choose a smaller one"),
        ("no-such", 0.25, "--teacher: There is no style “no-such”"),
    ],
)
def test_what_cannot_be_taught_is_one_sentence(name: str, width: float, told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        teacher_of(make_preset(PRESETS, "own", {"teacher": name, "width": width})).pupil(width)


def test_other_families_with_a_width_and_files_can_teach(tmp_path: Path) -> None:
    card, network = Teacher.of("cel").pupil(0.25)
    assert (card, network.name) == ({"architecture": "whitebox", "width": "0.25"}, "whitebox")
    file = plugins().store().find("hokusai").file
    assert file is not None
    copy = tmp_path / "mine.safetensors"
    copy.write_bytes(file.read_bytes())
    assert Teacher.of(str(copy)).name == "animegan/mine"
    assert Teacher.of(str(copy)).terms()["licence"] == "CC0-1.0"


def test_photographs_are_held_back(photos: Path, tmp_path: Path) -> None:
    album = make_album(photos, tmp_path / "all.raw", 64, 32)
    learned, held = parted(album, 8)
    assert (learned.names, held.names) == (album.names[:4], album.names[4:])
    np.testing.assert_array_equal(held[0], album[4])
    alone = parted(parted(album, 8)[1], 3)
    assert [len(each) for each in alone] == [1, 1]
    np.testing.assert_allclose(pooled(np.arange(16.0).reshape(1, 1, 4, 4), 2)[0, 0], [[2.5, 4.5], [10.5, 12.5]])
