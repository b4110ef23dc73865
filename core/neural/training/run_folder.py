"""The folder of one training: settings, checkpoints, weights to choose from, losses, samples.

``run.toml`` says what is trained, ``checkpoints/`` holds the last few complete states, ``weights/`` the generators to
choose from, ``losses.csv`` a line for each step, ``samples/`` pictures. Everything is there completely or not at all.
"""

from __future__ import annotations

import csv
import io
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tomli_w
from numpy.typing import NDArray

from senga.atomic import replacing
from senga.errors import ModelError, SengaError, SettingsError, WriteError
from senga.neural.checkpoints import read_checkpoint
from senga.neural.executor import Array
from senga.regular import read_regular

from .disk import unwritable

FORMAT = "senga-training-1"
_DIGITS = r"[0-9]{1,9}"
_LONGEST, _LONGEST_TABLE = 1 << 20, 1 << 28
_STEP = re.compile(r"step-(\d{8})\.safetensors")


@dataclass(frozen=True)
class State:
    """Everything that a training depends on from one step on.

    Attributes:
        step: the next one.
        arrays: by name.
        facts: as text.
    """

    step: int
    arrays: Mapping[str, Array]
    facts: Mapping[str, str]


@dataclass(frozen=True)
class RunFolder:
    """The folder of one training.

    Attributes:
        root: where it is.
        keep: how many checkpoints stay.
    """

    root: Path
    keep: int = 3

    @property
    def started(self) -> bool:
        """Whether a training was begun here."""
        return (self.root / "run.toml").exists()

    def write_settings(self, settings: Mapping[str, Any]) -> None:
        """Say what is trained.

        Raises:
            WriteError: the folder cannot be written.
        """
        self._write(self.root / "run.toml", tomli_w.dumps({"format": FORMAT, **settings}).encode())

    def settings(self) -> dict[str, Any]:
        """What is trained here.

        Raises:
            SettingsError: nothing is, or it was begun by another version.
        """
        try:
            content = read_regular(self.root / "run.toml", _LONGEST)
            found = tomllib.loads((content or b"").decode("utf-8"))
        except FileNotFoundError as error:
            raise SettingsError(f"“{self.root}” holds no training; begin one without --resume.") from error
        except (OSError, ValueError, RecursionError) as error:
            raise SettingsError(f"The settings “{self.root / 'run.toml'}” cannot be read: {error}.") from error
        if found.pop("format", "") != FORMAT:
            raise SettingsError(f"The training in “{self.root}” was begun by another version of Senga.")
        return found

    def save(self, state: State) -> Path:
        """Write a checkpoint and remove the oldest ones.

        Raises:
            WriteError: the disk is full.
            SengaError: the state holds values that are no numbers.
        """
        broken = next((name for name, array in state.arrays.items() if not np.isfinite(array).all()), None)
        if broken:
            raise SengaError(f"The training diverged: “{broken}” is no number any more; {self.advice()}")
        file = self.root / "checkpoints" / f"step-{state.step:08d}.safetensors"
        self._write(file, _encoded(state.arrays, {**state.facts, "format": FORMAT, "step": str(state.step)}))
        for old in self._files("checkpoints")[: -self.keep]:
            old.unlink(missing_ok=True)
        return file

    def last_state(self) -> State | None:
        """The newest checkpoint that can be read, or None where there is none.

        Raises:
            ModelError: there are some, but none can be read.
        """
        files = self._files("checkpoints")
        for file in reversed(files):
            try:
                return _read_state(file)
            except ModelError as error:
                problem = error
        if files:
            raise ModelError(f"No checkpoint in “{self.root / 'checkpoints'}” can be continued: {problem}")
        return None

    def save_weights(self, step: int, weights: Mapping[str, Array], facts: Mapping[str, str]) -> Path:
        """Keep a generator to choose from, in half precision.

        Raises:
            WriteError: the disk is full.
        """
        file = self.root / "weights" / f"step-{step:08d}.safetensors"
        halves = {name: array.astype(np.float16) for name, array in weights.items()}
        self._write(file, _encoded(halves, {**facts, "steps": str(step)}))
        return file

    def weights_file(self, step: int | None = None) -> Path:
        """The generator of a step; by default the last one.

        Raises:
            ModelError: there is none.
        """
        files = {int(match[1]): file for file in self._files("weights") if (match := _STEP.fullmatch(file.name))}
        if not files:
            raise ModelError(f"“{self.root}” holds no generator yet; train until the first sample was drawn.")
        if step is not None and step not in files:
            raise ModelError(
                f"“{self.root}” holds no generator of step {step}; there are {', '.join(map(str, files))}."
            )
        return files[max(files) if step is None else step]

    def cut_losses(self, columns: Sequence[str], step: int) -> None:
        """Begin the table of losses, or take away the lines of steps that will come again.

        Raises:
            WriteError: the disk is full.
        """
        file = self.root / "losses.csv"
        _, rows = read_losses(file)
        kept = [row for row in rows if len(row) == len(columns) and int(row[0]) < step]
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([list(columns), *kept])
        self._write(file, text.getvalue().encode())

    def add_losses(self, row: Sequence[object]) -> None:
        """Append a line to the table of losses.

        Raises:
            WriteError: the disk is full.
        """
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerow(row)
        try:
            with (self.root / "losses.csv").open("a", encoding="utf-8") as stream:
                stream.write(text.getvalue())
        except OSError as error:
            raise self._full(self.root / "losses.csv", error) from error

    def save_sample(self, step: int, pictures: Array) -> Path:
        """Write a sheet: (rows, columns) of pictures as bytes (rows, columns, H, W, 3).

        Raises:
            WriteError: the disk is full.
        """
        import cv2

        rows, columns, height, width, _ = pictures.shape
        sheet = pictures.transpose(0, 2, 1, 3, 4).reshape(rows * height, columns * width, 3)  # (H, W, 3)
        found, encoded = cv2.imencode(".png", np.ascontiguousarray(sheet[:, :, ::-1]))
        assert found  # noqa: S101 - bytes of this shape always encode
        file = self.root / "samples" / f"step-{step:08d}.png"
        self._write(file, encoded.tobytes())
        return file

    def _files(self, folder: str) -> list[Path]:
        return sorted(file for file in (self.root / folder).glob("step-*.safetensors") if _STEP.fullmatch(file.name))

    def _write(self, file: Path, content: bytes) -> None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with replacing(file) as stream:
                stream.write(content)
        except OSError as error:
            raise self._full(file, error) from error

    def _full(self, file: Path, error: OSError) -> WriteError:
        return unwritable(file, error, f"; {self.advice()}")

    def advice(self) -> str:
        """What can be done after a failure, as the end of a sentence."""
        files = self._files("checkpoints")
        if not files:
            return "there is no checkpoint yet."
        return f"the checkpoint of step {int(files[-1].stem[5:])} is sound, --resume goes on from there."


