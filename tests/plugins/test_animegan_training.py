"""Training a style from beginning to end, on tiny pictures and tiny networks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("mindspore")

from safetensors.numpy import load_file

from senga.errors import ModelError, SengaError, SettingsError, WriteError
from senga.image import Image
from senga.job import Weights
from senga.neural.training import perceptual
from senga.neural.training.cell import NetworkCell, from_tensor, to_tensor
from senga.neural.training.export import export_style
from senga.neural.training.loop import Pace
from senga.neural.training.perceptual import LAYERS
from senga.neural.training.plan import TrainingPlan, begin, loop, resume
from senga.neural.training.presets import make_preset
from senga.neural.training.run_folder import RunFolder
from senga.plugins.animegan.discriminator import discriminator
from senga.plugins.animegan.family import ANIMEGAN
from senga.plugins.animegan.presets import PRESETS, Preset
from senga.plugins.animegan.training import generator
from senga.store.catalog import read_entry

from .trainings import silent, trained

TINY = {"crop": 32, "batch": 2, "width": 0.25, "channels": 8, "zoom": 1.25}
COMMAND = "import sys; from senga.host_adapters.standalone.train import train_command; train_command(sys.argv[1:])"


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three photos, two style pictures and a perceptual network of four to eight channels."""
    root, rng = tmp_path_factory.mktemp("material"), np.random.default_rng(5)
    for name, count, how in (("photos", 3, cv2.INTER_CUBIC), ("style", 2, cv2.INTER_NEAREST)):
        (root / name).mkdir()
        for i in range(count):
            cells = rng.integers(0, 255, (5, 7, 3), np.uint8)
            cv2.imwrite(str(root / name / f"{i}.png"), cv2.resize(cells, (64, 48), interpolation=how))
    arrays, inputs = {}, 3
    for layer in LAYERS:
        channels = 3 + int(layer[4])
        arrays[f"{layer}_W"] = (rng.standard_normal((channels, inputs, 3, 3)) * (2 / 9 / inputs) ** 0.5).astype(
            np.float32
        )
        arrays[f"{layer}_b"] = np.zeros(channels, np.float32)
        inputs = channels
    np.savez(root / "vgg.npz", **arrays)
    return root


def an_order(material: Path, name: str = "own", **changes: object) -> TrainingPlan:
    changes = {**TINY, "start_steps": 2, "epochs": 3, **changes}
    preset = make_preset(PRESETS, name, changes)
    return TrainingPlan(ANIMEGAN, material / "photos", material / "style", preset, material / "vgg.npz", 7)


@pytest.mark.parametrize("name", ["hayao", "lite", "v1", "own"])
def test_every_preset_trains(name: str, material: Path, tmp_path: Path) -> None:
    order = an_order(material, name, start_steps=1, epochs=1, **({} if name in ("hayao", "own") else {"width": 1.0}))
    training = trained(order, tmp_path / "run")
    before = NetworkCell(generator(order.preset), training.weights())
    assert training.steps == 2
    lines = (tmp_path / "run" / "losses.csv").read_text().splitlines()
    assert [line.split(",")[1] for line in lines[1:]] == ["start", "style"]
    assert before.predict(np.zeros((1, 3, 32, 32), np.float32)).shape == (1, 3, 32, 32)


def test_a_training_starts_from_a_style(material: Path, tmp_path: Path) -> None:
    parent = trained(an_order(material, start_steps=1, epochs=1), tmp_path / "parent")
    card = {**parent.facts(), "licence": "CC0-1.0", "author": "A. Painter"}
    order, told = replace(an_order(material, start_steps=0), start_from="parent"), list[str]()
    child = begin(order, RunFolder(tmp_path / "child"), told.append, first=Weights(parent.weights(), card))
    for name, array in child.weights().items():
        np.testing.assert_array_equal(array, parent.weights()[name])
    assert any("“parent” (CC0-1.0, A. Painter)" in text for text in told)
    assert child.phase(0) == "style"
    with pytest.raises(SettingsError, match="choose another style or --width"):
        begin(order, RunFolder(tmp_path / "other"), silent, first=Weights(parent.weights(), {**card, "width": "1"}))


