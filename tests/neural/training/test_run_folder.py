"""What a training writes, and the loop that writes it."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
import pytest
from safetensors.numpy import save_file

from senga.errors import ModelError, SengaError, SettingsError, WriteError
from senga.neural.executor import Array
from senga.neural.training.loop import Loop, Pace, Progress
from senga.neural.training.run_folder import FORMAT, RunFolder, State


class Counter:
    """A trainee whose weight is the sum of its batches."""

    columns = ("loss", "other")

    def __init__(self, broken_at: int | None = None) -> None:
        self.total, self.broken_at = np.zeros(1, np.float32), broken_at

    def batch(self, step: int) -> int:
        return step + 1

    def train(self, step: int, batch: int) -> Mapping[str, float]:
        self.total = self.total + np.float32(batch)
        return {"loss": float("nan") if step == self.broken_at else 1.0 / batch}

    def phase(self, step: int) -> str:
        return "first" if step < 3 else "second"

    def state(self) -> dict[str, Array]:
        return {"total": self.total}

    def load(self, state: Mapping[str, Array]) -> None:
        self.total = np.array(state["total"])

    def weights(self) -> dict[str, Array]:
        return {"w": self.total}

    def sample(self) -> Array:
        return np.full((2, 3, 4, 5, 3), int(self.total[0]) % 256, np.uint8)


def a_loop(folder: RunFolder, trainee: Counter, steps: int, **facts: str) -> Loop[int]:
    return Loop(trainee, folder, Pace(steps, checkpoint=2, sample=5), facts=facts or {"architecture": "counter"})


def rows(folder: RunFolder) -> list[list[str]]:
    return list(csv.reader((folder.root / "losses.csv").read_text().splitlines()))


def test_a_loop_writes_checkpoints_weights_samples_and_losses(tmp_path: Path) -> None:
    folder, told = RunFolder(tmp_path / "run", keep=2), list[Progress]()
    loop = a_loop(folder, Counter(), 11)
    loop._tell = told.append
    assert loop.run(loop.begin(resume=False)) == 11
    assert [file.name for file in sorted((folder.root / "checkpoints").iterdir())] == [
        "step-00000010.safetensors",
        "step-00000011.safetensors",
    ]
    assert [file.stem[-2:] for file in sorted((folder.root / "weights").iterdir())] == ["05", "10", "11"]
    sheet = cv2.imread(str(folder.root / "samples" / "step-00000010.png"))
    assert sheet.shape == (8, 15, 3)
    assert (sheet == 55).all()
    assert rows(folder)[0] == ["step", "phase", "seconds", "loss", "other"]
    assert [row[0] for row in rows(folder)[1:]] == [str(i) for i in range(11)]
    assert rows(folder)[4][1:4:2] == ["second", "0.25"]
    assert (told[-1].done, told[-1].steps, told[-1].seconds_left) == (11, 11, 0)
    assert told[4].seconds_left >= 0


def test_going_on_takes_up_the_checkpoint_and_repeats_no_line(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    whole = Counter()
    straight = a_loop(RunFolder(tmp_path / "whole"), whole, 9)
    straight.run(straight.begin(resume=False))
    loop = a_loop(folder, Counter(broken_at=7), 9)
    with pytest.raises(SengaError, match=r"diverged at step 7.*“loss”.*step 6 is sound"):
        loop.run(loop.begin(resume=False))
    trainee = Counter()
    again = a_loop(folder, trainee, 9)
    first = again.begin(resume=True)
    assert first == 6
    assert trainee.total == sum(range(7))
    assert again.run(first) == 9
    assert trainee.total == whole.total
    assert [row[0] for row in rows(folder)[1:]] == [str(i) for i in range(9)]


def test_checkpoints_of_other_settings_are_refused(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    loop = a_loop(folder, Counter(), 2, width="1")
    loop.run(loop.begin(resume=False))
    with pytest.raises(ModelError, match=r"other settings \(width\)"):
        a_loop(folder, Counter(), 2, width="0.5").begin(resume=True)


def test_a_damaged_checkpoint_gives_way_to_the_one_before(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    for step in (4, 8):
        folder.save(State(step, {"w": np.full(3, step, np.float32)}, {"a": "b"}))
    newest = tmp_path / "checkpoints" / "step-00000008.safetensors"
    newest.write_bytes(newest.read_bytes()[:-5])
    found = folder.last_state()
    assert found is not None
    assert (found.step, found.facts, found.arrays["w"][0]) == (4, {"a": "b"}, 4)
    (tmp_path / "checkpoints" / "step-00000004.safetensors").write_bytes(b"nothing at all")
    with pytest.raises(ModelError, match="No checkpoint"):
        folder.last_state()
    assert RunFolder(tmp_path / "empty").last_state() is None


def test_values_that_are_no_numbers_never_reach_the_disk(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.save(State(1, {"w": np.zeros(1, np.float32)}, {}))
    with pytest.raises(SengaError, match="step 1 is sound"):
        folder.save(State(2, {"w": np.array([np.inf], np.float32)}, {}))
    assert len(list((tmp_path / "checkpoints").iterdir())) == 1


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WriteError, match="cannot be written"):
        RunFolder(tmp_path / "file" / "run").write_settings({})


def test_settings_and_weights_are_found_again_or_missed(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    with pytest.raises(SettingsError, match="holds no training"):
        folder.settings()
    with pytest.raises(ModelError, match="no generator yet"):
        folder.weights_file()
    folder.write_settings({"seed": 3, "preset": {"name": "own"}})
    assert folder.settings() == {"seed": 3, "preset": {"name": "own"}}
    folder.save_weights(7, {"w": np.ones(2, np.float32)}, {})
    assert folder.weights_file().name == folder.weights_file(7).name == "step-00000007.safetensors"
    with pytest.raises(ModelError, match="there are 7"):
        folder.weights_file(8)
    (tmp_path / "run.toml").write_text('format = "older"')
    with pytest.raises(SettingsError, match="another version"):
        folder.settings()


def test_a_loop_can_be_stopped_and_leaves_a_checkpoint(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    loop = a_loop(folder, Counter(), 100)
    loop._stopped = lambda: len(rows(folder)) > 5
    assert loop.run(loop.begin(resume=False)) == 5
    state = folder.last_state()
    assert state is not None
    assert state.step == 5


DAMAGE = {
    "settings": ("run.toml", b"a = " + b"[" * 50_000),
    "bytes": ("run.toml", b"\xff\xfe\0"),
    "another version": ("run.toml", b'format = ["x"]'),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_damaged_settings_are_a_sentence(tmp_path: Path, kind: str) -> None:
    name, content = DAMAGE[kind]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SettingsError):
        RunFolder(tmp_path).settings()


@pytest.mark.parametrize("step", ["", "²", "-1", "x", "9" * 5000])
def test_a_checkpoint_that_does_not_say_its_step(tmp_path: Path, step: str) -> None:
    (tmp_path / "checkpoints").mkdir()
    facts = {"format": FORMAT, "step": step} if step else {"format": FORMAT}
    save_file({"a": np.zeros(2, np.float32)}, tmp_path / "checkpoints" / "step-00000001.safetensors", facts)
    with pytest.raises(ModelError, match="can be continued"):
        RunFolder(tmp_path).last_state()


@pytest.mark.parametrize(
    "table", [b"", b"step,a,b,c\n\xff\xfe,1\n\xc2\xb2,1,2,3\n", b'step,a,b,c\n"', b"\0\n\0", b"step,a,b,c\n0,,,x\n"]
)
def test_a_damaged_table_of_losses_begins_anew(tmp_path: Path, table: bytes) -> None:
    (tmp_path / "losses.csv").write_bytes(table)
    RunFolder(tmp_path).cut_losses(["step", "a", "b", "c"], 5)
    assert (tmp_path / "losses.csv").read_text() == "step,a,b,c\n"