def _encoded(arrays: Mapping[str, NDArray[Any]], facts: Mapping[str, str]) -> bytes:
    from safetensors.numpy import save

    return save({name: np.asarray(array, order="C") for name, array in sorted(arrays.items())}, dict(facts))


def read_kept(file: Path) -> tuple[dict[str, Array], dict[str, str]]:
    """Arrays and facts of a file that a training wrote.

    Raises:
        ModelError: it is missing or damaged.
    """
    checkpoint = read_checkpoint(file)
    return checkpoint.arrays, checkpoint.metadata


def _read_state(file: Path) -> State:
    arrays, facts = read_kept(file)
    if facts.pop("format", "") != FORMAT:
        raise ModelError(f"“{file.name}” is no checkpoint of this version of Senga.")
    step = facts.pop("step", "")
    if not re.fullmatch(_DIGITS, step):
        raise ModelError(f"“{file.name}” does not say which step it is of.")
    return State(int(step), arrays, facts)


def read_losses(file: Path) -> tuple[list[str], list[list[str]]]:
    """The columns of a table of losses, and its lines as far as they can be read; the first column is the step."""
    try:
        text = (read_regular(file, _LONGEST_TABLE) or b"").decode("utf-8", "replace")
        header, *rows = list(csv.reader(text.splitlines())) or [[]]
    except (OSError, csv.Error):
        return [], []
    return header, [row for row in rows if re.fullmatch(_DIGITS, "".join(row[:1])) and all(map(_is_number, row[3:]))]


def _is_number(text: str) -> bool:
    try:
        float(text or "0")
    except ValueError:
        return False
    return True