def test_presets_hold_the_published_weights() -> None:
    """content, style, colour, variation; then what the discriminator's four kinds of pictures count."""
    table = {
        "hayao": (1.5, 2.5, 15, 1, 1.2, 1.2, 1.2, 0.8),
        "paprika": (2.0, 0.6, 50, 0.1, 1.0, 1.0, 1.0, 0.005),
        "shinkai": (1.2, 2.0, 10, 1, 1.7, 1.7, 1.7, 1.0),
        "v1": (1.5, 3.0, 10, 0, 1.0, 1.0, 1.0, 0.1),
    }
    for name, values in table.items():
        w, j = PRESETS[name].weights, PRESETS[name].judge
        assert (w.content, w.style, w.colour, w.variation, j.drawn, j.generated, j.grey, j.smooth) == values, name
        assert w.adversarial == 300
    assert PRESETS["hayao"].rates == (2e-4, 2e-5, 4e-5)
    assert PRESETS["v1"].rates == (1e-4, 8e-5, 1.6e-4)


def test_the_discriminator_has_the_published_size() -> None:
    network = discriminator()
    assert network.parameter_count == 1_128_800
    assert network.sizes(256, 256)["D_logit"] == (64, 64)


def test_the_loss_of_the_discriminator_is_the_weighted_sum(material: Path, tmp_path: Path) -> None:
    training = begin(an_order(material, "hayao"), RunFolder(tmp_path / "run"), silent)
    batch, drawing = training.batch(2), training.drawer.record(training.batch(2).photo)[0]
    training.judge.follow()
    verdicts = [from_tensor(training.judge(to_tensor(x))) for x in (batch.style, drawing, batch.grey, batch.smooth)]
    wishes = ((1.2, 1), (1.2, 0), (1.2, 0), (0.8, 0))
    expected = 300 * sum(w * np.square(v - goal).mean() for v, (w, goal) in zip(verdicts, wishes, strict=True))
    kept, left = training.judge.arrays(), dict(training.judge.vectors)
    training.judge.follow = lambda: None  # type: ignore[method-assign]  # the same vectors as above
    assert training.train_judge(2, batch, drawing)["judge"] == pytest.approx(expected, rel=1e-3)
    assert any(not np.array_equal(kept[name], now) for name, now in training.judge.arrays().items())
    assert left.keys() == {name for name in kept if kept[name].ndim == 4}


def test_a_first_phase_learns_to_reproduce(material: Path, tmp_path: Path) -> None:
    trained(an_order(material, "own", start_steps=12, epochs=0, target="photo"), tmp_path / "run")
    lines = [line.split(",") for line in (tmp_path / "run" / "losses.csv").read_text().splitlines()]
    losses = [float(line[-1]) for line in lines[1:]]
    assert np.mean(losses[-3:]) < 0.8 * np.mean(losses[:3])


def run_command(*words: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", COMMAND, *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        timeout=300,
    )


def fresh(material: Path, out: Path, *more: str) -> list[str | Path]:
    words = ["animegan", "--photos", material / "photos", "--style", material / "style", "--vgg", material / "vgg.npz"]
    settings = [part for key, value in TINY.items() for part in ("--set", f"{key}={value}")]
    return [
        *words,
        "--out",
        out,
        *settings,
        "--set",
        "start_steps=2",
        "--epochs",
        "7",
        "--seed",
        "7",
        "--checkpoint-every",
        "3",
        "--threads",
        "1",
        *more,
    ]


def test_killed_in_the_middle_it_goes_on_to_the_same_bits(material: Path, tmp_path: Path) -> None:
    done = run_command(*fresh(material, tmp_path / "whole"), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    words = [sys.executable, "-c", COMMAND, *map(str, fresh(material, tmp_path / "cut"))]
    process = subprocess.Popen(words, cwd=tmp_path, stderr=subprocess.DEVNULL)
    losses, until = tmp_path / "cut" / "losses.csv", time.monotonic() + 120
    while time.monotonic() < until and (not losses.exists() or len(losses.read_text().splitlines()) < 6):
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    checkpoints = sorted((tmp_path / "cut" / "checkpoints").glob("*.safetensors"))
    assert checkpoints[-1].name < "step-00000009", "it was killed before its end"
    (tmp_path / "cut" / "checkpoints" / ".senga-0123.tmp").write_bytes(b"what a killed process leaves")
    done = run_command(
        "animegan", "--out", tmp_path / "cut", "--resume", "--checkpoint-every", "3", "--threads", "1", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    last = "checkpoints/step-00000009.safetensors"
    whole, cut = load_file(tmp_path / "whole" / last), load_file(tmp_path / "cut" / last)
    assert whole.keys() == cut.keys()
    assert {name.split("/")[0] for name in whole} == {
        *("generator", "judge", "judge_vectors", "adam", "judge_adam", "average", "gram", "factor")
    }
    for name in whole:
        np.testing.assert_array_equal(whole[name], cut[name], err_msg=name)
    tables = [(tmp_path / run / "losses.csv").read_text().splitlines() for run in ("whole", "cut")]
    assert [[*line.split(",")[:2], *line.split(",")[3:]] for line in tables[0]] == [
        [*line.split(",")[:2], *line.split(",")[3:]] for line in tables[1]
    ]


def test_an_exported_style_can_be_imported_and_used(material: Path, tmp_path: Path) -> None:
    import senga
    from senga.registry import plugins

    trained(an_order(material, start_steps=1, epochs=1), tmp_path / "run", sample=1)
    words = [
        "export",
        tmp_path / "run",
        "-o",
        tmp_path / "mine.safetensors",
        "--licence",
        "CC0-1.0",
        "--author",
        "A. Painter",
    ]
    done = run_command(
        *words, "--data-note", "three small pictures of noise", "--commercial", "yes", "--step", "2", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    entry = read_entry(tmp_path / "mine.safetensors")
    assert (entry.family, entry.architecture, entry.licence) == ("animegan", "animeganv2", "CC0-1.0")
    assert entry.facts == {"width": "0.25", "upsample": "tf1", "eps": "1e-05"}
    assert (entry.author, entry.training_data, entry.commercial) == (
        "A. Painter",
        "three small pictures of noise",
        "yes",
    )
    card = (tmp_path / "mine.md").read_text()
    assert "CC0-1.0" in card
    assert "three small pictures of noise" in card
    assert "| up to step |" in card
    plugins().store().import_file(tmp_path / "mine.safetensors")
    picture = Image.of(np.random.default_rng(0).integers(0, 255, (32, 32, 3), np.uint8))
    painted = senga.apply("anime", picture, style="mine")
    assert painted.pixels.shape == (32, 32, 3)
    with pytest.raises(SettingsError, match="safetensors"):
        export_style(RunFolder(tmp_path / "run"), tmp_path / "mine.npz", {})


def test_losses_that_are_no_numbers_stop_it_and_nothing_is_lost(material: Path, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    training = begin(an_order(material, rates=(5e-4, 1e30, 1e30), clip=0), folder, silent)
    some = loop(training, folder, Pace(training.steps, 1, 100), silent, lambda: False)
    with pytest.raises(SengaError, match="diverged"):
        some.run(some.begin(resume=False))
    state = folder.last_state()
    assert state is not None
    assert all(np.isfinite(array).all() for array in state.arrays.values())


@pytest.mark.skipif(sys.platform == "win32", reason="no limits on the size of files")
def test_a_full_disk_stops_it_and_the_last_checkpoint_stays(
    material: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import resource

    folder = RunFolder(tmp_path / "run")
    training = begin(an_order(material), folder, silent)
    some = loop(training, folder, Pace(training.steps, 2, 100), silent, lambda: False)
    first = some.begin(resume=False)
    some.pace = Pace(2, 2, 100)
    some.run(first)
    size = (folder.root / "checkpoints" / "step-00000002.safetensors").stat().st_size
    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size // 2, before[1]))
    try:
        some.pace = Pace(training.steps, 2, 100)
        with pytest.raises(WriteError, match=r"cannot be written.*step 2 is sound"):
            some.run(2)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    kept = sorted(file.name for file in (folder.root / "checkpoints").iterdir())
    assert kept == ["step-00000000.safetensors", "step-00000002.safetensors"]
    assert resume(folder, ANIMEGAN).steps == training.steps


def test_a_second_training_needs_a_second_folder_and_resume_needs_a_first(material: Path, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    with pytest.raises(SettingsError, match="holds no training"):
        resume(folder, ANIMEGAN)
    begin(an_order(material), folder, silent)
    with pytest.raises(SettingsError, match="--resume"):
        begin(an_order(material), folder, silent)


def test_another_perceptual_network_is_noticed(material: Path, tmp_path: Path) -> None:
    other = tmp_path / "vgg.npz"
    other.write_bytes((material / "vgg.npz").read_bytes())
    order = an_order(material)
    folder = RunFolder(tmp_path / "run")
    begin(replace(order, vgg=other), folder, silent)
    other.write_bytes(other.read_bytes()[:-1])
    with pytest.raises(SettingsError, match="not the perceptual network"):
        resume(folder, ANIMEGAN)


def test_notes_tell_what_became_of_odd_pictures(material: Path, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    cv2.imwrite(str(photos / "small.png"), np.zeros((9, 9, 3), np.uint8))
    (photos / "broken.jpg").write_bytes(b"")
    told: list[str] = []
    order = an_order(material)
    begin(replace(order, photos=photos), RunFolder(tmp_path / "run"), told.append)
    assert told == [
        "1 photo(s) cannot be read and are left out, “broken.jpg” first.",
        "1 photo(s) are smaller than a crop of 32 pixels and are enlarged, “small.png” first.",
    ]


@pytest.mark.parametrize(
    ("name", "changes", "sentence"),
    [
        ("monet", {}, "There is no preset “monet”"),
        ("own", {"weights.sparkle": 1}, "no setting “weights.sparkle”"),
        ("own", {"crop": 100}, "“crop” is wrong"),
        ("lite", {"width": 0.5}, "Only animeganv2 has a width"),
    ],
)
def test_wrong_settings_are_named(name: str, changes: dict[str, object], sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence):
        make_preset(PRESETS, name, changes)


def test_settings_reach_into_groups() -> None:
    preset = make_preset(PRESETS, "hayao", {"weights.style": "7", "batch": 3, "rates": "1e-4,2e-4, 3e-4"})
    assert preset.rates == (1e-4, 2e-4, 3e-4)
    assert isinstance(preset, Preset)
    assert (preset.weights.style, preset.batch, preset.weights.content) == (7.0, 3, 1.5)


def test_the_command_says_what_is_missing(material: Path, tmp_path: Path) -> None:
    from click.testing import CliRunner

    from senga.host_adapters.standalone.train import train_command

    out = str(tmp_path / "run")
    for words, sentence in (
        (["--out", out], "needs --photos"),
        (["--out", out, "--resume", "--width", "1"], "leave out --width"),
        (["--out", out, "--resume", "--preset", "own"], "leave out --preset"),
        (["--out", out, "--resume"], "holds no training"),
    ):
        result = CliRunner().invoke(train_command, ["animegan", *words])
        assert isinstance(result.exception, SettingsError), words
        assert sentence in str(result.exception)
    assert not os.path.exists(out)  # noqa: PTH110 - a plain look


def test_without_a_perceptual_network_of_the_user_the_shipped_one_is_taken(
    material: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = tmp_path / "perceptual.npz"
    shipped.write_bytes((material / "vgg.npz").read_bytes())
    monkeypatch.setattr(perceptual, "SHIPPED", shipped)
    order = replace(an_order(material), vgg=None)
    trained(order, tmp_path / "run")
    folder = RunFolder(tmp_path / "run")
    assert folder.settings()["vgg"] == ""
    assert resume(folder, ANIMEGAN).steps > 0
    shipped.write_bytes(shipped.read_bytes()[:-1])
    with pytest.raises(SettingsError, match="not the perceptual network"):
        resume(folder, ANIMEGAN)
    shipped.unlink()
    with pytest.raises(ModelError, match="--vgg"):
        begin(order, RunFolder(tmp_path / "other"), silent)
    assert not (tmp_path / "other").exists()


def test_the_network_that_ships_serves_every_preset(material: Path, tmp_path: Path) -> None:
    for name in ("own", "hayao"):
        order = replace(an_order(material, name, start_steps=1, epochs=1), vgg=None)
        training = trained(order, tmp_path / name)
        assert training.features.encoder.source == "perceptual.safetensors"
        assert set(training.features.taps) <= set(training.features.encoder.kernels)
    rows = (tmp_path / "hayao" / "losses.csv").read_text().splitlines()
    assert float(rows[-1].split(",")[-1]) > 0


def test_a_training_of_before_there_were_families_goes_on(material: Path, tmp_path: Path) -> None:
    trained(an_order(material), tmp_path / "run")
    settings = tmp_path / "run" / "run.toml"
    settings.write_text(settings.read_text().replace('family = "animegan"\n', ""))
    assert "family" not in settings.read_text()
    assert resume(RunFolder(tmp_path / "run"), ANIMEGAN).steps > 0
